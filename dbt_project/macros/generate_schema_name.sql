{# A layer is a schema: that of a model is the folder it stands in, without a prefix per target. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ node.fqn[1] if node.resource_type == "model" else custom_schema_name or target.schema }}
{%- endmacro %}
