-- One observed behaviour per object.
select to_json({
    'event_id': event_id,
    'type': type,
    'at': strftime("at", '%Y-%m-%dT%H:%M:%SZ'),
    'email': email,
    'phone': phone,
    'person_id': visitor_id,
    'person_system': person_system,
    'url': url,
    'campaign': campaign,
    'subject': subject,
    'quantity': quantity,
    'duration_seconds': duration_seconds
}) as record
from records
