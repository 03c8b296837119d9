-- Calendly webhook invitee.created; the record's own id is payload.uri.
select to_json({
    'created_at': strftime(submitted_at + interval 2 second, '%Y-%m-%dT%H:%M:%S.000000Z'),
    'created_by': 'https://api.calendly.com/users/00000000-0000-0000-0000-0000000000a1',
    'event': 'invitee.created',
    'payload': {
        'cancel_url': 'https://calendly.com/cancellations/' || record_number::varchar,
        'created_at': strftime(submitted_at, '%Y-%m-%dT%H:%M:%S.000000Z'),
        'email': email,
        'event': regexp_extract(source_id, '^(.*)/invitees/', 1),
        'first_name': null,
        'last_name': null,
        'name': full_name,
        'new_invitee': null,
        'no_show': null,
        'old_invitee': null,
        'payment': null,
        'questions_and_answers': list_filter(
            [
                {'question': 'Company', 'answer': company, 'position': 0},
                {'question': 'Phone Number', 'answer': phone, 'position': 1},
                {'question': 'Please share anything that will help prepare for our meeting.', 'answer': message, 'position': 2}
            ],
            lambda question: question.answer is not null
        ),
        'reconfirmation': null,
        'reschedule_url': 'https://calendly.com/reschedulings/' || record_number::varchar,
        'rescheduled': false,
        'routing_form_submission': null,
        'scheduled_event': {
            'created_at': strftime(submitted_at, '%Y-%m-%dT%H:%M:%S.000000Z'),
            'end_time': strftime(date_trunc('hour', submitted_at) + interval 49 hour + interval 30 minute, '%Y-%m-%dT%H:%M:%S.000000Z'),
            'event_guests': [],
            'event_memberships': [{
                'user': 'https://api.calendly.com/users/00000000-0000-0000-0000-0000000000a1',
                'user_email': 'grace.kim@example.com',
                'user_name': 'Grace Kim'
            }],
            'event_type': 'https://api.calendly.com/event_types/00000000-0000-0000-0000-0000000000e1',
            'invitees_counter': {'total': 1, 'active': 1, 'limit': 1},
            'location': {'status': 'pushed', 'type': 'zoom'},
            'name': 'Product demo',
            'start_time': strftime(date_trunc('hour', submitted_at) + interval 49 hour, '%Y-%m-%dT%H:%M:%S.000000Z'),
            'status': 'active',
            'updated_at': strftime(submitted_at, '%Y-%m-%dT%H:%M:%S.000000Z'),
            'uri': regexp_extract(source_id, '^(.*)/invitees/', 1)
        },
        'scheduling_method': null,
        'status': 'active',
        'text_reminder_number': null,
        'timezone': case country_code
            when 'US' then 'America/New_York' when 'CA' then 'America/Toronto' when 'GB' then 'Europe/London'
            when 'DE' then 'Europe/Berlin' when 'FR' then 'Europe/Paris' when 'IN' then 'Asia/Kolkata'
            when 'NL' then 'Europe/Amsterdam' when 'AU' then 'Australia/Sydney' when 'ES' then 'Europe/Madrid'
            when 'BR' then 'America/Sao_Paulo' when 'IT' then 'Europe/Rome' else 'Europe/Stockholm'
        end,
        'tracking': {
            'utm_campaign': utm_campaign,
            'utm_source': utm_source,
            'utm_medium': utm_medium,
            'utm_content': utm_content,
            'utm_term': utm_term,
            'salesforce_uuid': null
        },
        'updated_at': strftime(submitted_at, '%Y-%m-%dT%H:%M:%S.000000Z'),
        'uri': source_id
    }
}) as record
from records
