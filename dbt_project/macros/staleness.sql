{#
    The rows of `current` whose versions differ from those this model was built from, or that it
    does not hold yet. Comparing versions finds late and early arrivals alike, which a watermark
    on time does not; what cannot have changed is never read again.
#}
{#
    Whether a migration gave the model columns that none of its rows has a value for yet: all of
    them are stale then, whatever their versions say.
#}
{% macro is_refilled() %}
    {{ return((this.schema ~ "." ~ this.identifier) in var("refilled_models")) }}
{% endmacro %}

{% macro stale_rows(current, key, versions, built=this, is_forced=false) %}
    select current_state.*
    from {{ current }} as current_state
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
