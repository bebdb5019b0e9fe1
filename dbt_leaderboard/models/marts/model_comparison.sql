{{ config(indexes=[{'columns': ['model_id']}, {'columns': ['metric_id']}]) }}

-- One published score speaks for a model: its best, or where no end of the metric is good, its middle one.
with candidates as (
    select
        *,
        row_number() over (
            partition by model_id, metric_id
            order by rank, score, is_self_reported is true, entry_key
        ) as place,
        count(*) over (partition by model_id, metric_id) as entries
    from {{ ref('leaderboard') }}
    where model_id is not null
),

chosen as (
    select *
    from candidates
    where place = case when higher_is_better is null then (entries + 1) / 2 else 1 end
),

presence as (
    select
        model_id,
        count(distinct source) as sources_count
    from {{ ref('leaderboard') }}
    group by model_id
)

select
    chosen.model_id,
    chosen.group_id,
    chosen.display_name,
    chosen.maker,
    chosen.hub_repository,
    chosen.metric_id,
    chosen.metric_title,
    chosen.benchmark_id,
    metrics.benchmark_title,
    metrics.is_headline,
    chosen.source,
    chosen.score,
    chosen.unit,
    chosen.canonical_score,
    chosen.canonical_unit,
    chosen.higher_is_better,
    chosen.lower,
    chosen.upper,
    chosen.is_self_reported,
    chosen.published_name,
    chosen.variant,
    chosen.entry_key,
    chosen.entries,
    case when chosen.higher_is_better is not null then rank() over best_first end as rank,
    case when chosen.higher_is_better is not null then 1 - percent_rank() over best_first end as percentile,
    case when chosen.higher_is_better is not null then count(*) over (partition by chosen.metric_id) end as ranked_models,
    presence.sources_count,
    chosen.as_of,
    chosen.as_of_basis,
    chosen.origin,
    chosen.source_url,
    chosen.snapshot_id
from chosen
inner join presence using (model_id)
inner join {{ ref('stg_metrics') }} as metrics using (metric_id)
window
    best_first as (
        partition by chosen.metric_id
        order by case when chosen.higher_is_better then -chosen.score else chosen.score end
    )
