{{ config(unique_key="country", incremental_strategy="sync") }}

with

registrations as (

    select lead_id from {{ source("warranty", "registrations") }}

),

leads as (

    select
        lead_id,
        coalesce(country, 'unknown') as country,
    from {{ ref("leads") }}

),

countries as (

    select
        leads.country,
        count(*)::integer as registered_leads,
    from registrations
    inner join leads on registrations.lead_id = leads.lead_id
    group by leads.country

)

select * from countries
