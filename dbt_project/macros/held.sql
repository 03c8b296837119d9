{#
    What a step leaves out until a person releases it (lead_platform/lake/quarantine.py): a relation
    of subject_id, to anti-join with. Not a source: every model reads it, and none is made from it.
#}
{% macro held(step) -%}
    (
        select subject_id
        from lake.governance.quarantine
        where step = '{{ step }}' and subject_type = 'lead' and state in ('held', 'discarded')
    )
{%- endmacro %}
