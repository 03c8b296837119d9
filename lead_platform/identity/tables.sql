-- One per submission: every field in its normal form, or null with the reason in `issues`.
create table if not exists identity.normalized_submissions (
    submission_id varchar, match_record_id varchar, company_record_id varchar, channel varchar,
    source_system varchar, source_person_id varchar, received_seq bigint, submitted_at timestamp,
    version_key varchar, modified_at timestamp, inquiry_minutes integer,
    email varchar, email_domain varchar, is_role_email boolean, is_disposable_email boolean,
    is_free_email boolean,
    phone varchar, phone_kind varchar, phone_country varchar,
    full_name varchar, first_name varchar, last_name varchar, name_suffix varchar,
    job_title varchar, seniority varchar, job_function varchar, linkedin_url varchar,
    company_name varchar, company_key varchar, company_domain varchar, industry varchar,
    employee_count integer, annual_revenue double,
    street varchar, city varchar, region varchar, postal_code varchar, country varchar,
    language varchar, time_zone varchar,
    message varchar, preferred_channel varchar, purchase_timeframe varchar, product_interest varchar,
    consent_email varchar, consent_phone varchar, consent_sms varchar, consent_whatsapp varchar,
    consent_at timestamp, consent_source varchar,
    source varchar, medium varchar, campaign varchar, term varchar, content varchar,
    click_id varchar, landing_page varchar, referrer varchar, form_id varchar,
    first_touch_source varchar, first_touch_medium varchar, first_touch_campaign varchar,
    first_touch_at timestamp, merged_person_ids varchar, further_emails varchar,
    custom_fields varchar, issues varchar, normalization_version varchar, reading integer,
    compared_reading integer
);

-- One per compared pair kept, with its probability and the parts it is made of. `merge` would merge; whether it does, the limits of clustering decide.
create table if not exists identity.match_pairs (
    pair_id varchar, left_record_id varchar, right_record_id varchar, rule varchar,
    match_probability double, match_weight double, decision varchar, reason varchar,
    parts varchar, model_version varchar
);

-- One per submission: the lead it belongs to.
create table if not exists identity.lead_members (
    submission_id varchar, lead_id varchar, match_record_id varchar, reading integer
);

-- One per living lead: a fingerprint of everything that belongs to it; what is computed from a lead is stale where it differs.
-- `members_version` covers its submissions alone: where it differs, events and outcomes are attributed anew.
create table if not exists identity.lead_versions (
    lead_id varchar, lead_version varchar, members_version varchar
);

-- One per lead id that was merged away or split off: `merged_into` the id that survives, or alive and `split_from` it.
-- `merge_seq`, `split_seq`: when, in the order of merges and splits, whatever the clocks said.
create table if not exists identity.lead_crosswalk (
    lead_id varchar, related_lead_id varchar, relation varchar, merged_at timestamp,
    split_at timestamp, merge_seq bigint, split_seq bigint
);

-- One per merge and submission of the leads it made one: the lead the submission belonged to before.
create table if not exists identity.merged_members (
    submission_id varchar, lead_id varchar, surviving_lead_id varchar, merged_at timestamp,
    merge_seq bigint
);

-- One per verdict of a person on a pair of submissions; the newest of a pair of match records counts.
-- `act_id` names what the person did in one go, `source` how: a review, an undo, a split, a withdrawal.
create table if not exists identity.match_verdicts (
    verdict_id varchar, act_id varchar, verdict_seq bigint, left_submission_id varchar,
    right_submission_id varchar, verdict varchar, source varchar, source_id varchar,
    reason varchar, decided_by varchar, decided_at timestamp
);

-- One per merge, split or human verdict that took effect. A pair that would merge but is set aside has none.
create table if not exists identity.merge_decisions (
    decision_id varchar, decision varchar, left_record_id varchar, right_record_id varchar,
    rule varchar, match_probability double, reason varchar, model_version varchar,
    decided_by varchar, decided_at timestamp, decision_seq bigint
);

-- One per pair that waits, or waited, for a person: two leads that may be one person (too uncertain to merge, held back by a guard, or set aside), or, with rows in `split_parts`, a lead that may be several.
create table if not exists identity.match_reviews (
    review_id varchar, left_record_id varchar, right_record_id varchar, match_probability double,
    reason varchar, status varchar, opened_at timestamp
);

