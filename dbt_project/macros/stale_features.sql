{#
    Features whose lead has no score of this profile, scorecard and instant yet. Contributions are
    compared with lead_scores, which is built after them, because a lead may have none.
#}
{% macro stale_features() %}
    select lead_features.*
    from {{ ref("lead_features") }} as lead_features
    {%- if is_incremental() and not is_refilled() %}
    {%- set scores = adapter.get_relation(
        database=this.database, schema="scoring", identifier="lead_scores"
    ) %}
    {%- if scores is not none %}
    anti join {{ scores }} as lead_scores
        on
            lead_features.lead_id = lead_scores.lead_id
            and lead_features.profile_version is not distinct from lead_scores.profile_version
            and lead_features.scorecard_version = lead_scores.scorecard_version
            and lead_features.as_of = lead_scores.scored_at
    {%- endif %}
    {%- endif %}
{% endmacro %}

{# A closing that moved to another lead, by a merge or its undo, leaves the deal it was scored for. #}
{% macro delete_moved_closings() %}
    {%- if is_incremental() %}
    delete from {{ this }} as scored
    where not exists (
        select 1 from {{ source("identity", "lead_outcomes") }} as lead_outcomes
        where
            lead_outcomes.outcome_id = scored.outcome_id
            and lead_outcomes.lead_id = scored.lead_id
    )
    {%- endif %}
{% endmacro %}

{# Rules that fire no more leave no row to replace theirs, so the old ones go first. #}
{% macro delete_stale_contributions() %}
    {%- if is_incremental() %}
    delete from {{ this }} where lead_id in (select lead_id from ({{ stale_features() }}))
    {%- endif %}
{% endmacro %}
