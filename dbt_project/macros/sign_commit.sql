{#
    Sign the transaction's commit for the writer that runs dbt (lead_platform/lake/fence.py), which
    passes `commit_signature`. A dbt started by hand signs nothing.
#}
{% macro sign_commit() -%}
    {%- set signature = var("commit_signature", "") -%}
    {%- if signature -%}
        call {{ this.database }}.set_commit_message(
            'lead-platform', 'dbt: {{ this.schema }}.{{ this.identifier }}', extra_info => '{{ signature }}'
        )
    {%- endif -%}
{%- endmacro %}