-- One per record of a lead that the full scan would take apart, and review that asks for it: the part it would go to, 1 for the part that keeps the lead's id.
create table if not exists identity.split_parts (
    review_id varchar, record_id varchar, part integer
);

-- One per full scan: what it compared, and how much it found. Left out is what exceeded the limits of one scan; the next finds it again.
create table if not exists identity.scans (
    run_id varchar, scanned_at timestamp, submissions bigint, records bigint, candidates bigint,
    bounded_keys bigint, model_version varchar, specification_version varchar,
    reviews_opened bigint, reviews_left_out bigint, splits_proposed bigint,
    splits_left_out bigint, splits_withdrawn bigint, scan_seq bigint
);

-- One per event that belongs to a lead.
create table if not exists identity.lead_events (
    event_id varchar, lead_id varchar, event_type varchar, page_category varchar,
    occurred_at timestamp, quantity integer, duration_seconds double, channel varchar,
    campaign varchar, reading integer
);

-- One per outcome that belongs to a lead.
create table if not exists identity.lead_outcomes (
    outcome_id varchar, lead_id varchar, outcome_type varchar, occurred_at timestamp,
    opportunity_id varchar, stage varchar, amount decimal(18, 2), currency varchar,
    reason varchar, owner varchar, product varchar, reading integer
);

-- One per company: its names, domains, place and size as its submissions state them, each value the one stated most often.
-- `is_shared_domain`: no company but a mail domain of many; leads that name nothing else have no account.
create table if not exists identity.accounts (
    account_id varchar, name varchar, company_key varchar, names varchar,
    company_domain varchar, domains varchar, is_shared_domain boolean, country varchar,
    region varchar, city varchar, industry varchar, employee_count integer, lead_count integer,
    submission_count integer, first_submission_id varchar, first_seen_at timestamp,
    last_seen_at timestamp
);

-- One per company record, a company as submissions state it: the account it belongs to.
create table if not exists identity.account_members (
    record_id varchar, account_id varchar, first_submission_id varchar, received_seq bigint,
    company_domain varchar, company_key varchar, company_letters varchar, company_family varchar,
    country varchar, city varchar, postal_code varchar, street varchar, phone varchar,
    is_shared_domain boolean
);

-- One per compared pair of company records kept, with its probability and the parts it is made of.
-- `set_aside`: why a pair that would merge does not.
create table if not exists identity.account_pairs (
    pair_id varchar, left_record_id varchar, right_record_id varchar, rule varchar,
    match_probability double, match_weight double, decision varchar, reason varchar,
    parts varchar, model_version varchar, set_aside varchar
);

-- One per pair of accounts that are related but not the same, or may be the same.
create table if not exists identity.account_relations (
    left_account_id varchar, right_account_id varchar, relation varchar, reason varchar,
    match_probability double, pair_id varchar, pair_count integer
);

-- One per account id that was merged away or split off: `merged_into` the id that survives, or alive and `split_from` it.
create table if not exists identity.account_crosswalk (
    account_id varchar, related_account_id varchar, relation varchar, merged_at timestamp,
    split_at timestamp
);

-- One per merge of accounts and company record of those it made one: the account the record belonged to before.
create table if not exists identity.merged_account_members (
    record_id varchar, account_id varchar, surviving_account_id varchar, merged_at timestamp,
    merge_seq bigint
);

-- One per verdict of a person on the companies that two submissions name; the newest of two stated companies counts.
-- `different`: the right one was taken out of the account of the left one. `act_id`, `source` as in match_verdicts.
create table if not exists identity.account_verdicts (
    verdict_id varchar, act_id varchar, verdict_seq bigint, left_submission_id varchar,
    right_submission_id varchar, verdict varchar, source varchar, source_id varchar,
    reason varchar, decided_by varchar, decided_at timestamp
);

-- One per verdict on companies that took effect: the company records it speaks of, and since when.
create table if not exists identity.account_decisions (
    verdict_id varchar, left_record_id varchar, right_record_id varchar, effective_at timestamp
);
