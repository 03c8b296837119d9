{#
    CTE `features`: one row per subject, also where nothing is known of it (is_profile_missing).
    `profiles`: subject_id and the fields of enrichment.lead_profiles that rules may test.
    `rules`: the rules of one scorecard version.

    A distinct action is what one channel brought on one day, told apart by kind. Where the channel
    brought a submission that day, its events belong to it: a chat and its messages, a booking and
    its meeting or a form sent twice are one action.
#}
{% macro feature_ctes(subjects, profiles, activities, rules) %}
own_activities as (

    select activities.*
    from {{ activities }} as activities
    anti join (
        select
            split_part(ignored, ':', 1) as activity_type,
            nullif(split_part(ignored, ':', 2), '') as activity_category,
        from (
            select unnest(text_values) as ignored
            from {{ rules }}
            where kind = 'readiness'
        )
    ) as ignored
        on
            activities.activity_type = ignored.activity_type
            and coalesce(ignored.activity_category, activities.activity_category, '')
            = coalesce(activities.activity_category, '')

),

daily_kinds as (

    select
        subject_id,
        channel,
        occurred_at::date as active_date,
        count(distinct concat_ws(':', activity_type, activity_category)) as kinds,
        bool_or(activity_type = 'submission') as has_submission,
        max(occurred_at) as last_activity_at,
    from own_activities
    group by subject_id, channel, occurred_at::date

),

action_facts as (

    select
        subject_id,
        sum(case when has_submission then 1 else kinds end)::integer as action_count,
        max(last_activity_at) as last_activity_at,
    from daily_kinds
    group by subject_id

),

activity_facts as (

    select
        subject_id,
        to_json(map_from_entries(
            list(struct_pack(k := activity, v := occurrences) order by activity)
        )) as activity_counts,
    from (
        select
            subject_id,
            concat_ws(':', activity_type, activity_category) as activity,
            sum(quantity)::bigint as occurrences,
        from {{ activities }}
        group by subject_id, activity_type, activity_category
    )
    group by subject_id

),

features as (

    select
        subjects.subject_id,
        subjects.lead_id,
        subjects.as_of,
        subjects.profile_version,
        profiles.subject_id is null as is_profile_missing,
        profiles.annual_revenue,
        profiles.company_domain,
        profiles.consent_email,
        profiles.consent_phone,
        profiles.consent_sms,
        profiles.consent_whatsapp,
        profiles.country,
        profiles.email_domain,
        profiles.employee_count,
        profiles.first_channel,
        profiles.first_touch_medium,
        profiles.first_touch_source,
        profiles.company_name is not null as has_company,
        profiles.email is not null or profiles.phone is not null as has_contact,
        profiles.email is not null as has_email,
        profiles.linkedin_url is not null as has_linkedin,
        profiles.phone is not null as has_phone,
        profiles.industry,
        profiles.is_disposable_email,
        profiles.is_enriched,
        profiles.is_free_email,
        profiles.is_role_email,
        profiles.job_function,
        profiles.job_title,
        profiles.language,
        profiles.phone_kind,
        profiles.preferred_channel,
        profiles.product_interest,
        profiles.purchase_timeframe,
        profiles.purchase_timeframe_at,
        profiles.custom_fields,
        profiles.region,
        profiles.seniority,
        profiles.source,
        coalesce(action_facts.action_count, 0) as action_count,
        action_facts.last_activity_at,
        coalesce(cast(activity_facts.activity_counts as varchar), '{}') as activity_counts,
    from {{ subjects }} as subjects
    left join {{ profiles }} as profiles on subjects.subject_id = profiles.subject_id
    left join action_facts on subjects.subject_id = action_facts.subject_id
    left join activity_facts on subjects.subject_id = activity_facts.subject_id

)
{%- endmacro %}
