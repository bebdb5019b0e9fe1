{#
    Whether an alias tells what an entry means: by everything that a name is resolved by. Arrays, unlike `is not distinct from`, compare null-safe
    and can still be hashed; the name stands apart so that the index of the aliases serves too.
#}
{% macro same_name(entry, alias) -%}
    {{ entry }}.published_name = {{ alias }}.published_name
    and array[{{ entry }}.link, {{ entry }}.organization, {{ entry }}.published_id, {{ entry }}.released_on::text]
    = array[{{ alias }}.link, {{ alias }}.organization, {{ alias }}.published_id, {{ alias }}.released_on::text]
{%- endmacro %}
