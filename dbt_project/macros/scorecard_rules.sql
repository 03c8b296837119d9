{# The rules of the scorecard version this run scores with. #}
{% macro current_rules() -%}
    select * from {{ source("scoring", "scorecard_rules") }}
    where scorecard_version = '{{ var("scorecard_version") }}'
{%- endmacro %}
