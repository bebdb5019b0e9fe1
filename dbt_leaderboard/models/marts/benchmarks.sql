-- All scores of a metric come from one snapshot, so its date and origin are those of any of them.
with figures as (
    select
        metric_id,
        count(*) as entries,
        count(distinct model_id) as models,
        min(score) as min_score,
        percentile_cont(0.5) within group (order by score::double precision)::numeric as median_score,
        max(score) as max_score,
        max(as_of) as as_of,
        max(as_of_basis) as as_of_basis,
        max(origin) as origin
    from {{ ref('leaderboard') }}
    group by metric_id
),

best as (
    select distinct on (metric_id)
        metric_id,
        model_id,
        score
    from {{ ref('model_comparison') }}
    where rank = 1
    order by metric_id, is_self_reported is true, model_id
)

select
    metrics.metric_id,
    metrics.benchmark_id,
    metrics.benchmark_title,
    metrics.domain,
    metrics.benchmark_description,
    metrics.metric_title,
    metrics.metric_description,
    metrics.is_headline,
    metrics.unit,
    metrics.canonical_unit,
    metrics.higher_is_better,
    metrics.minimum,
    metrics.maximum,
    coalesce(figures.models, 0) as models,
    coalesce(figures.entries, 0) as entries,
    figures.min_score,
    figures.median_score,
    figures.max_score,
    best.model_id as best_model_id,
    best.score as best_score,
    figures.as_of,
    figures.as_of_basis,
    figures.origin,
    metrics.source,
    sources.title as source_title,
    sources.publisher,
    sources.license,
    sources.homepage
from {{ ref('stg_metrics') }} as metrics
inner join {{ source('budmodel', 'sources') }} as sources using (source)
left join figures using (metric_id)
left join best using (metric_id)
