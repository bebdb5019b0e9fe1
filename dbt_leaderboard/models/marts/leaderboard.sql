{{ config(indexes=[{'columns': ['metric_id']}, {'columns': ['model_id']}]) }}

select
    snapshots.source,
    metrics.benchmark_id,
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
    scores.votes,
    case when metrics.higher_is_better is not null then rank() over best_first end as rank,
    case when metrics.higher_is_better is not null then 1 - percent_rank() over best_first end as percentile,
    case when metrics.higher_is_better is not null then count(*) over (partition by scores.metric_id) end as ranked_entries,
    scores.published_rank,
    scores.is_self_reported,
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
    snapshots.fetched_at
from {{ ref('stg_snapshots') }} as snapshots
inner join {{ source('budmodel', 'scores') }} as scores using (snapshot_id)
inner join {{ ref('stg_entries') }} as entries using (snapshot_id, entry_no)
inner join {{ ref('stg_metrics') }} as metrics using (metric_id)
where snapshots.is_current
window
    best_first as (
        partition by scores.metric_id
        order by case when metrics.higher_is_better then -scores.value else scores.value end
    )
