{#
    Incremental strategy `sync`: the model gives the whole new state, the table receives the
    difference only. For small tables whose rows may vanish: readers and the gate see what changed.
#}
{% macro get_incremental_sync_sql(arguments) %}
    {%- set columns = get_quoted_csv(arguments["dest_columns"] | map(attribute="name")) -%}
    {%- set target = arguments["target_relation"] -%}
    {%- set source = arguments["temp_relation"] -%}
    {%- set key = arguments["unique_key"] -%}
    delete from {{ target }}
    where {{ key }} in (
        select {{ key }}
        from (select {{ columns }} from {{ target }} except select {{ columns }} from {{ source }})
    );
    insert into {{ target }} ({{ columns }})
    select {{ columns }} from {{ source }}
    except
    select {{ columns }} from {{ target }}
{% endmacro %}
