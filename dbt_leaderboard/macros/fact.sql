{#
    The value of a field of stg_model_info, typed. Facts come from strangers' files: a value that is not of the type is null
    here, and stays visible in `facts`, rather than break the table for everyone.
#}
{% macro fact(name, type) -%}
{%- set value = "cards.facts -> '" ~ name ~ "' ->> 'value'" -%}
{%- if type == 'text' -%} {{ value }}
{%- elif type == 'text[]' -%}
case
    when jsonb_typeof(cards.facts -> '{{ name }}' -> 'value') = 'array'
        then array(select jsonb_array_elements_text(cards.facts -> '{{ name }}' -> 'value'))
end
{%- else -%}
{%- set pattern = {
    'bigint': '^-?[0-9]{1,18}$',
    'boolean': '^(true|false)$',
    'double precision': '^-?[0-9]{1,15}([.][0-9]+)?$',
    'date': '^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$',
    'timestamp with time zone': '^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-9]|3[01])T[0-9:.]+(Z|[+]00:00)$',
}[type] -%}
case when {{ value }} ~ '{{ pattern }}' then ({{ value }})::{{ type }} end
{%- endif -%}
{%- endmacro %}

{# The sentences of a part of the prose. #}
{% macro claims(part) -%}
case
    when jsonb_typeof(cards.prose -> 'prose' -> '{{ part }}') = 'array'
        then array(select claim ->> 'text' from jsonb_array_elements(cards.prose -> 'prose' -> '{{ part }}') as claim)
end
{%- endmacro %}

{# Memory to serve one sequence of `context` tokens with weights of that many bytes. #}
{% macro serving_bytes(weight_bytes, context) -%}
marts.serving_bytes_at(
    {{ weight_bytes }},
    {{ fact('kv_cache_bytes_per_token', 'bigint') }},
    {{ fact('kv_cache_bytes_per_token_beyond_window', 'bigint') }},
    {{ fact('kv_cache_window', 'bigint') }},
    {{ context }}
)
{%- endmacro %}
