{{ config(unique_key="deal_id", pre_hook="{{ delete_moved_closings() }}") }}

with

closings as (

    select
        lead_outcomes.lead_id || '/' || coalesce(lead_outcomes.opportunity_id, lead_outcomes.outcome_id)
            as deal_id,
        lead_outcomes.outcome_id,
        lead_outcomes.lead_id,
        lead_outcomes.opportunity_id,
        lead_outcomes.outcome_type,
        lead_outcomes.occurred_at as closed_at,
        lead_profiles.profile_version,
        '{{ var("scorecard_version") }}' as scorecard_version,
    from {{ source("identity", "lead_outcomes") }} as lead_outcomes
    inner join {{ ref("lead_profiles") }} as lead_profiles
        on lead_outcomes.lead_id = lead_profiles.lead_id
    where
        lead_outcomes.outcome_type in ('closed_won', 'closed_lost')
        and lead_outcomes.occurred_at <= {{ as_of() }}
    qualify row_number() over (
        partition by deal_id order by lead_outcomes.occurred_at desc, lead_outcomes.outcome_id
    ) = 1

),

stale_closings as (

    {{ stale_rows(
        "closings", key="deal_id",
        versions=["outcome_id", "profile_version", "scorecard_version"],
        step="closed_deals",
    ) }}

),

subjects as (

    select
        deal_id as subject_id,
        lead_id,
        profile_version,
        closed_at - interval 1 microsecond as as_of,
    from stale_closings

),

rules as (

    {{ current_rules() }}

),

submissions as (

    {{ lead_submissions("subjects") }}

),

known_submissions as (

    select
        subjects.subject_id,
        submissions.*,
    from submissions
    inner join subjects
        on
            submissions.lead_id = subjects.lead_id
            and submissions.submitted_at <= subjects.as_of
            and coalesce(submissions.modified_at, submissions.submitted_at) <= subjects.as_of

),

known_events as (

    select
        subjects.subject_id,
        lead_events.*,
    from {{ source("identity", "lead_events") }} as lead_events
    inner join subjects
        on
            lead_events.lead_id = subjects.lead_id
            and lead_events.occurred_at <= subjects.as_of

),

{{ golden_record_ctes("known_submissions", "known_events") }},

known_results as (

    select
        subjects.subject_id,
        enrichment_results.*,
    from {{ source("enrichment", "enrichment_results") }} as enrichment_results
    inner join subjects
        on
            enrichment_results.lead_id = subjects.lead_id
            and enrichment_results.source_as_of <= subjects.as_of::date

),

{{ provided_ctes("known_results") }},

profiles as (

    select
        stated.* replace (
            {%- for field in provider_fields() %}
            {{ resolved("stated", "provided", field) }} as {{ field }}{{ "," if not loop.last }}
            {%- endfor %}
        ),
        provided.subject_id is not null as is_enriched,
    from golden_records as stated
    left join provided on stated.subject_id = provided.subject_id

),

{{ activity_ctes("subjects", "submissions", source("identity", "lead_events")) }},

{{ feature_ctes("subjects", "profiles", "activities", "rules") }},

{{ contribution_ctes("features", "activities", "rules") }},

{{ score_ctes("features", "contributions", "rules") }},

closed_deal_scores as (

    select
        stale_closings.deal_id,
        stale_closings.outcome_id,
        stale_closings.lead_id,
        stale_closings.opportunity_id,
        stale_closings.outcome_type,
        stale_closings.closed_at,
        strftime(stale_closings.closed_at, '%Y') || '-Q' || quarter(stale_closings.closed_at)
            as quarter,
        scores.fit,
        scores.behaviour,
        scores.timing,
        scores.total,
        scores.band,
        stale_closings.scorecard_version,
        stale_closings.profile_version,
        scores.is_score_missing,
    from stale_closings
    inner join scores on stale_closings.deal_id = scores.subject_id

)

select * from closed_deal_scores
