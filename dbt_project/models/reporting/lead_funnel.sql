{{ config(unique_key="funnel_id", incremental_strategy="sync") }}

with

lead_outcomes as (

    select
        lead_id,
        bool_or(outcome_type = 'meeting') as has_meeting,
        bool_or(outcome_type in ('opportunity', 'closed_won', 'closed_lost')) as has_opportunity,
    from {{ source("identity", "lead_outcomes") }}
    where occurred_at <= {{ as_of() }}
    group by lead_id

),

won_deals as (

    select
        lead_id,
        coalesce(currency, 'unknown') as currency,
        amount,
    from {{ source("identity", "lead_outcomes") }}
    where
        outcome_type in ('closed_won', 'closed_lost')
        and occurred_at <= {{ as_of() }}
    qualify
        row_number() over (
            partition by lead_id, coalesce(opportunity_id, outcome_id)
            order by occurred_at desc, outcome_id
        ) = 1
        and outcome_type = 'closed_won'

),

lead_cells as (

    select
        leads.lead_id,
        leads.first_channel as channel,
        coalesce(leads.first_touch_source, 'unknown') as source,
        coalesce(lead_scores.band, 'not_scored') as band,
    from {{ ref("leads") }} as leads
    left join {{ ref("lead_scores") }} as lead_scores on leads.lead_id = lead_scores.lead_id

),

cell_counts as (

    select
        lead_cells.channel,
        lead_cells.source,
        lead_cells.band,
        count(*)::integer as leads,
        count(*) filter (lead_outcomes.has_meeting)::integer as leads_with_meeting,
        count(*) filter (lead_outcomes.has_opportunity)::integer as leads_with_opportunity,
        count(*) filter (won_leads.lead_id is not null)::integer as leads_won,
    from lead_cells
    left join lead_outcomes on lead_cells.lead_id = lead_outcomes.lead_id
    left join (select distinct lead_id from won_deals) as won_leads
        on lead_cells.lead_id = won_leads.lead_id
    group by lead_cells.channel, lead_cells.source, lead_cells.band

),

cell_deals as (

    select
        channel,
        source,
        band,
        sum(deals)::integer as deals_won,
        cast(to_json(map_from_entries(
            list(struct_pack(k := currency, v := amount) order by currency)
        )) as varchar) as won_amounts,
    from (
        select
            lead_cells.channel,
            lead_cells.source,
            lead_cells.band,
            won_deals.currency,
            count(*) as deals,
            cast(coalesce(sum(won_deals.amount), 0) as double) as amount,
        from lead_cells
        inner join won_deals on lead_cells.lead_id = won_deals.lead_id
        group by lead_cells.channel, lead_cells.source, lead_cells.band, won_deals.currency
    )
    group by channel, source, band

),

lead_funnel as (

    select
        md5(concat_ws('|', cell_counts.channel, cell_counts.source, cell_counts.band)) as funnel_id,
        cell_counts.channel,
        cell_counts.source,
        cell_counts.band,
        cell_counts.leads,
        cell_counts.leads_with_meeting,
        cell_counts.leads_with_opportunity,
        cell_counts.leads_won,
        coalesce(cell_deals.deals_won, 0) as deals_won,
        coalesce(cell_deals.won_amounts, '{}') as won_amounts,
    from cell_counts
    left join cell_deals
        on
            cell_counts.channel = cell_deals.channel
            and cell_counts.source = cell_deals.source
            and cell_counts.band = cell_deals.band

)

select * from lead_funnel
