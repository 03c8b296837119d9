-- Typeform webhook: answers refer to the definition's fields by id; unanswered ones are absent.
select to_json({
    'event_id': 'ev' || source_id,
    'event_type': 'form_response',
    'form_response': {
        'form_id': 'nEeDs01',
        'token': source_id,
        'submitted_at': strftime(submitted_at, '%Y-%m-%dT%H:%M:%SZ'),
        'landed_at': strftime(submitted_at - interval 4 minute, '%Y-%m-%dT%H:%M:%SZ'),
        'hidden': {'utm_source': utm_source, 'utm_medium': utm_medium, 'utm_campaign': utm_campaign},
        'definition': {
            'id': 'nEeDs01',
            'title': 'Needs survey',
            'fields': [
                {'id': 'aFirstName01', 'title': 'What is your first name?', 'type': 'short_text', 'ref': 'first_name'},
                {'id': 'aLastName002', 'title': 'And your last name?', 'type': 'short_text', 'ref': 'last_name'},
                {'id': 'aEmail000003', 'title': 'Where can we write to you?', 'type': 'email', 'ref': 'email'},
                {'id': 'aPhone000004', 'title': 'Your phone number', 'type': 'phone_number', 'ref': 'phone'},
                {'id': 'aCompany0005', 'title': 'Which company are you with?', 'type': 'short_text', 'ref': 'company'},
                {'id': 'aJobTitle006', 'title': 'What is your job title?', 'type': 'short_text', 'ref': 'job_title'},
                {'id': 'aCountry0007', 'title': 'Which country are you in?', 'type': 'dropdown', 'ref': 'country'},
                {'id': 'aHeadcount08', 'title': 'How many people work there?', 'type': 'multiple_choice', 'ref': 'employees'},
                {'id': 'aTimeframe09', 'title': 'When do you want to start?', 'type': 'multiple_choice', 'ref': 'timeframe'},
                {'id': 'aMessage0010', 'title': 'What would you like to solve?', 'type': 'long_text', 'ref': 'message'},
                {'id': 'aConsent0011', 'title': 'May we email you about this?', 'type': 'legal', 'ref': 'consent_email'}
            ]
        },
        'answers': list_filter([
            case when first_name is not null then json_object('type', 'text', 'text', first_name, 'field', {'id': 'aFirstName01', 'type': 'short_text', 'ref': 'first_name'}) end,
            case when last_name is not null then json_object('type', 'text', 'text', last_name, 'field', {'id': 'aLastName002', 'type': 'short_text', 'ref': 'last_name'}) end,
            case when email is not null then json_object('type', 'email', 'email', email, 'field', {'id': 'aEmail000003', 'type': 'email', 'ref': 'email'}) end,
            case when phone is not null then json_object('type', 'phone_number', 'phone_number', phone, 'field', {'id': 'aPhone000004', 'type': 'phone_number', 'ref': 'phone'}) end,
            case when company is not null then json_object('type', 'text', 'text', company, 'field', {'id': 'aCompany0005', 'type': 'short_text', 'ref': 'company'}) end,
            case when job_title is not null then json_object('type', 'text', 'text', job_title, 'field', {'id': 'aJobTitle006', 'type': 'short_text', 'ref': 'job_title'}) end,
            case when country is not null then json_object('type', 'choice', 'choice', {'label': country}, 'field', {'id': 'aCountry0007', 'type': 'dropdown', 'ref': 'country'}) end,
            case when employees is not null then json_object('type', 'choice', 'choice', {'label': employees}, 'field', {'id': 'aHeadcount08', 'type': 'multiple_choice', 'ref': 'employees'}) end,
            case when timeframe is not null then json_object('type', 'choice', 'choice', {'label': timeframe}, 'field', {'id': 'aTimeframe09', 'type': 'multiple_choice', 'ref': 'timeframe'}) end,
            case when message is not null then json_object('type', 'text', 'text', message, 'field', {'id': 'aMessage0010', 'type': 'long_text', 'ref': 'message'}) end,
            case when consent_email is not null then json_object('type', 'boolean', 'boolean', consent_email, 'field', {'id': 'aConsent0011', 'type': 'legal', 'ref': 'consent_email'}) end
        ], lambda answer: answer is not null)
    }
}) as record
from records
