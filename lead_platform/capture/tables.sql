-- One per file content and channel taken in: what it held and how each record ended.
create table if not exists capture.deliveries (
    delivery_id varchar, channel varchar, channel_version varchar, file_name varchar,
    content_hash varchar, size_bytes bigint, received_at timestamp,
    records bigint, taken bigint, repeats bigint, rejected bigint,
    submissions bigint, events bigint, outcomes bigint, read_as varchar
);

-- One per delivery and kind of item: in how many rows each field that matters is filled.
create table if not exists capture.delivery_profiles (
    delivery_id varchar, kind varchar, channel varchar, received_at timestamp, rows bigint,
    filled varchar, newest_at timestamp
);

-- One per delivery a person had taken in though fields it always had are empty.
create table if not exists capture.accepted_deliveries (
    delivery_id varchar, accepted_by varchar, reason varchar, accepted_at timestamp
);

-- One per form fill, ad lead, chat, call, booking, webinar seat or import row, as mapped, not yet normalised.
create table if not exists capture.submissions (
    submission_id varchar, channel varchar, record_id varchar, source_system varchar,
    source_person_id varchar, content_hash varchar, delivery_id varchar, record_number bigint,
    received_seq bigint, received_at timestamp, submitted_at timestamp,
    version_key varchar, modified_at timestamp, inquiry_minutes integer,
    full_name varchar, first_name varchar, last_name varchar, email varchar, phone varchar,
    phone_region varchar,
    job_title varchar, linkedin_url varchar, language varchar, time_zone varchar,
    company_name varchar, company_website varchar, industry varchar, employee_count varchar,
    annual_revenue varchar,
    street varchar, city varchar, region varchar, postal_code varchar, country varchar,
    message varchar, preferred_channel varchar, purchase_timeframe varchar, product_interest varchar,
    consent_email varchar, consent_phone varchar, consent_sms varchar, consent_whatsapp varchar,
    consent_at timestamp, consent_source varchar,
    source varchar, medium varchar, campaign varchar, term varchar, content varchar,
    click_id varchar, landing_page varchar, referrer varchar, form_id varchar, form_name varchar,
    ad_id varchar,
    first_touch_source varchar, first_touch_medium varchar, first_touch_campaign varchar,
    first_touch_at timestamp,
    answers varchar, custom_fields varchar, kind varchar, kind_reason varchar, kind_version varchar,
    merged_person_ids varchar, further_emails varchar,
    issues varchar, payload varchar, reading integer
);

-- One per observed behaviour: page view, email open, click, reply, call, chat message, download, unsubscribe …
create table if not exists capture.events (
    event_id varchar, channel varchar, record_id varchar, source_system varchar,
    source_person_id varchar, content_hash varchar, delivery_id varchar, record_number bigint,
    received_seq bigint, received_at timestamp,
    event_type varchar, occurred_at timestamp, submission_id varchar, email varchar, phone varchar, phone_region varchar,
    message_id varchar, url varchar, campaign varchar, subject varchar, quantity integer, duration_seconds double,
    issues varchar, payload varchar, reading integer
);

-- One per CRM stage change, meeting, opportunity or closed deal.
create table if not exists capture.outcomes (
    outcome_id varchar, channel varchar, record_id varchar, source_system varchar,
    source_person_id varchar, content_hash varchar, delivery_id varchar, record_number bigint,
    received_seq bigint, received_at timestamp,
    outcome_type varchar, occurred_at timestamp, submission_id varchar, email varchar, phone varchar, phone_region varchar,
    opportunity_id varchar, opportunity_name varchar, stage varchar, amount decimal(18, 2),
    currency varchar, reason varchar, owner varchar, account_name varchar, account_domain varchar,
    product varchar, issues varchar, payload varchar, reading integer
);

-- One per record that could not be taken in, with every reason.
create table if not exists capture.rejected_records (
    rejected_id varchar, channel varchar, delivery_id varchar, record_number bigint,
    record_id varchar, reasons varchar, rejected_at timestamp, payload varchar
);
