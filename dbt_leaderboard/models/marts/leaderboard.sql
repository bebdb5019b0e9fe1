{{ config(indexes=[{'columns': ['metric_id']}, {'columns': ['model_id']}]) }}

select
    snapshots.source,
    metrics.benchmark_id,
    metrics.domain,
    scores.metric_id,
    metrics.metric_title,
    entries.model_id,
    entries.group_id,
    entries.display_name,
    entries.maker,
    entries.hub_repository,
    entries.variant,
    entries.published_name,
    entries.entry_key,
    entries.organization,
    entries.license,
    scores.value as score,
    metrics.unit,
    scores.canonical_value as canonical_score,
    metrics.canonical_unit,
    metrics.higher_is_better,
    scores.lower,
    scores.upper,
    scores.interval_basis,
    scores.votes,
    scores.standing,
    metrics.run_by,
    scores.tasks,
    scores.tasks_total,
    case when metrics.higher_is_better is not null and scores.is_ranked then rank() over best_first end as rank,
    case
        when metrics.higher_is_better is not null and scores.is_ranked then 1 - percent_rank() over best_first
    end as percentile,
    case
        when metrics.higher_is_better is not null and scores.is_ranked
            then count(*) over (partition by scores.metric_id, scores.is_ranked)
    end as ranked_entries,
    case when metrics.higher_is_better is not null then rank() over best_of_all_first end as rank_all,
    scores.published_rank,
    entries.settings,
    entries.released_on,
    snapshots.as_of,
    snapshots.as_of_basis,
    snapshots.window_start,
    snapshots.window_end,
    snapshots.origin,
    snapshots.source_url,
    snapshots.source_files,
    snapshots.snapshot_id,
    snapshots.fetched_at,
    snapshots.unchanged_since
from {{ ref('stg_snapshots') }} as snapshots
inner join {{ ref('stg_scores') }} as scores using (snapshot_id)
inner join {{ ref('stg_entries') }} as entries using (snapshot_id, entry_no)
inner join {{ ref('stg_metrics') }} as metrics using (metric_id)
where snapshots.is_current
window
    best_first as (
        partition by scores.metric_id, scores.is_ranked
        order by case when metrics.higher_is_better then -scores.value else scores.value end
    ),
    best_of_all_first as (
        partition by scores.metric_id
        order by case when metrics.higher_is_better then -scores.value else scores.value end
    )
