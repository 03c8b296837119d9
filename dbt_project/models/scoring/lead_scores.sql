{{ config(unique_key="lead_id") }}

with

features as (

    select lead_id as subject_id, stale_features.* from ({{ stale_features() }}) as stale_features

),

contributions as (

    select lead_id as subject_id, score_contributions.*
    from {{ ref("score_contributions") }} as score_contributions
    semi join features on score_contributions.lead_id = features.lead_id

),

rules as (

    {{ current_rules() }}

),

{{ score_ctes("features", "contributions", "rules") }},

lead_scores as (

    select
        features.lead_id,
        scores.fit,
        scores.behaviour,
        scores.timing,
        scores.total,
        scores.band,
        cast(null as double) as win_probability,
        scores.reasons,
        features.scorecard_version,
        features.profile_version,
        features.as_of as scored_at,
        scores.is_score_missing,
    from scores
    inner join features on scores.subject_id = features.subject_id

)

select * from lead_scores
