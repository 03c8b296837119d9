{#
    CTE `contributions`: one row per subject and rule that fired, limits and guard included, so that
    the points of a subject add up to its score exactly (all sums are decimals).

    `features` and `activities` as the macros of those names give them; `rules` of one version.
    Values are tested once per distinct value, because compiling a pattern per row costs seconds.
#}
{% macro contribution_ctes(features, activities, rules) %}
attribute_values as (

    select
        subject_id,
        as_of,
        case when attribute = 'purchase_timeframe' then purchase_timeframe_at end as stated_at,
        attribute,
        attribute_value,
    from (
        select
            subject_id,
            as_of,
            purchase_timeframe_at,
            {%- for field in var("scorable_fields") %}
            cast({{ field }} as varchar) as {{ field }},
            {%- endfor %}
        from {{ features }}
        where not is_profile_missing
    )
    unpivot include nulls (
        attribute_value for attribute in ({{ var("scorable_fields") | join(", ") }})
    )
    where attribute in (select subject from {{ rules }} where kind = 'attribute')
    union all
    select
        features.subject_id,
        features.as_of,
        null as stated_at,
        custom_rules.subject as attribute,
        json_extract_string(features.custom_fields, '$.' || custom_rules.subject) as attribute_value,
    from {{ features }} as features
    cross join (
        select distinct subject
        from {{ rules }}
        where
            kind = 'attribute'
            and subject not in ('{{ var("scorable_fields") | join("', '") }}')
    ) as custom_rules
    where not features.is_profile_missing

),

tested_values as (

    select
        distinct_values.attribute,
        distinct_values.attribute_value,
        rules.*,
    from (select distinct attribute, attribute_value from attribute_values) as distinct_values
    inner join {{ rules }} as rules
        on distinct_values.attribute = rules.subject and rules.kind = 'attribute'
    where
        case rules.operator
            when 'in' then list_contains(rules.text_values, attribute_value)
            when 'not_in' then not list_contains(rules.text_values, attribute_value)
            when 'between'
                then try_cast(attribute_value as double)
                    between rules.lower_bound and rules.upper_bound
            when 'at_least' then try_cast(attribute_value as double) >= rules.lower_bound
            when 'at_most' then try_cast(attribute_value as double) <= rules.upper_bound
            when 'matches' then regexp_matches(lower(attribute_value), rules.text_values[1])
            when 'is_missing' then attribute_value is null
            when 'is_present' then attribute_value is not null
        end

),

attribute_contributions as (

    select
        attribute_values.subject_id,
        tested_values.rule_id,
        tested_values.part,
        cast(tested_values.points as decimal(9, 2)) as points,
        tested_values.description as reason,
        attribute_values.attribute || ' = ' || coalesce(attribute_values.attribute_value, 'unknown')
            as evidence,
    from attribute_values
    inner join tested_values
        on
            attribute_values.attribute = tested_values.attribute
            and attribute_values.attribute_value is not distinct from tested_values.attribute_value
    where
        tested_values.expires_after_days is null
        or attribute_values.stated_at
        > attribute_values.as_of - to_days(tested_values.expires_after_days)

),

counted_activities as (

    select
        activities.subject_id,
        rules.rule_id,
        sum(activities.quantity) as occurrences,
        max(activities.occurred_at) as last_occurred_at,
    from {{ activities }} as activities
    inner join {{ rules }} as rules
        on
            rules.kind = 'activity'
            and activities.activity_type = split_part(rules.subject, ':', 1)
            and (
                not contains(rules.subject, ':')
                or activities.activity_category = split_part(rules.subject, ':', 2)
            )
    where
        rules.expires_after_days is null
        or activities.occurred_at > activities.as_of - to_days(rules.expires_after_days)
    group by activities.subject_id, rules.rule_id

),

activity_contributions as (

    select
        counted_activities.subject_id,
        rules.rule_id,
        rules.part,
        cast(
            case
                when not rules.per_occurrence then rules.points
                when rules.points >= 0
                    then least(rules.points * counted_activities.occurrences, rules.max_points)
                else greatest(rules.points * counted_activities.occurrences, rules.max_points)
            end as decimal(9, 2)
        ) as points,
        rules.description as reason,
        rules.subject || ' x ' || counted_activities.occurrences || ', last on '
        || strftime(counted_activities.last_occurred_at, '%Y-%m-%d') as evidence,
    from counted_activities
    inner join {{ rules }} as rules on counted_activities.rule_id = rules.rule_id
    where counted_activities.occurrences >= rules.at_least

),

recency_contributions as (

    select
        features.subject_id,
        rules.rule_id,
        rules.part,
        cast(
            round(
                rules.points
                * pow(
                    0.5,
                    (epoch(features.as_of) - epoch(features.last_activity_at))
                    / 86400 / rules.half_life_days
                ),
                2
            ) as decimal(9, 2)
        ) as points,
        rules.description as reason,
        'last active on ' || strftime(features.last_activity_at, '%Y-%m-%d') as evidence,
    from {{ features }} as features
    inner join {{ rules }} as rules on rules.kind = 'recency'
    where features.last_activity_at is not null and not features.is_profile_missing

),

earned as (

    select * from attribute_contributions
    union all
    select activity_contributions.*
    from activity_contributions
    semi join (select subject_id from {{ features }} where not is_profile_missing) as scorable
        on activity_contributions.subject_id = scorable.subject_id
    union all
    select * from recency_contributions

),

part_corrections as (

    select
        earned_parts.subject_id,
        rules.rule_id,
        rules.part,
        cast(
            least(
                greatest(earned_parts.points, cast(rules.lower_bound as decimal(9, 2))),
                cast(rules.upper_bound as decimal(9, 2))
            ) as decimal(9, 2)
        ) - earned_parts.points as points,
        rules.description as reason,
        'rules alone give ' || earned_parts.points as evidence,
    from (
        select subject_id, part, cast(sum(points) as decimal(9, 2)) as points
        from earned
        group by subject_id, part
    ) as earned_parts
    inner join {{ rules }} as rules
        on rules.kind = 'part_limit' and earned_parts.part = rules.part

),

within_parts as (

    select * from earned
    union all
    select * from part_corrections

),

total_corrections as (

    select
        totals.subject_id,
        rules.rule_id,
        rules.part,
        cast(
            least(
                greatest(totals.points, cast(rules.lower_bound as decimal(9, 2))),
                cast(rules.upper_bound as decimal(9, 2))
            ) as decimal(9, 2)
        ) - totals.points as points,
        rules.description as reason,
        'parts together give ' || totals.points as evidence,
    from (
        select subject_id, cast(sum(points) as decimal(9, 2)) as points
        from within_parts
        group by subject_id
    ) as totals
    inner join {{ rules }} as rules on rules.kind = 'part_limit' and rules.part = 'total'

),

within_limits as (

    select * from within_parts
    union all
    select * from total_corrections

),

guard_corrections as (

    select
        totals.subject_id,
        readiness.rule_id,
        readiness.part,
        cast(high.lower_bound as decimal(9, 2)) - cast(0.01 as decimal(9, 2)) - totals.points
            as points,
        readiness.description as reason,
        features.action_count || ' distinct actions' as evidence,
    from (
        select subject_id, cast(sum(points) as decimal(9, 2)) as points
        from within_limits
        group by subject_id
    ) as totals
    inner join {{ features }} as features on totals.subject_id = features.subject_id
    inner join {{ rules }} as readiness on readiness.kind = 'readiness'
    inner join {{ rules }} as high on high.kind = 'band' and high.subject = 'high'
    where
        features.action_count < readiness.at_least
        and totals.points >= cast(high.lower_bound as decimal(9, 2))

),

contributions as (

    select * from within_limits where points <> 0
    union all
    select * from guard_corrections where points <> 0

)
{%- endmacro %}
