{# Half-open periods [valid_from, valid_to) of one key are not empty and do not overlap; only the last may be open. #}
{% test periods_do_not_overlap(model, key) %}
select *
from (
    select
        {{ key | join(', ') }},
        valid_from,
        valid_to,
        lead(valid_from) over (partition by {{ key | join(', ') }} order by valid_from) as next_from
    from {{ model }}
) as periods
where valid_to <= valid_from or (next_from is not null and (valid_to is null or valid_to > next_from))
{% endtest %}
