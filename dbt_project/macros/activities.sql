{#
    CTE `activities`: one row per subject and thing that happened up to the subject's instant: its
    events, and its inquiries as activities of type `submission` with the channel as category.
    `subjects`: subject_id, lead_id, as_of.
#}
{% macro activity_ctes(subjects, submissions, events) %}
{{ inquiry_ctes(submissions) }},

activities as (

    select
        subjects.subject_id,
        subjects.as_of,
        'submission' as activity_type,
        inquiries.channel as activity_category,
        inquiries.channel,
        inquiries.inquiry_id as activity_id,
        inquiries.submitted_at as occurred_at,
        1 as quantity,
    from inquiries
    inner join {{ subjects }} as subjects
        on inquiries.lead_id = subjects.lead_id and inquiries.submitted_at <= subjects.as_of

    union all

    select
        subjects.subject_id,
        subjects.as_of,
        events.event_type as activity_type,
        case when events.event_type = 'page_view' then events.page_category end as activity_category,
        events.channel,
        events.event_id as activity_id,
        events.occurred_at,
        greatest(coalesce(events.quantity, 1), 0) as quantity,
    from {{ events }} as events
    inner join {{ subjects }} as subjects
        on events.lead_id = subjects.lead_id and events.occurred_at <= subjects.as_of

)
{%- endmacro %}

{# The submissions of the subjects' leads, with their lead. #}
{% macro lead_submissions(subjects) -%}
    select
        lead_members.lead_id,
        submissions.*,
    from {{ source("identity", "lead_members") }} as lead_members
    semi join {{ subjects }} as subjects on lead_members.lead_id = subjects.lead_id
    inner join {{ source("identity", "normalized_submissions") }} as submissions
        on lead_members.submission_id = submissions.submission_id
{%- endmacro %}
