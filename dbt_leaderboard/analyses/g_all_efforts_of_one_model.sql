-- All efforts, modes and settings of one model side by side. Every score where a source has several of one setting. Any other
-- id of a model may stand there; dbt takes --vars '{model: …}'.
with settings as (
    select
        metric_id,
        max(unit) as unit,
        coalesce(variant, 'plain') as variant,
        case when count(*) = 1 then to_jsonb(max(score)) else jsonb_agg(score order by score desc) end as scores
    from {{ ref('leaderboard') }}
    where model_id = '{{ var("model", "anthropic/claude-opus-4.5-20251101") }}'
    group by metric_id, coalesce(variant, 'plain')
)

select
    metric_id,
    max(unit) as unit,
    jsonb_object_agg(variant, scores order by variant) as score_by_variant
from settings
group by metric_id
order by metric_id
