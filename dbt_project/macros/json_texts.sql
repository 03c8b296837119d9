{# JSON is kept as text in the lake; keys without a value are left out. #}
{% macro json_object_text(struct) -%}
    cast(json_merge_patch('{}', to_json({{ struct }})) as varchar)
{%- endmacro %}

{% macro json_list_text(list) -%}
    coalesce(cast(to_json({{ list }}) as varchar), '[]')
{%- endmacro %}
