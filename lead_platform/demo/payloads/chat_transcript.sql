-- One conversation of the website chat with its messages.
select to_json({
    'conversation_id': source_id,
    'started_at': strftime(submitted_at, '%Y-%m-%dT%H:%M:%SZ'),
    'visitor': {
        'id': visitor_id,
        'name': full_name,
        'email': email,
        'phone': phone,
        'company': company,
        'country': country
    },
    'page_url': landing_page,
    'language': language,
    'messages': list_filter(
        [
            {'id': source_id || '-1', 'at': strftime(submitted_at, '%Y-%m-%dT%H:%M:%SZ'), 'from': 'bot', 'text': 'Hello! How can we help?'},
            {'id': source_id || '-2', 'at': strftime(submitted_at + interval 25 second, '%Y-%m-%dT%H:%M:%SZ'), 'from': 'visitor', 'text': coalesce(message, 'Hi, is anyone there?')},
            {'id': source_id || '-3', 'at': strftime(submitted_at + interval 70 second, '%Y-%m-%dT%H:%M:%SZ'), 'from': 'agent', 'text': 'Thanks, a colleague will come back to you.'},
            {'id': source_id || '-4', 'at': strftime(submitted_at + interval 95 second, '%Y-%m-%dT%H:%M:%SZ'), 'from': 'visitor', 'text': case when record_number % 3 = 0 then 'Great, thank you.' end}
        ],
        lambda part: part.text is not null
    ),
    'consent': {'email': consent_email}
}) as record
from records
