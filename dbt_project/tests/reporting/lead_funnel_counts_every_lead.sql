-- A row says that the funnel counts more or fewer leads than there are; RevOps distrusts the funnel
-- until the platform's developers have found the join that dropped or doubled some.
select
    leads.leads,
    lead_funnel.leads as counted,
from (select count(*) as leads from {{ ref("leads") }}) as leads
cross join (select coalesce(sum(leads), 0) as leads from {{ ref("lead_funnel") }}) as lead_funnel
where leads.leads <> lead_funnel.leads
