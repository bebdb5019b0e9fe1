-- All scores of a metric come from one snapshot, so its date and origin are those of any of them.
with figures as (
    select
        metric_id,
        count(*) as entries,
        count(distinct model_id) as models,
        max(ranked_entries) as ranked_entries,
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
    select
        metric_id,
        array_agg(model_id order by model_id) as model_ids,
        max(score) as score
    from {{ ref('model_comparison') }}
    where rank = 1
    group by metric_id
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
    metrics.run_by,
    case
        when figures.metric_id is not null then 'current'
        when metrics.last_scored_at is not null then 'withdrawn'
        else 'never'
    end as status,
    metrics.last_scored_at,
    metrics.unit,
    metrics.canonical_unit,
    metrics.higher_is_better,
    metrics.minimum,
    metrics.maximum,
    coalesce(figures.models, 0) as models,
    coalesce(figures.entries, 0) as entries,
    coalesce(figures.ranked_entries, 0) as ranked_entries,
    figures.min_score,
    figures.median_score,
    figures.max_score,
    case when cardinality(best.model_ids) = 1 then best.model_ids[1] end as best_model_id,
    best.model_ids as best_model_ids,
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
