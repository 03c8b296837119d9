-- Call log of the telephone system; only inbound calls of people, one in seven missed.
select
    source_id as call_id,
    strftime(submitted_at, '%Y-%m-%dT%H:%M:%SZ') as started_at,
    'inbound' as direction,
    phone as from_number,
    '+12025550147' as to_number,
    case when record_number % 7 = 0 then 0 else 60 + (record_number * 37) % 900 end as duration_seconds,
    case when record_number % 7 = 0 then 'missed' else 'answered' end as disposition,
    case when record_number % 7 = 0 then null else agent end as agent,
    full_name as caller_name,
    company,
    email,
    case when record_number % 7 = 0 then null else message end as notes
from records
