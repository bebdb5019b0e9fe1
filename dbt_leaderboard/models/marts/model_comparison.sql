{{ config(indexes=[{'columns': ['model_id']}, {'columns': ['metric_id']}]) }}

-- One published score speaks for a model: its best among those with the best standing, or where no end of the metric is
-- good, their middle one. What the publisher ranks comes before what it does not; systems around a model never speak for it.
with candidates as (
    select
        *,
        rank is not null or (
            higher_is_better is null and tasks is not distinct from tasks_total
        ) as is_ranked,
        array_position(
            array['verified', 'community', 'unknown', 'self_reported', 'contaminated'], standing
        ) as standing_order,
        count(*) over (partition by model_id, metric_id) as entries
    from {{ ref('leaderboard') }}
    where model_id is not null and standing <> 'system'
),

best_vouched as (
    select
        *,
        dense_rank() over (
            partition by model_id, metric_id order by not is_ranked, standing_order
        ) as class
    from candidates
),

placed as (
    select
        *,
        row_number() over (partition by model_id, metric_id order by rank_all, score, entry_key) as place,
        count(*) over (partition by model_id, metric_id) as alike
    from best_vouched
    where class = 1
),

chosen as (
    select *
    from placed
    where place = case when higher_is_better is null then (alike + 1) / 2 else 1 end
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
    chosen.domain,
    metrics.is_headline,
    chosen.source,
    chosen.score,
    chosen.unit,
    chosen.canonical_score,
    chosen.canonical_unit,
    chosen.higher_is_better,
    chosen.lower,
    chosen.upper,
    chosen.interval_basis,
    chosen.standing,
    chosen.run_by,
    chosen.tasks,
    chosen.tasks_total,
    chosen.published_name,
    chosen.variant,
    chosen.entry_key,
    chosen.entries,
    case when chosen.higher_is_better is not null and chosen.is_ranked then rank() over best_first end as rank,
    case
        when chosen.higher_is_better is not null and chosen.is_ranked then 1 - percent_rank() over best_first
    end as percentile,
    case
        when chosen.higher_is_better is not null and chosen.is_ranked
            then count(*) over (partition by chosen.metric_id, chosen.is_ranked)
    end as ranked_models,
    case when chosen.higher_is_better is not null then rank() over best_of_all_first end as rank_all,
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
        partition by chosen.metric_id, chosen.is_ranked
        order by case when chosen.higher_is_better then -chosen.score else chosen.score end
    ),
    best_of_all_first as (
        partition by chosen.metric_id
        order by case when chosen.higher_is_better then -chosen.score else chosen.score end
    )
