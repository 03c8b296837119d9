{#
    Which of a lead's submissions are versions of one source record, and what is newest.

    Versions follow one another by the source's own date of change, those without one first, in the
    order of receipt; so they do within a lead, where another version belongs to somebody else.
#}
{% macro source_record() -%}
    coalesce(version_key, submission_id)
{%- endmacro %}

{#
    CTE `members_ranked`: the members with
    - source_record_id, inquired_at: the record, and when it was first submitted. A version is no inquiry;
    - <group>_at, for each group whose newest value wins: when its values were stated. The source's
      date of change where they changed with it, that of the version before where they did not, for
      a synchronisation states nothing; else the date of submission. stated_at: the last of them;
    - consent_<channel>_stated_at: when its consent was stated. The date that the source gives for it,
      where that is not one left over from another consent; else that of the version that changed it;
    - completeness: how many profile fields the newest version of its record fills;
    - fullest_rank, latest_rank, earliest_rank: places among all of the subject's.

    The orders are total. Between records they know nothing of arrival, so slices and one load give
    the same; of one record's versions the newest comes first.
#}
{% macro version_ctes(members) %}
{%- set newest = groups_that("newest") -%}
members_compared as (

    select
        *,
        {{ source_record() }} as source_record_id,
        {{ filled(counted_fields()) }} as filled_fields,
        row_number() over versions as version_place,
        count(*) over record as version_count,
        min(submitted_at) over record as inquired_at,
        coalesce(
            modified_at, max(submitted_at) filter (modified_at is null) over record
        ) as version_at,
        {%- for group in newest %}
        lag({{ as_struct(group.fields) }}) over versions
            is distinct from {{ as_struct(group.fields) }} as is_{{ group.group }}_change,
        {%- endfor %}
        {%- for channel in consent_channels() %}
        lag(consent_{{ channel }}) over versions
            is distinct from consent_{{ channel }} as is_consent_{{ channel }}_change,
        {%- endfor %}
        lag(consent_at) over versions is distinct from consent_at as is_consent_at_change,
    from {{ members }}
    window
        versions as (
            partition by subject_id, {{ source_record() }}
            order by modified_at nulls first, received_seq nulls first, submission_id
        ),
        record as (partition by subject_id, {{ source_record() }})

),

members_dated as (

    select
        *,
        {%- for group in newest %}
        max(version_at) filter (is_{{ group.group }}_change) over so_far as {{ group.group }}_at,
        {%- endfor %}
        {%- for channel in consent_channels() %}
        last_value(
            case
                when is_consent_at_change and consent_at is not null then consent_at
                when is_consent_{{ channel }}_change then version_at
            end
            ignore nulls
        ) over so_far as consent_{{ channel }}_stated_at,
        {%- endfor %}
        max(filled_fields) filter (version_place = version_count) over (
            partition by subject_id, source_record_id
        ) as completeness,
    from members_compared
    window so_far as (
        partition by subject_id, source_record_id
        order by version_place
        rows between unbounded preceding and current row
    )

),

members_ranked as (

    select
        *,
        greatest({{ newest | map(attribute="group") | join("_at, ") }}_at) as stated_at,
        row_number() over (
            partition by subject_id
            order by
                completeness desc, inquired_at desc nulls last, source_record_id,
                version_place desc
        ) as fullest_rank,
        row_number() over (
            partition by subject_id
            order by inquired_at desc nulls last, source_record_id, version_place desc
        ) as latest_rank,
        row_number() over (
            partition by subject_id
            order by inquired_at asc nulls last, source_record_id, version_place asc
        ) as earliest_rank,
    from members_dated

)
{%- endmacro %}

{#
    CTE `inquiries`: one row per lead and inquiry, with its channel and first instant. Versions of a
    record are one; so are submissions on one form with no more minutes between them than their
    channel says: a form sent twice, a webinar joined again.
    `submissions`: lead_id and the columns of identity.normalized_submissions.
#}
{% macro inquiry_ctes(submissions) %}
submitted_records as (

    select
        lead_id,
        {{ source_record() }} as source_record_id,
        min(channel) as channel,
        min(form_id) as form_id,
        min(submitted_at) as submitted_at,
        coalesce(min(inquiry_minutes), 0) as inquiry_minutes,
    from {{ submissions }}
    group by lead_id, {{ source_record() }}

),

inquiries as (

    select
        lead_id,
        channel,
        source_record_id as inquiry_id,
        submitted_at,
    from submitted_records
    qualify
        not coalesce(
            -- With 0 minutes nothing is joined: exports of days have many of one instant.
            inquiry_minutes > 0
            and submitted_at - lag(submitted_at) over (
                partition by lead_id, channel, form_id order by submitted_at, source_record_id
            ) <= inquiry_minutes * interval 1 minute,
            false
        )

)
{%- endmacro %}
