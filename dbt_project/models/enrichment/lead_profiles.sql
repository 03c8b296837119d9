{{ config(unique_key="lead_id") }}

{%- set golden_columns = [
    "first_submission_id", "submission_count", "first_channel", "channels",
    "full_name", "first_name", "last_name", "job_title", "seniority", "job_function",
    "linkedin_url", "email", "email_domain", "is_role_email", "is_disposable_email",
    "is_free_email", "phone", "phone_kind", "phone_country", "known_emails", "known_phones",
    "known_companies", "former_company_name", "employer_changed_at",
    "company_name", "company_key", "company_domain", "account_id", "industry", "employee_count",
    "annual_revenue", "street", "city", "region", "postal_code", "country", "language",
    "time_zone", "message", "preferred_channel", "product_interest", "purchase_timeframe",
    "purchase_timeframe_at", "custom_fields", "source", "medium", "campaign", "landing_page", "referrer",
    "first_touch_source", "first_touch_medium", "first_touch_campaign", "first_touch_at",
    "first_submitted_at", "last_submitted_at", "last_activity_at",
    "consent_email", "consent_email_at", "consent_email_source",
    "consent_phone", "consent_phone_at", "consent_phone_source",
    "consent_sms", "consent_sms_at", "consent_sms_source",
    "consent_whatsapp", "consent_whatsapp_at", "consent_whatsapp_source",
] %}

with

provider_fingerprints as (

    select
        lead_id,
        provider,
        arg_max(
            md5(concat_ws('|', provider, status, attributes, source_as_of)),
            struct_pack(requested_at := requested_at, result_id := result_id)
        ) as fingerprint,
    from {{ source("enrichment", "enrichment_results") }}
    group by lead_id, provider

),

lead_fingerprints as (

    select
        lead_id,
        array_to_string(list_sort(list(fingerprint)), '') as fingerprint,
    from provider_fingerprints
    group by lead_id

),

profile_versions as (

    select
        leads.lead_id,
        md5(leads.lead_version || coalesce(lead_fingerprints.fingerprint, '')) as profile_version,
    from {{ ref("leads") }} as leads
    left join lead_fingerprints on leads.lead_id = lead_fingerprints.lead_id

),

stale_profiles as (

    {{ stale_rows(
        "profile_versions", key="lead_id", versions=["profile_version"], step="profiles"
    ) }}

),

stated as (

    select
        stale_profiles.profile_version,
        leads.*,
    from {{ ref("leads") }} as leads
    inner join stale_profiles on leads.lead_id = stale_profiles.lead_id

),

results as (

    select
        enrichment_results.lead_id as subject_id,
        enrichment_results.*,
    from {{ source("enrichment", "enrichment_results") }} as enrichment_results
    semi join stale_profiles on enrichment_results.lead_id = stale_profiles.lead_id

),

{{ provided_ctes("results") }},

failures as (

    select
        subject_id,
        list_sort(list(provider)) as failed_providers,
    from latest_results
    where status = 'failed'
    group by subject_id

),

lead_profiles as (

    select
        stated.lead_id,
        stated.profile_version,
        {%- for column in golden_columns %}
        {%- if column in provider_fields() %}
        {{ resolved("stated", "provided", column) }} as {{ column }},
        {%- else %}
        stated.{{ column }},
        {%- endif %}
        {%- endfor %}
        cast(json_merge_patch(
            stated.field_sources, {{ json_object_text(provider_sources()) }}
        ) as varchar) as field_sources,
        {{ json_object_text(source_dates()) }} as source_dates,
        provided.subject_id is not null as is_enriched,
        {{ json_list_text("failures.failed_providers") }} as enrichment_flags,
    from stated
    left join provided on stated.lead_id = provided.subject_id
    left join failures on stated.lead_id = failures.subject_id

)

select * from lead_profiles
