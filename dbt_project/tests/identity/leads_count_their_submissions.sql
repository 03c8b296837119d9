-- A row is a living lead that counts more or fewer submissions than belong to it, so a join dropped
-- or doubled some; the platform's developers act on it.
with

member_counts as (

    select lead_id, count(*) as members
    from {{ source("identity", "lead_members") }}
    group by lead_id

)

select
    leads.lead_id,
    leads.submission_count,
    member_counts.members,
from {{ ref("leads") }} as leads
inner join member_counts on leads.lead_id = member_counts.lead_id
anti join {{ held("golden_records") }} as held on leads.lead_id = held.subject_id
where leads.submission_count <> member_counts.members
