-- A row is a lead without exactly one profile, though it is not set aside; the platform's
-- developers act on it.
select
    leads.lead_id,
    count(lead_profiles.lead_id) as profiles,
from {{ ref("leads") }} as leads
left join {{ ref("lead_profiles") }} as lead_profiles on leads.lead_id = lead_profiles.lead_id
anti join {{ held("profiles") }} as held on leads.lead_id = held.subject_id
group by leads.lead_id
having count(lead_profiles.lead_id) <> 1
