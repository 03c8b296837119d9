-- A row is a lead whose reasons do not add up to its score, so its explanation is wrong; the
-- platform's developers act on it before anybody routes by the score.
with

sums as (

    select
        lead_id,
        {%- for part in ["fit", "behaviour", "timing"] %}
        sum(cast(points as decimal(9, 2))) filter (part = '{{ part }}') as {{ part }},
        {%- endfor %}
        sum(cast(points as decimal(9, 2))) as total,
    from {{ ref("score_contributions") }}
    group by lead_id

)

select
    lead_scores.lead_id,
    lead_scores.total,
    sums.total as contributed,
from {{ ref("lead_scores") }} as lead_scores
left join sums on lead_scores.lead_id = sums.lead_id
where
    not lead_scores.is_score_missing
    and (
        {%- for part in ["fit", "behaviour", "timing", "total"] %}
        cast(lead_scores.{{ part }} as decimal(9, 2)) <> coalesce(sums.{{ part }}, 0)
        {{- " or" if not loop.last }}
        {%- endfor %}
    )
