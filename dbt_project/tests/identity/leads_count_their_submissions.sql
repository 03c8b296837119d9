-- A row is a living lead that counts more or fewer submissions than belong to it, so a join dropped
-- or doubled some; the platform's developers act on it. Only of leads with more members than they
-- count are the versions of one source record looked for.
with

member_counts as (

    select lead_id, count(*) as members
    from {{ source("identity", "lead_members") }}
    group by lead_id

),

suspects as (

    select
        leads.lead_id,
        leads.submission_count,
        member_counts.members,
    from {{ ref("leads") }} as leads
    inner join member_counts on leads.lead_id = member_counts.lead_id
    anti join {{ held("golden_records") }} as held on leads.lead_id = held.subject_id
    where leads.submission_count <> member_counts.members

),

members as (

    select
        lead_members.lead_id,
        lead_members.submission_id,
        submissions.version_key,
    from {{ source("identity", "lead_members") }} as lead_members
    semi join suspects on lead_members.lead_id = suspects.lead_id
    left join {{ source("identity", "normalized_submissions") }} as submissions
        on lead_members.submission_id = submissions.submission_id

)

select
    suspects.lead_id,
    suspects.submission_count,
    count(distinct {{ source_record() }}) as members,
from suspects
left join members on suspects.lead_id = members.lead_id
group by suspects.lead_id, suspects.submission_count
having count(distinct {{ source_record() }}) <> suspects.submission_count
