-- A row is a lead without exactly one profile; the platform's developers act on it.
select
    leads.lead_id,
    count(lead_profiles.lead_id) as profiles,
from {{ ref("leads") }} as leads
left join {{ ref("lead_profiles") }} as lead_profiles on leads.lead_id = lead_profiles.lead_id
group by leads.lead_id
having count(lead_profiles.lead_id) <> 1
