{{ config(unique_key="source_id", incremental_strategy="sync") }}

with

submissions as (

    select
        lead_members.submission_id,
        lead_members.lead_id,
        lead_members.match_record_id,
        received.received_seq,
        received.channel,
        coalesce(received.campaign, '') as campaign,
        coalesce(received.form_name, received.form_id, '') as form,
        md5(concat_ws('|', received.channel, campaign, form)) as source_id,
    from {{ source("identity", "lead_members") }} as lead_members
    inner join {{ source("capture", "submissions") }} as received
        on lead_members.submission_id = received.submission_id

),

arrivals as (

    select
        *,
        row_number() over by_lead > 1 as is_repeat,
        row_number() over by_source > 1 as is_repeat_within,
        row_number() over by_record > 1 as is_known_record,
    from submissions
    window
        by_lead as (partition by lead_id order by received_seq, submission_id),
        by_source as (partition by lead_id, source_id order by received_seq, submission_id),
        by_record as (partition by match_record_id order by received_seq, submission_id)

),

records as (

    select
        match_record_id,
        lead_id,
        min(received_seq) as first_seq,
    from submissions
    group by match_record_id, lead_id

),

links as (

    select left_record_id, right_record_id, rule, match_weight,
    from {{ source("identity", "match_pairs") }}
    where decision = 'merge'
    union all
    select left_record_id, right_record_id, rule, null as match_weight,
    from {{ source("identity", "merge_decisions") }}
    where decision = 'same'

),

-- What tied a record to one of its lead that was received before.
record_reasons as (

    select
        case
            when one.first_seq > other.first_seq then one.match_record_id
            else other.match_record_id
        end as match_record_id,
        links.rule as reason,
    from links
    inner join records as one on links.left_record_id = one.match_record_id
    inner join records as other
        on links.right_record_id = other.match_record_id and one.lead_id = other.lead_id
    qualify row_number() over (
        partition by case
            when one.first_seq > other.first_seq then one.match_record_id
            else other.match_record_id
        end order by links.match_weight desc nulls last, links.rule
    ) = 1

),

repeats as (

    select
        arrivals.*,
        case
            when arrivals.is_known_record then 'same_fields'
            else coalesce(record_reasons.reason, 'through_others')
        end as reason,
    from arrivals
    left join record_reasons on arrivals.match_record_id = record_reasons.match_record_id
    where arrivals.is_repeat

),

commonest_reasons as (

    select source_id, reason, count(*) as repeats,
    from repeats
    group by source_id, reason
    qualify row_number() over (partition by source_id order by count(*) desc, reason) = 1

),

asked_records as (

    select
        review_id,
        unnest([left_record_id, right_record_id]) as match_record_id,
    from {{ source("identity", "match_reviews") }}
    where status = 'open'

),

waiting_reviews as (

    select submissions.source_id, count(distinct asked_records.review_id) as reviews,
    from asked_records
    inner join submissions on asked_records.match_record_id = submissions.match_record_id
    group by submissions.source_id

),

sources as (

    select
        source_id,
        channel,
        campaign,
        form,
        count(*)::integer as submissions,
        count(*) filter (is_repeat)::integer as repeats,
        count(*) filter (is_repeat_within)::integer as repeats_within,
        count(distinct lead_id)::integer as leads,
    from arrivals
    group by source_id, channel, campaign, form

),

duplicate_sources as (

    select
        sources.source_id,
        sources.channel,
        sources.campaign,
        sources.form,
        sources.submissions,
        sources.repeats,
        round(sources.repeats / sources.submissions, 4) as repeat_share,
        sources.repeats_within,
        sources.leads,
        commonest_reasons.reason as commonest_reason,
        coalesce(commonest_reasons.repeats, 0)::integer as commonest_reason_repeats,
        coalesce(waiting_reviews.reviews, 0)::integer as waiting_reviews,
        scans.scanned_at,
    from sources
    left join commonest_reasons on sources.source_id = commonest_reasons.source_id
    left join waiting_reviews on sources.source_id = waiting_reviews.source_id
    cross join (
        select arg_max(scanned_at, scan_seq) as scanned_at from {{ source("identity", "scans") }}
    ) as scans

)

select * from duplicate_sources
