{{ config(
    incremental_strategy="append",
    pre_hook="{{ delete_stale_contributions() }}",
) }}

with

stale_features as (

    {{ stale_features() }}

),

subjects as (

    select lead_id as subject_id, lead_id, as_of from stale_features

),

features as (

    select lead_id as subject_id, stale_features.* from stale_features

),

rules as (

    {{ current_rules() }}

),

submissions as (

    {{ lead_submissions("subjects") }}

),

{{ activity_ctes("subjects", "submissions", source("identity", "lead_events")) }},

{{ contribution_ctes("features", "activities", "rules") }},

score_contributions as (

    select
        subject_id as lead_id,
        rule_id,
        part,
        cast(points as double) as points,
        reason,
        evidence,
    from contributions

)

select * from score_contributions
