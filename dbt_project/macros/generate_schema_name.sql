{# A layer is a schema: the folder's schema as it is, without a prefix per target. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name or target.schema }}
{%- endmacro %}
