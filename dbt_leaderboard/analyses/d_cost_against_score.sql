-- Accuracy of function calling against what the whole benchmark costs. The models that nobody beats at a lower cost.
with points as (
    select
        scores.published_name,
        scores.model_id,
        scores.score as accuracy_percent,
        costs.score as cost_usd
    from {{ ref('leaderboard') }} as scores
    inner join {{ ref('leaderboard') }} as costs using (source, entry_key)
    where scores.metric_id = 'bfcl.overall_accuracy' and costs.metric_id = 'bfcl.total_cost'
)

select points.*
from points
where
    not exists (
        select 1
        from points as better
        where
            better.accuracy_percent >= points.accuracy_percent
            and better.cost_usd <= points.cost_usd
            and (better.accuracy_percent > points.accuracy_percent or better.cost_usd < points.cost_usd)
    )
order by points.accuracy_percent desc
