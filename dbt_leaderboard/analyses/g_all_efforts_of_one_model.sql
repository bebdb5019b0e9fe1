-- All efforts, modes and settings of one model side by side. Any other id of a model may stand there; dbt takes
-- --vars '{model: …}'.
select
    metric_id,
    max(unit) as unit,
    jsonb_object_agg(coalesce(variant, 'plain'), score order by variant) as score_by_variant
from {{ ref('leaderboard') }}
where model_id = '{{ var("model", "anthropic/claude-opus-4.5-20251101") }}'
group by metric_id
order by metric_id
