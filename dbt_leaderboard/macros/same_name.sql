{#
    Whether an entry and an alias speak of the same published name. Arrays, unlike `is not distinct from`, compare null-safe
    and can still be hashed; the name stands apart so that the index of the aliases serves too.
#}
{% macro same_name(entry, alias) -%}
    {{ entry }}.published_name = {{ alias }}.published_name
    and array[{{ entry }}.link, {{ entry }}.organization] = array[{{ alias }}.link, {{ alias }}.organization]
{%- endmacro %}
