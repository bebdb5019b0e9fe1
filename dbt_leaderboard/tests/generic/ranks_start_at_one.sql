{# Every metric with a direction ranks all of its rows (rank_all) and those that its publisher ranks from 1; others none. #}
{% test ranks_start_at_one(model) %}
select
    metric_id,
    min(rank) as first_rank
from {{ model }}
group by metric_id, higher_is_better
having
    case
        when higher_is_better is null then count(rank) + count(rank_all) > 0
        else
            min(rank_all) <> 1
            or count(rank_all) < count(*)
            or (count(rank) > 0 and (min(rank) <> 1 or max(percentile) <> 1 or min(percentile) < 0))
    end
{% endtest %}
