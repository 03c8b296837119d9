-- One element of a lead form responses page; what a questionId asks stands in the form definition.
select to_json({
    'id': source_id,
    'owner': {'sponsoredAccount': 'urn:li:sponsoredAccount:522529623'},
    'submitter': 'urn:li:person:' || left(md5(visitor_id), 10),
    'versionedLeadGenFormUrn': 'urn:li:versionedLeadGenForm:(urn:li:leadGenForm:3162,1)',
    'leadType': 'SPONSORED',
    'testLead': false,
    'submittedAt': epoch_ms(submitted_at),
    'leadMetadata': {
        'sponsoredLeadMetadata': {'campaign': 'urn:li:sponsoredCampaign:' || utm_campaign}
    },
    'formResponse': {
        'answers': list_filter(
            [
                {'answerDetails': {'textQuestionAnswer': {'answer': first_name}}, 'questionId': 10548},
                {'answerDetails': {'textQuestionAnswer': {'answer': email}}, 'questionId': 10549},
                {'answerDetails': {'textQuestionAnswer': {'answer': phone}}, 'questionId': 10550},
                {'answerDetails': {'textQuestionAnswer': {'answer': last_name}}, 'questionId': 10551},
                {'answerDetails': {'textQuestionAnswer': {'answer': company}}, 'questionId': 10552},
                {'answerDetails': {'textQuestionAnswer': {'answer': job_title}}, 'questionId': 10553}
            ],
            lambda answer: answer.answerDetails.textQuestionAnswer.answer is not null
        ),
        'consentResponses': [{'accepted': consent_email, 'consentId': 4}]
    }
}) as record
from records
