{#
    What providers add to a golden record, and which of the two wins per field.

    A result counts when its provider knew something; of several results of one provider the latest
    request wins; of several providers the one with the younger source. Where a person is is not
    where the company sits, so of places only a wholly unknown one gets a country.
#}
{% macro provider_fields() %}
    {{ return(var("provider_fields")) }}
{% endmacro %}

{# CTE `provided`: per subject and field a struct of value, provider and source_as_of. #}
{% macro provided_ctes(results) %}
latest_results as (

    select *
    from {{ results }}
    qualify row_number() over (
        partition by subject_id, provider order by requested_at desc, result_id desc
    ) = 1

),

answers as (

    select
        subject_id,
        provider,
        source_as_of,
        {%- for field, type in provider_fields().items() %}
        try_cast(json_extract_string(attributes, '$.{{ field }}') as {{ type }}) as {{ field }},
        {%- endfor %}
    from latest_results
    where status = 'matched'

),

provided as (

    select
        subject_id,
        {%- for field in provider_fields() %}
        arg_max(
            struct_pack(value := {{ field }}, provider := provider, source_as_of := source_as_of),
            struct_pack(as_of := coalesce(source_as_of, date '1970-01-01'), provider := provider)
        ) filter ({{ field }} is not null) as {{ field }},
        {%- endfor %}
    from answers
    where coalesce({% for field in provider_fields() %}cast({{ field }} as varchar){{ ", " if not loop.last }}{% endfor %}) is not null
    group by subject_id

)
{%- endmacro %}

{% macro provider_wins(field) -%}
    {{ return(field in var("provider_first_fields")) }}
{%- endmacro %}

{# True where the value in the profile is the provider's. #}
{% macro is_provided(stated, provided, field) -%}
    ({{ provided }}.{{ field }} is not null
    {%- if not provider_wins(field) %} and {{ stated }}.{{ field }} is null{% endif %}
    {%- if field == "country" %}
    and coalesce({{ stated }}.region, {{ stated }}.city, {{ stated }}.postal_code) is null
    {%- endif %})
{%- endmacro %}

{% macro resolved(stated, provided, field) -%}
    case
        when {{ is_provided(stated, provided, field) }} then {{ provided }}.{{ field }}.value
        else {{ stated }}.{{ field }}
    end
{%- endmacro %}

{# Per field taken from a provider: the date its source speaks of. #}
{% macro source_dates() -%}
    struct_pack(
        {%- for field in provider_fields() %}
        {{ field }} := case
            when {{ is_provided("stated", "provided", field) }} then provided.{{ field }}.source_as_of
        end{{ "," if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}

{# Per field taken from a provider: `provider:<name>`. #}
{% macro provider_sources() -%}
    struct_pack(
        {%- for field in provider_fields() %}
        {{ field }} := case
            when {{ is_provided("stated", "provided", field) }}
                then 'provider:' || provided.{{ field }}.provider
        end{{ "," if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}
