{#
    Golden record: which submission each field comes from.

    What wins, per group of fields, is data: var `survivorship`, which the field catalogue gives.
    Fields of a group only make sense together and come from one submission.
#}
{% macro groups_that(wins) %}
    {{ return(var("survivorship") | selectattr("wins", "equalto", wins) | list) }}
{% endmacro %}

{% macro profile_groups() %}
    {{ return(var("survivorship") | selectattr("wins", "in", ["newest", "fullest"]) | list) }}
{% endmacro %}

{% macro group_named(name) %}
    {{ return(var("survivorship") | selectattr("group", "equalto", name) | first) }}
{% endmacro %}

{# Facts about the company: only from submissions that name the chosen company or none. #}
{% macro company_facts() %}
    {{ return(group_named("company_facts").fields) }}
{% endmacro %}

{% macro consent_channels() %}
    {{ return(["email", "phone", "sms", "whatsapp"]) }}
{% endmacro %}

{# Events by which a person takes the consent of a channel back, whatever was stated before. #}
{% macro denial_events() %}
    {{ return({
        "email": ["unsubscribe", "spam_report"],
        "phone": ["phone_opt_out"],
        "sms": ["sms_opt_out"],
        "whatsapp": ["whatsapp_opt_out"],
    }) }}
{% endmacro %}

{# What counts for completeness: what follows from another field says no more. #}
{% macro counted_fields() %}
    {{ return(
        (profile_groups() | map(attribute="fields") | sum(start=[]) + company_facts())
        | reject("in", var("derived_fields")) | list
    ) }}
{% endmacro %}

{% macro filled(fields) -%}
    ({% for field in fields %}({{ field }} is not null)::integer{{ " + " if not loop.last }}{% endfor %})
{%- endmacro %}

{% macro packed(fields) -%}
    {% for field in fields %}{{ field }} := {{ field }}, {% endfor %}
{%- endmacro %}

{% macro as_struct(fields) -%}
    struct_pack({% for field in fields %}{{ field }} := {{ field }}{{ ", " if not loop.last }}{% endfor %})
{%- endmacro %}

{# The anchor without which a group is empty; flags alone make no mail address. #}
{% macro group_is_known(group) -%}
    {%- if group.group in ("email", "phone") -%} {{ group.fields[0] }} is not null
    {%- elif group.group == "touch" -%}
    (source is not null or medium is not null or campaign is not null)
    {%- else -%} {{ filled(group.fields) }} > 0
    {%- endif -%}
{%- endmacro %}

{# Whether a submission contradicts what was chosen in no field both state. #}
{% macro agrees_with(anchor, fields) -%}
    {% for field in fields %}coalesce({{ field }} = {{ anchor }}.{{ field }}, true){{ " and " if not loop.last }}{% endfor %}
{%- endmacro %}

{# Greatest where a group was stated last; completeness decides between equals. #}
{% macro newest(group) -%}
    struct_pack(
        stated_at := coalesce({{ group }}_at, timestamp '1970-01-01'), place := -fullest_rank
    )
{%- endmacro %}

{# What a submission has to offer for a group: the greatest wins. Completeness decides between equals. #}
{% macro group_worth(group) -%}
    struct_pack(
        {%- if group.group == "email" %}
        -- A mailbox that names nobody, or was the former employer's, is the last resort.
        worth := -(
            2 * (is_former and not coalesce(is_free_email, false))::integer
            + coalesce(is_role_email, false)::integer
            + 2 * coalesce(is_disposable_email, false)::integer
        ),
        {%- elif group.group == "phone" %}
        worth := -(is_former and coalesce(phone_kind = 'fixed_line', false))::integer,
        {%- elif group.group in ("company", "place") %}
        -- What was stated newest, from the submission that says most of it.
        worth := {{ filled(group.fields) }},
        {%- elif group.wins == "fullest" %}
        worth := {{ filled(group.fields) }},
        {%- else %}
        worth := 0,
        {%- endif %}
        {%- if group.wins == "newest" %}
        stated_at := coalesce({{ group.group }}_at, timestamp '1970-01-01'),
        {%- endif %}
        place := -fullest_rank
    )
{%- endmacro %}

{# Which submissions a group may come from. #}
{% macro group_may_come(group) -%}
    {{ group_is_known(group) }}
    {%- if group.group == "company" %} and not is_other_employer and (names_employer or is_employer_unknown)
    {%- elif group.group == "place" %} and not is_former and {{ agrees_with("place_anchor", group.fields) }}
    {%- elif group.of_employer | default(false) %} and not is_former
    {%- elif group.wins == "fullest" and group.fields | length > 1 %} and is_newest_{{ group.group }}
    {%- endif -%}
{%- endmacro %}

{#
    CTE `members_employed`: the ranked members with what the newest stated employer says of them.
    - is_other_employer: it names another company, by a name and a domain of which none is the
      employer's. A mailbox alone names no employer: people write from domains of their own, and
      a name that begins with the other's is the same company's;
    - is_former: it names another company, or none and was stated before the last that does.
#}
{% macro employment_ctes() %}
employer_names as (

    select
        *,
        company_key is not null
        or (company_domain is not null and company_domain is distinct from email_domain)
            as names_employer,
        case
            when not coalesce(is_free_email, false) and not coalesce(is_disposable_email, false)
                then email_domain
        end as work_domain,
        {%- for group in groups_that("fullest") if group.fields | length > 1 %}
        version_place = max(version_place) filter ({{ group_is_known(group) }}) over (
            partition by subject_id, source_record_id
        ) as is_newest_{{ group.group }},
        {%- endfor %}
    from members_ranked

),

newest_employers as (

    select
        subject_id,
        arg_max(
            struct_pack(
                company_key := company_key,
                company_domain := company_domain,
                work_domain := work_domain
            ),
            {{ newest("company") }}
        ) as employer,
    from employer_names
    where names_employer
    group by subject_id

),

members_compared_by_employer as (

    select
        employer_names.*,
        employer_names.names_employer
        and not coalesce(
            employer_names.company_key = employer.company_key
            or starts_with(employer_names.company_key || ' ', employer.company_key || ' ')
            or starts_with(employer.company_key || ' ', employer_names.company_key || ' '),
            false
        )
        and not list_has_any(
            [employer_names.company_domain, employer_names.work_domain],
            [employer.company_domain, employer.work_domain]
        )
        and (
            (employer_names.company_key is not null and employer.company_key is not null)
            or (employer_names.company_domain is not null and employer.company_domain is not null)
        ) as is_other_employer,
        newest_employers.subject_id is null as is_employer_unknown,
    from employer_names
    left join newest_employers on employer_names.subject_id = newest_employers.subject_id

),

members_employed as (

    select
        *,
        coalesce(
            is_other_employer
            or (
                not names_employer
                and stated_at
                < max(company_at) filter (is_other_employer) over (partition by subject_id)
            ),
            false
        ) as is_former,
        max(company_at) filter (is_other_employer) over (partition by subject_id) as left_at,
    from members_compared_by_employer

),

place_anchors as (

    select
        subject_id,
        arg_max(
            {{ as_struct(group_named("place").fields) }},
            {{ newest("place") }}
        ) as place_anchor,
    from members_employed
    where {{ group_is_known(group_named("place")) }} and not is_former
    group by subject_id

),

members_chosen_from as (

    select
        members_employed.*,
        place_anchors.place_anchor,
    from members_employed
    left join place_anchors on members_employed.subject_id = place_anchors.subject_id

)
{%- endmacro %}

{#
    CTEs that end in `golden_records` (subject_id and the golden record's fields).
    `members`: subject_id and the columns of identity.normalized_submissions.
    `events`: subject_id and the columns of identity.lead_events.
#}
{% macro golden_record_ctes(members, events) %}
{{ custom_column_ctes(members) }},

{{ version_ctes("members_with_columns") }},

{{ employment_ctes() }},

survivors as (

    select
        subject_id,
        count(distinct source_record_id) as submission_count,
        arg_min(submission_id, earliest_rank) as first_submission_id,
        arg_min(channel, earliest_rank) as first_channel,
        list_sort(list(distinct channel)) as channels,
        min(inquired_at) as first_submitted_at,
        max(inquired_at) as last_submitted_at,
        list_sort(list_distinct(list_concat(
            list(distinct email) filter (email is not null),
            flatten(list(from_json(further_emails, '["VARCHAR"]')) filter (further_emails is not null))
        ))) as known_emails,
        list_sort(list(distinct phone) filter (phone is not null)) as known_phones,
        list_sort(list(distinct company_name) filter (company_name is not null)) as known_companies,
        arg_max(
            company_name,
            {{ newest("company") }}
        ) filter (is_other_employer) as former_company_name,
        min(company_at) filter (
            names_employer and not is_other_employer and company_at > left_at
        ) as employer_changed_at,
        {%- for group in profile_groups() %}
        arg_max(
            struct_pack({{ packed(group.fields) }}submission_id := submission_id),
            {{ group_worth(group) }}
        ) filter ({{ group_may_come(group) }}) as {{ group.group }}_group,
        {%- endfor %}
        {%- for fact in company_facts() %}
        arg_min(
            struct_pack({{ fact }} := {{ fact }}, submission_id := submission_id), fullest_rank
        ) filter ({{ fact }} is not null and not is_former) as {{ fact }}_group,
        {%- endfor %}
        -- Of a former employer's address the country is kept: leads are routed by it.
        arg_max(
            struct_pack(country := country, submission_id := submission_id),
            {{ newest("place") }}
        ) filter (country is not null) as country_group,
        {%- for group in groups_that("last_touch") %}
        arg_min(
            struct_pack(
                {{ packed(group.fields) }}submission_id := submission_id, stated_at := inquired_at
            ),
            latest_rank
        ) filter ({{ group_is_known(group) }}) as {{ group.group }}_group,
        {%- endfor %}
        {%- for channel in consent_channels() %}
        arg_max(
            struct_pack(
                value := consent_{{ channel }},
                stated_at := consent_{{ channel }}_stated_at,
                source := coalesce(consent_source, channel),
                submission_id := submission_id
            ),
            struct_pack(
                is_denied := consent_{{ channel }} = 'denied',
                stated_at := coalesce(
                    consent_{{ channel }}_stated_at, timestamp '1970-01-01'
                ),
                newer_versions := version_count - version_place,
                submission_id := submission_id
            )
        ) filter (consent_{{ channel }} is not null) as consent_{{ channel }}_group,
        {%- endfor %}
        arg_min(
            struct_pack(
                source := coalesce(first_touch_source, source),
                medium := case when first_touch_source is null then medium else first_touch_medium end,
                campaign := case
                    when first_touch_source is null then campaign else first_touch_campaign
                end,
                touched_at := case
                    when first_touch_source is null then submitted_at
                    else coalesce(first_touch_at, submitted_at)
                end,
                submission_id := submission_id
            ),
            struct_pack(
                touched_at := coalesce(
                    case when first_touch_source is not null then first_touch_at end,
                    submitted_at,
                    timestamp '9999-12-31'
                ),
                is_inferred := first_touch_source is null,
                newer_versions := version_count - version_place,
                submission_id := submission_id
            )
        ) filter (coalesce(first_touch_source, source) is not null) as first_touch_group,
    from members_chosen_from
    group by subject_id

),

event_facts as (

    select
        subject_id,
        {%- for channel, denials in denial_events().items() %}
        arg_max(event_type, struct_pack(occurred_at := occurred_at, event_id := event_id))
            filter (event_type in ('{{ denials | join("', '") }}')) as {{ channel }}_denial,
        max(occurred_at)
            filter (event_type in ('{{ denials | join("', '") }}')) as {{ channel }}_denied_at,
        {%- endfor %}
        max(occurred_at) filter (
            event_type not in ('{{ var("passive_event_types") | join("', '") }}')
        ) as last_event_at,
    from {{ events }}
    group by subject_id

),

golden_records as (

    select
        survivors.subject_id,
        survivors.first_submission_id,
        survivors.submission_count,
        survivors.first_channel,
        survivors.channels,
        survivors.first_submitted_at,
        survivors.last_submitted_at,
        survivors.known_emails,
        survivors.known_phones,
        survivors.known_companies,
        survivors.former_company_name,
        survivors.employer_changed_at,
        {%- for group in profile_groups() %}
        {%- for field in group.fields if field != "country" %}
        survivors.{{ group.group }}_group.{{ field }} as {{ field }},
        {%- endfor %}
        {%- endfor %}
        coalesce(survivors.place_group, survivors.country_group).country as country,
        {%- for fact in company_facts() %}
        survivors.{{ fact }}_group.{{ fact }} as {{ fact }},
        {%- endfor %}
        {%- for group in groups_that("last_touch") %}
        {%- for field in group.fields %}
        survivors.{{ group.group }}_group.{{ field }} as {{ field }},
        {%- endfor %}
        {%- endfor %}
        {{ custom_fields_text() }} as custom_fields,
        survivors.timeframe_group.stated_at as purchase_timeframe_at,
        survivors.first_touch_group.source as first_touch_source,
        survivors.first_touch_group.medium as first_touch_medium,
        survivors.first_touch_group.campaign as first_touch_campaign,
        survivors.first_touch_group.touched_at as first_touch_at,
        {%- for channel in denial_events() %}
        case
            when event_facts.{{ channel }}_denied_at is not null then 'denied'
            else survivors.consent_{{ channel }}_group.value
        end as consent_{{ channel }},
        coalesce(
            event_facts.{{ channel }}_denied_at, survivors.consent_{{ channel }}_group.stated_at
        ) as consent_{{ channel }}_at,
        coalesce(
            'event ' || event_facts.{{ channel }}_denial, survivors.consent_{{ channel }}_group.source
        ) as consent_{{ channel }}_source,
        {%- endfor %}
        {%- for channel in consent_channels() if channel not in denial_events() %}
        survivors.consent_{{ channel }}_group.value as consent_{{ channel }},
        survivors.consent_{{ channel }}_group.stated_at as consent_{{ channel }}_at,
        survivors.consent_{{ channel }}_group.source as consent_{{ channel }}_source,
        {%- endfor %}
        greatest(event_facts.last_event_at, survivors.last_submitted_at) as last_activity_at,
        struct_pack(
            {%- for group in profile_groups() %}
            {%- for field in group.fields if field != "country" %}
            {{ field_name(field) }} := case
                when survivors.{{ group.group }}_group.{{ field }} is not null
                    then survivors.{{ group.group }}_group.submission_id
            end,
            {%- endfor %}
            {%- endfor %}
            country := case
                when survivors.place_group is null then survivors.country_group.submission_id
                when survivors.place_group.country is not null
                    then survivors.place_group.submission_id
            end,
            {%- for fact in company_facts() %}
            {{ field_name(fact) }} := survivors.{{ fact }}_group.submission_id,
            {%- endfor %}
            {%- for group in groups_that("last_touch") %}
            {%- for field in group.fields %}
            {{ field_name(field) }} := case
                when survivors.{{ group.group }}_group.{{ field }} is not null
                    then survivors.{{ group.group }}_group.submission_id
            end,
            {%- endfor %}
            {%- endfor %}
            {%- for channel in consent_channels() if channel not in denial_events() %}
            consent_{{ channel }} := survivors.consent_{{ channel }}_group.submission_id,
            {%- endfor %}
            {%- for channel in denial_events() %}
            consent_{{ channel }} := case
                when event_facts.{{ channel }}_denied_at is null
                    then survivors.consent_{{ channel }}_group.submission_id
            end,
            {%- endfor %}
            first_touch_source := survivors.first_touch_group.submission_id
        ) as sources,
    from survivors
    left join event_facts on survivors.subject_id = event_facts.subject_id

)
{%- endmacro %}
