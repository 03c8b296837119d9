{# The instant this run counts from: always passed in, so that a run can be repeated. #}
{% macro as_of() -%}
    cast('{{ var("as_of") }}' as timestamp)
{%- endmacro %}
