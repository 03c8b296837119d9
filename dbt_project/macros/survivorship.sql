{#
    Golden record: which submission each field comes from.

    Fields that only make sense together form a group and come from one submission. Profile groups:
    Most Complete Wins (the group with most fields filled, then the submission with most profile
    fields filled, then the latest, then the smallest id). Behaviour groups: Last Touch Wins. Both
    orders are total and know nothing of arrival, so slices and one load give the same record.
#}
{% macro profile_groups() %}
    {{ return({
        "name": ["full_name", "first_name", "last_name"],
        "job": ["job_title", "seniority", "job_function"],
        "linkedin": ["linkedin_url"],
        "email": [
            "email", "email_domain", "is_role_email", "is_disposable_email", "is_free_email",
        ],
        "phone": ["phone", "phone_kind", "phone_country"],
        "company": ["company_name", "company_key", "company_domain"],
        "place": ["country", "region", "city", "postal_code", "street"],
        "language": ["language"],
        "time_zone": ["time_zone"],
    }) }}
{% endmacro %}

{# Facts about the company: only from submissions that name the chosen company or none. #}
{% macro company_facts() %}
    {{ return(["industry", "employee_count", "annual_revenue"]) }}
{% endmacro %}

{% macro behaviour_groups() %}
    {{ return({
        "message": ["message"],
        "preferred_channel": ["preferred_channel"],
        "product_interest": ["product_interest"],
        "timeframe": ["purchase_timeframe"],
        "touch": ["source", "medium", "campaign", "landing_page", "referrer"],
    }) }}
{% endmacro %}

{% macro consent_channels() %}
    {{ return(["email", "phone", "sms", "whatsapp"]) }}
{% endmacro %}

{% macro filled(fields) -%}
    ({% for field in fields %}({{ field }} is not null)::integer{{ " + " if not loop.last }}{% endfor %})
{%- endmacro %}

{% macro packed(fields) -%}
    {% for field in fields %}{{ field }} := {{ field }}, {% endfor %}
{%- endmacro %}

{# The anchor without which a group is empty; flags alone make no mail address. #}
{% macro group_is_known(group, fields) -%}
    {%- if group in ("email", "phone") -%} {{ fields[0] }} is not null
    {%- elif group == "touch" -%} (source is not null or medium is not null or campaign is not null)
    {%- else -%} {{ filled(fields) }} > 0
    {%- endif -%}
{%- endmacro %}

{#
    CTEs that end in `golden_records` (subject_id and the golden record's fields).
    `members`: subject_id and the columns of identity.normalized_submissions.
    `events`: subject_id and the columns of identity.lead_events.
#}
{% macro golden_record_ctes(members, events) %}
{%- set profile = profile_groups() -%}
{%- set behaviour = behaviour_groups() -%}
members_measured as (

    select
        *,
        {{ filled(profile.values() | sum(start=[]) | reject("in", ["email_domain", "is_role_email", "is_disposable_email", "is_free_email", "phone_kind", "phone_country", "company_key"]) | list + company_facts()) }} as filled_fields,
    from {{ members }}

),

members_ranked as (

    select
        *,
        row_number() over (
            partition by subject_id
            order by filled_fields desc, submitted_at desc nulls last, submission_id
        ) as completeness_rank,
        row_number() over (
            partition by subject_id order by submitted_at desc nulls last, submission_id
        ) as latest_rank,
        row_number() over (
            partition by subject_id order by submitted_at asc nulls last, submission_id
        ) as earliest_rank,
    from members_measured

),

survivors as (

    select
        subject_id,
        count(*) as submission_count,
        arg_min(submission_id, earliest_rank) as first_submission_id,
        arg_min(channel, earliest_rank) as first_channel,
        list_sort(list(distinct channel)) as channels,
        min(submitted_at) as first_submitted_at,
        max(submitted_at) as last_submitted_at,
        list_sort(list(distinct email) filter (email is not null)) as known_emails,
        list_sort(list(distinct phone) filter (phone is not null)) as known_phones,
        {%- for group, fields in profile.items() %}
        arg_min(
            struct_pack({{ packed(fields) }}submission_id := submission_id),
            completeness_rank - 1000000 * {{ filled(fields) }}
        ) filter ({{ group_is_known(group, fields) }}) as {{ group }}_group,
        {%- endfor %}
        {%- for group, fields in behaviour.items() %}
        arg_min(
            struct_pack({{ packed(fields) }}submission_id := submission_id, stated_at := submitted_at),
            latest_rank
        ) filter ({{ group_is_known(group, fields) }}) as {{ group }}_group,
        {%- endfor %}
        {%- for channel in consent_channels() %}
        arg_max(
            struct_pack(
                value := consent_{{ channel }},
                stated_at := coalesce(consent_at, submitted_at),
                source := coalesce(consent_source, channel),
                submission_id := submission_id
            ),
            struct_pack(
                is_denied := consent_{{ channel }} = 'denied',
                stated_at := coalesce(consent_at, submitted_at, timestamp '1970-01-01'),
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
                submission_id := submission_id
            )
        ) filter (coalesce(first_touch_source, source) is not null) as first_touch_group,
    from members_ranked
    group by subject_id

),

company_survivors as (

    select
        members_ranked.subject_id,
        {%- for fact in company_facts() %}
        arg_min(
            struct_pack({{ fact }} := {{ fact }}, submission_id := submission_id), completeness_rank
        ) filter ({{ fact }} is not null) as {{ fact }}_group,
        {%- endfor %}
    from members_ranked
    inner join survivors on members_ranked.subject_id = survivors.subject_id
    where
        (members_ranked.company_key is null and members_ranked.company_domain is null)
        or survivors.company_group is null
        or members_ranked.company_key = survivors.company_group.company_key
        or members_ranked.company_domain = survivors.company_group.company_domain
    group by members_ranked.subject_id

),

event_facts as (

    select
        subject_id,
        arg_max(event_type, struct_pack(occurred_at := occurred_at, event_id := event_id))
            filter (event_type in ('unsubscribe', 'spam_report')) as denial_event,
        max(occurred_at) filter (event_type in ('unsubscribe', 'spam_report')) as denied_at,
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
        {%- for group, fields in profile.items() %}
        {%- for field in fields %}
        survivors.{{ group }}_group.{{ field }} as {{ field }},
        {%- endfor %}
        {%- endfor %}
        {%- for fact in company_facts() %}
        company_survivors.{{ fact }}_group.{{ fact }} as {{ fact }},
        {%- endfor %}
        {%- for group, fields in behaviour.items() %}
        {%- for field in fields %}
        survivors.{{ group }}_group.{{ field }} as {{ field }},
        {%- endfor %}
        {%- endfor %}
        survivors.timeframe_group.stated_at as purchase_timeframe_at,
        survivors.first_touch_group.source as first_touch_source,
        survivors.first_touch_group.medium as first_touch_medium,
        survivors.first_touch_group.campaign as first_touch_campaign,
        survivors.first_touch_group.touched_at as first_touch_at,
        case when event_facts.denied_at is not null then 'denied' else survivors.consent_email_group.value end
            as consent_email,
        coalesce(event_facts.denied_at, survivors.consent_email_group.stated_at) as consent_email_at,
        coalesce('event ' || event_facts.denial_event, survivors.consent_email_group.source)
            as consent_email_source,
        {%- for channel in consent_channels() if channel != "email" %}
        survivors.consent_{{ channel }}_group.value as consent_{{ channel }},
        survivors.consent_{{ channel }}_group.stated_at as consent_{{ channel }}_at,
        survivors.consent_{{ channel }}_group.source as consent_{{ channel }}_source,
        {%- endfor %}
        greatest(event_facts.last_event_at, survivors.last_submitted_at) as last_activity_at,
        struct_pack(
            {%- for group, fields in profile.items() %}
            {%- for field in fields %}
            {{ field }} := case
                when survivors.{{ group }}_group.{{ field }} is not null
                    then survivors.{{ group }}_group.submission_id
            end,
            {%- endfor %}
            {%- endfor %}
            {%- for fact in company_facts() %}
            {{ fact }} := company_survivors.{{ fact }}_group.submission_id,
            {%- endfor %}
            {%- for group, fields in behaviour.items() %}
            {%- for field in fields %}
            {{ field }} := case
                when survivors.{{ group }}_group.{{ field }} is not null
                    then survivors.{{ group }}_group.submission_id
            end,
            {%- endfor %}
            {%- endfor %}
            {%- for channel in consent_channels() if channel != "email" %}
            consent_{{ channel }} := survivors.consent_{{ channel }}_group.submission_id,
            {%- endfor %}
            consent_email := case
                when event_facts.denied_at is null
                    then survivors.consent_email_group.submission_id
            end,
            first_touch_source := survivors.first_touch_group.submission_id
        ) as sources,
    from survivors
    left join company_survivors on survivors.subject_id = company_survivors.subject_id
    left join event_facts on survivors.subject_id = event_facts.subject_id

)
{%- endmacro %}
