-- A row is a closed opportunity of a living lead that was never scored, so drift audits would miss
-- it; the platform's developers act on it.
select distinct
    lead_outcomes.lead_id,
    lead_outcomes.opportunity_id,
from {{ source("identity", "lead_outcomes") }} as lead_outcomes
semi join {{ ref("lead_profiles") }} as lead_profiles
    on lead_outcomes.lead_id = lead_profiles.lead_id
anti join {{ ref("closed_deal_scores") }} as closed_deal_scores
    on
        lead_outcomes.lead_id || '/'
        || coalesce(lead_outcomes.opportunity_id, lead_outcomes.outcome_id)
        = closed_deal_scores.deal_id
anti join {{ held("closed_deals") }} as held on lead_outcomes.lead_id = held.subject_id
where
    lead_outcomes.outcome_type in ('closed_won', 'closed_lost')
    and lead_outcomes.occurred_at <= {{ as_of() }}
