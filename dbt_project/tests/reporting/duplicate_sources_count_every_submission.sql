-- A row says that the sources count more or fewer submissions, or repeats, than there are; RevOps
-- distrusts the report until the platform's developers have found the join that dropped or doubled some.
with

members as (

    select
        count(*) as submissions,
        count(*) - count(distinct lead_id) as repeats,
    from {{ source("identity", "lead_members") }}

),

counted as (

    select
        coalesce(sum(submissions), 0) as submissions,
        coalesce(sum(repeats), 0) as repeats,
    from {{ ref("duplicate_sources") }}

)

select
    members.submissions,
    counted.submissions as counted_submissions,
    members.repeats,
    counted.repeats as counted_repeats,
from members
cross join counted
where
    members.submissions <> counted.submissions
    or members.repeats <> counted.repeats
