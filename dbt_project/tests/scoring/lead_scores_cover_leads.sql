-- A row is a lead without exactly one score (a null score with its flag counts as one), though it
-- is not set aside; the platform's developers act on it.
select
    leads.lead_id,
    count(lead_scores.lead_id) as scores,
from {{ ref("leads") }} as leads
left join {{ ref("lead_scores") }} as lead_scores on leads.lead_id = lead_scores.lead_id
anti join {{ held("scores") }} as held on leads.lead_id = held.subject_id
group by leads.lead_id
having count(lead_scores.lead_id) <> 1
