-- Our own form's webhook, one object per fill; half the forms ask for one name, half for two.
select to_json({
    'form_submission_id': source_id,
    'submitted_at': strftime(submitted_at, '%Y-%m-%dT%H:%M:%SZ'),
    'form': {
        'id': case when message is null then 'guide-download' else 'contact-sales' end,
        'name': case when message is null then 'Guide download' else 'Contact sales' end
    },
    'fields': {
        'full_name': case when record_number % 2 = 0 then full_name end,
        'first_name': case when record_number % 2 = 1 then first_name end,
        'last_name': case when record_number % 2 = 1 then last_name end,
        'email': email,
        'phone': phone,
        'company': company,
        'website': website,
        'job_title': job_title,
        'country': country,
        'state': region,
        'city': city,
        'employees': employees,
        'industry': industry,
        'message': message,
        'timeframe': timeframe,
        'preferred_channel': preferred_channel
    },
    'consent': {
        'email': consent_email,
        'phone': consent_phone,
        'sms': consent_sms,
        'whatsapp': consent_whatsapp,
        'at': case
            when coalesce(consent_email, consent_phone, consent_sms, consent_whatsapp) is not null
                then strftime(submitted_at, '%Y-%m-%dT%H:%M:%SZ')
        end,
        'text': case
            when coalesce(consent_email, consent_phone, consent_sms, consent_whatsapp) is not null
                then 'You may contact me in the ways I have ticked.'
        end
    },
    'utm': {
        'source': utm_source,
        'medium': utm_medium,
        'campaign': utm_campaign,
        'term': utm_term,
        'content': utm_content
    },
    'gclid': gclid,
    'fbclid': fbclid,
    'landing_page': landing_page,
    'referrer': referrer,
    'language': language,
    'first_touch': {
        'source': first_source,
        'medium': first_medium,
        'campaign': first_campaign,
        'at': strftime(first_at, '%Y-%m-%dT%H:%M:%SZ')
    }
}) as record
from records
