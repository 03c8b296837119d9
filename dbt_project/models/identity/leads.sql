{{ config(unique_key="lead_id") }}

with

lead_versions as (

    select lead_id, lead_version from {{ source("identity", "lead_versions") }}

),

stale_leads as (

    {{ stale_rows(
        "lead_versions", key="lead_id", versions=["lead_version"], step="golden_records"
    ) }}

),

members as (

    select
        lead_members.lead_id as subject_id,
        submissions.*,
    from {{ source("identity", "lead_members") }} as lead_members
    semi join stale_leads on lead_members.lead_id = stale_leads.lead_id
    inner join {{ source("identity", "normalized_submissions") }} as submissions
        on lead_members.submission_id = submissions.submission_id

),

accounts_of_members as (

    select
        members.submission_id,
        account_members.account_id,
    from members
    inner join {{ source("identity", "account_members") }} as account_members
        on members.company_record_id = account_members.record_id
    -- A mail domain of many companies is no company, unless the submission names one.
    where not account_members.is_shared_domain or account_members.company_key is not null

),

events as (

    select
        lead_events.lead_id as subject_id,
        lead_events.*,
    from {{ source("identity", "lead_events") }} as lead_events
    semi join stale_leads on lead_events.lead_id = stale_leads.lead_id

),

{{ golden_record_ctes("members", "events") }},

leads as (

    select
        stale_leads.lead_id,
        stale_leads.lead_version,
        golden_records.first_submission_id,
        cast(golden_records.submission_count as integer) as submission_count,
        golden_records.first_channel,
        {{ json_list_text("golden_records.channels") }} as channels,
        golden_records.full_name,
        golden_records.first_name,
        golden_records.last_name,
        golden_records.job_title,
        golden_records.seniority,
        golden_records.job_function,
        golden_records.linkedin_url,
        golden_records.email,
        golden_records.email_domain,
        golden_records.is_role_email,
        golden_records.is_disposable_email,
        golden_records.is_free_email,
        golden_records.phone,
        golden_records.phone_kind,
        golden_records.phone_country,
        {{ json_list_text("golden_records.known_emails") }} as known_emails,
        {{ json_list_text("golden_records.known_phones") }} as known_phones,
        {{ json_list_text("golden_records.known_companies") }} as known_companies,
        golden_records.former_company_name,
        golden_records.employer_changed_at,
        golden_records.company_name,
        golden_records.company_key,
        golden_records.company_domain,
        accounts_of_members.account_id,
        golden_records.industry,
        golden_records.employee_count,
        golden_records.annual_revenue,
        golden_records.street,
        golden_records.city,
        golden_records.region,
        golden_records.postal_code,
        golden_records.country,
        golden_records.language,
        golden_records.time_zone,
        golden_records.message,
        golden_records.preferred_channel,
        golden_records.product_interest,
        golden_records.purchase_timeframe,
        golden_records.purchase_timeframe_at,
        golden_records.custom_fields,
        golden_records.source,
        golden_records.medium,
        golden_records.campaign,
        golden_records.landing_page,
        golden_records.referrer,
        golden_records.first_touch_source,
        golden_records.first_touch_medium,
        golden_records.first_touch_campaign,
        golden_records.first_touch_at,
        golden_records.first_submitted_at,
        golden_records.last_submitted_at,
        golden_records.last_activity_at,
        {%- for channel in consent_channels() %}
        golden_records.consent_{{ channel }},
        golden_records.consent_{{ channel }}_at,
        golden_records.consent_{{ channel }}_source,
        {%- endfor %}
        {{ json_object_text("golden_records.sources") }} as field_sources,
    from golden_records
    inner join stale_leads on golden_records.subject_id = stale_leads.lead_id
    left join accounts_of_members
        on accounts_of_members.submission_id
        = coalesce(golden_records.sources.company_key, golden_records.sources.company_domain)

)

select * from leads
