{#
    Fields without a column of their own: the JSON object `custom_fields` holds them by name.

    While golden records are made each is a column `custom_<name>`, of type JSON, in a group of its
    own or among the facts of the company, so that what wins is told as of any other field. Only the
    fields of the catalogue (var `custom_fields`) are: others keep their values where they stand.
#}
{% macro custom_column_ctes(members) %}
members_with_columns as (

    select
        *,
        {%- for name in var("custom_fields") %}
        json_extract(custom_fields, '$.{{ name }}') as custom_{{ name }},
        {%- endfor %}
    from {{ members }}

)
{%- endmacro %}

{# What a field goes by outside: quoted, for a custom field may be called as a word of SQL. #}
{% macro field_name(column) -%}
    "{{ column.removeprefix("custom_") }}"
{%- endmacro %}

{# The column that holds a custom field's winner, of the CTE `survivors`. #}
{% macro custom_winner(name) -%}
    survivors.custom_{{ name }}_group.custom_{{ name }}
{%- endmacro %}

{# The winners as one JSON object; null where there is none. #}
{% macro custom_fields_text() -%}
    {%- if var("custom_fields") -%}
    nullif({{ json_object_text(custom_struct()) }}, '{}')
    {%- else -%}
    cast(null as varchar)
    {%- endif -%}
{%- endmacro %}

{% macro custom_struct() -%}
    struct_pack(
        {%- for name in var("custom_fields") %}
        {{ field_name("custom_" ~ name) }} := {{ custom_winner(name) }}{{ "," if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}
