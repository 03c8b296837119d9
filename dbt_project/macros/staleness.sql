{#
    The rows of `current` whose versions differ from those this model was built from, or that it
    does not hold yet. Comparing versions finds late and early arrivals alike, which a watermark
    on time does not; what cannot have changed is never read again. Leads that `step` has set aside
    are left out: their last good row stays.
#}
{#
    Whether a migration gave the model columns that none of its rows has a value for yet: all of
    them are stale then, whatever their versions say.
#}
{% macro is_refilled() %}
    {{ return((this.schema ~ "." ~ this.identifier) in var("refilled_models")) }}
{% endmacro %}

{% macro stale_rows(current, key, versions, step, built=this, is_forced=false) %}
    select current_state.*
    from {{ current }} as current_state
    anti join {{ held(step) }} as held on current_state.lead_id = held.subject_id
    {%- if is_incremental() and not is_forced and not is_refilled() %}
    left join {{ built }} as built_state
        on current_state.{{ key }} = built_state.{{ key }}
    where
        built_state.{{ key }} is null
        {%- for version in versions %}
        or current_state.{{ version }} is distinct from built_state.{{ version }}
        {%- endfor %}
    {%- endif %}
{% endmacro %}
