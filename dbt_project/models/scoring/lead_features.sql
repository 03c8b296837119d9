{{ config(unique_key="lead_id") }}

with

lead_states as (

    select
        leads.lead_id,
        lead_profiles.profile_version,
        '{{ var("scorecard_version") }}' as scorecard_version,
    from {{ ref("leads") }} as leads
    left join {{ ref("lead_profiles") }} as lead_profiles on leads.lead_id = lead_profiles.lead_id

),

stale_leads as (

    {{ stale_rows(
        "lead_states", key="lead_id", versions=["profile_version", "scorecard_version"],
        step="scores", is_forced=var("rescore"),
    ) }}

),

subjects as (

    select
        lead_id as subject_id,
        lead_id,
        profile_version,
        {{ as_of() }} as as_of,
    from stale_leads

),

profiles as (

    select
        lead_profiles.lead_id as subject_id,
        lead_profiles.*,
    from {{ ref("lead_profiles") }} as lead_profiles
    semi join subjects on lead_profiles.lead_id = subjects.lead_id

),

rules as (

    {{ current_rules() }}

),

submissions as (

    {{ lead_submissions("subjects") }}

),

{{ activity_ctes("subjects", "submissions", source("identity", "lead_events")) }},

{{ feature_ctes("subjects", "profiles", "activities", "rules") }},

lead_features as (

    select
        lead_id,
        profile_version,
        '{{ var("scorecard_version") }}' as scorecard_version,
        as_of,
        is_profile_missing,
        {%- for field in var("scorable_fields") %}
        {{ field }},
        {%- endfor %}
        purchase_timeframe_at,
        custom_fields,
        action_count,
        last_activity_at,
        activity_counts,
    from features

)

select * from lead_features
