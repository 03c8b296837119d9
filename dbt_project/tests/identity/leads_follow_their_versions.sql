-- A row is a living lead whose golden record is missing or old, though it is not set aside; the
-- platform's developers act on it.
select lead_versions.lead_id
from {{ source("identity", "lead_versions") }} as lead_versions
left join {{ ref("leads") }} as leads on lead_versions.lead_id = leads.lead_id
anti join {{ held("golden_records") }} as held on lead_versions.lead_id = held.subject_id
where leads.lead_version is distinct from lead_versions.lead_version
