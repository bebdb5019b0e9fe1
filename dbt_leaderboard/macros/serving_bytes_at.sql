{#
    Bytes of memory to serve `sequences` requests of `context` tokens each at once; null where the weights or the cache are not
    known. The same estimate as model_info/memory.py: weights as they are, the cache at 16 bits per element, a tenth of the
    weights and 1 GiB on top. Windowed layers keep at most `cache_window` tokens.
#}
{% macro create_serving_bytes_at() %}
{%- if execute %}
create schema if not exists marts;
create or replace function marts.serving_bytes_at(
    weight_bytes bigint,
    bytes_per_token bigint,
    bytes_per_token_beyond_window bigint,
    cache_window bigint,
    context bigint,
    sequences bigint default 1
) returns bigint language sql immutable parallel safe as $$
    select case when context > 0 and sequences > 0 then
        weight_bytes + weight_bytes / 10 + 1073741824 + sequences * (
            bytes_per_token_beyond_window * context
            + (bytes_per_token - bytes_per_token_beyond_window) * least(context, cache_window)
        )
    end
$$
{%- endif %}
{% endmacro %}
