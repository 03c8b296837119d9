-- A row is a lead in band high on a single action, which promise and scorecard forbid; RevOps stops
-- routing (`lead-platform workflows disable`) and tells the platform's developers.
select
    lead_scores.lead_id,
    lead_features.action_count,
    lead_scores.total,
from {{ ref("lead_scores") }} as lead_scores
inner join {{ ref("lead_features") }} as lead_features
    on lead_scores.lead_id = lead_features.lead_id
where lead_scores.band = 'high' and lead_features.action_count < 2
