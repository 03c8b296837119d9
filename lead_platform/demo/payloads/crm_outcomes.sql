-- Generic CRM export: one row per meeting, opportunity, stage change or close.
select
    outcome_id,
    type,
    strftime(occurred_at, '%Y-%m-%dT%H:%M:%SZ') as occurred_at,
    opportunity_id,
    opportunity_name,
    email,
    phone,
    null as person_system,
    null as person_id,
    stage,
    amount::decimal(18, 2) as amount,
    currency,
    reason,
    owner,
    account_name,
    account_domain,
    product
from records
