-- One lead as the Graph API returns it; unanswered questions are absent.
select to_json({
    'created_time': strftime(submitted_at, '%Y-%m-%dT%H:%M:%S+0000'),
    'id': source_id,
    'ad_id': (120200000000000 + record_number % 7)::varchar,
    'ad_name': utm_campaign || '-ad-' || (record_number % 7)::varchar,
    'campaign_id': '120300000000' || (record_number % 3)::varchar,
    'campaign_name': utm_campaign,
    'form_id': '987650001',
    'platform': case utm_source when 'instagram' then 'ig' else 'fb' end,
    'is_organic': false,
    'field_data': list_filter(
        [
            {'name': 'full_name', 'values': [full_name]},
            {'name': 'email', 'values': [email]},
            {'name': 'phone_number', 'values': [phone]},
            {'name': 'company_name', 'values': [company]},
            {'name': 'job_title', 'values': [job_title]},
            {'name': 'country', 'values': [country]}
        ],
        lambda field: field.values[1] is not null
    )
}) as record
from records
