-- Zoom webhook webinar.registration_created; the record's own id is the registrant's.
select to_json({
    'event': 'webinar.registration_created',
    'event_ts': epoch_ms(submitted_at),
    'payload': {
        'account_id': 'AAAAAABBBB',
        'object': {
            'uuid': '4444AAAiAAAAAiAiAiiAii==',
            'id': group_id::bigint,
            'host_id': 'x1yCzABCDEfg23HiJKl4mN',
            'topic': case record_number % 2 when 0 then 'Lead scoring that explains itself' else 'Pipeline hygiene' end,
            'type': 5,
            'start_time': strftime(date_trunc('day', submitted_at) + interval 7 day + interval 15 hour, '%Y-%m-%dT%H:%M:%SZ'),
            'duration': 60,
            'timezone': 'UTC',
            'registrant': {
                'id': source_id,
                'first_name': first_name,
                'last_name': last_name,
                'email': email,
                'address': '',
                'city': coalesce(city, ''),
                'country': country_code,
                'zip': coalesce(postal_code, ''),
                'state': coalesce(region, ''),
                'phone': coalesce(phone, ''),
                'industry': coalesce(industry, ''),
                'org': coalesce(company, ''),
                'job_title': coalesce(job_title, ''),
                'purchasing_time_frame': case timeframe
                    when 'now' then 'Within a month' when 'this quarter' then '1-3 months'
                    when '3-6 months' then '4-6 months' when 'this year' then 'More than 6 months'
                    when 'later' then 'No timeframe' else ''
                end,
                'role_in_purchase_process': '',
                'no_of_employees': coalesce(employees, ''),
                'comments': coalesce(message, ''),
                'custom_questions': [],
                'status': 'approved',
                'join_url': 'https://example.com/join',
                'tracking_source': {
                    'id': '5516482804110',
                    'source_name': coalesce(utm_medium, 'general'),
                    'tracking_url': 'https://example.com/webinar/register/5516482804110'
                }
            }
        }
    }
}) as record
from records
