{# Every metric with a direction ranks all of its rows, from 1; the others rank none. #}
{% test ranks_start_at_one(model) %}
select
    metric_id,
    min(rank) as first_rank
from {{ model }}
group by metric_id, higher_is_better
having
    case
        when higher_is_better is null then count(rank) > 0
        else min(rank) <> 1 or count(rank) < count(*) or max(percentile) <> 1 or min(percentile) < 0
    end
{% endtest %}
