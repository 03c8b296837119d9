{#
    As dbt-duckdb lists the relations of a schema, but from their columns: its `information_schema`
    also counts the rows of every table of the lake, which takes a quarter of a small build.
#}
{% macro duckdb__list_relations_without_caching(schema_relation) %}
    {%- call statement("list_relations_without_caching", fetch_result=True) %}
        select distinct
            '{{ schema_relation.database }}' as database,
            relations.table_name as name,
            relations.schema_name as schema,
            if(views.view_name is null, 'table', 'view') as type
        from duckdb_columns() as relations
        left join duckdb_views() as views
            on
                relations.database_name = views.database_name
                and relations.schema_name = views.schema_name
                and relations.table_name = views.view_name
        where
            lower(relations.database_name) = '{{ schema_relation.database | lower }}'
            and lower(relations.schema_name) = '{{ schema_relation.schema | lower }}'
    {%- endcall %}
    {{ return(load_result("list_relations_without_caching").table) }}
{% endmacro %}
