{#
    CTE `scores`: one row per subject of `features`; total, parts and band are null where nothing
    could be scored (no profile, or no rules of this version).
#}
{% macro score_ctes(features, contributions, rules) %}
bands as (

    select
        max(lower_bound) filter (subject = 'medium') as medium,
        max(lower_bound) filter (subject = 'high') as high,
    from {{ rules }}
    where kind = 'band'

),

score_sums as (

    select
        subject_id,
        {%- for part in ["fit", "behaviour", "timing"] %}
        sum(cast(points as decimal(9, 2))) filter (part = '{{ part }}') as {{ part }},
        {%- endfor %}
        sum(cast(points as decimal(9, 2))) as total,
        list(
            struct_pack(rule_id := rule_id, part := part, points := points, reason := reason)
            order by abs(points) desc, rule_id
        )[1:5] as reasons,
    from {{ contributions }}
    group by subject_id

),

scores as (

    select
        features.subject_id,
        features.is_profile_missing or bands.high is null as is_score_missing,
        {%- for part in ["fit", "behaviour", "timing", "total"] %}
        case
            when not is_score_missing
                then cast(coalesce(score_sums.{{ part }}, 0) as double)
        end as {{ part }},
        {%- endfor %}
        case
            when is_score_missing then null
            when total >= bands.high then 'high'
            when total >= bands.medium then 'medium'
            else 'low'
        end as band,
        {{ json_list_text("score_sums.reasons") }} as reasons,
    from {{ features }} as features
    cross join bands
    left join score_sums on features.subject_id = score_sums.subject_id

)
{%- endmacro %}
