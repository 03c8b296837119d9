-- Rows of a bought or researched list, as sales uploads it.
select
    group_id as list_id,
    source_id as row_id,
    strftime(submitted_at, '%Y-%m-%dT%H:%M:%SZ') as added_at,
    first_name,
    last_name,
    email,
    phone,
    job_title as title,
    company,
    website,
    industry,
    employees,
    city,
    region as state,
    country,
    linkedin_url,
    utm_campaign as list_name
from records
