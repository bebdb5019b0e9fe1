{{ config(indexes=[{'columns': ['metric_id', 'entry_key']}, {'columns': ['model_id']}]) }}

-- Entries are numbered because every score of every snapshot is sorted by them.
with sightings as (
    select
        snapshots.snapshot_id,
        snapshots.source,
        snapshots.ordinal,
        snapshots.origin,
        entries.entry_no,
        entries.entry_key,
        entries.published_name,
        entries.model_id,
        entries.group_id,
        entries.display_name,
        entries.maker,
        entries.hub_repository,
        dense_rank() over (order by snapshots.source, entries.entry_key) as entry
    from {{ ref('stg_snapshots') }} as snapshots
    inner join {{ ref('stg_entries') }} as entries using (snapshot_id)
),

-- A value that stands in consecutive snapshots keeps its distance to the count of snapshots that it stands in.
observed as (
    select
        sightings.entry,
        sightings.ordinal,
        sightings.origin,
        scores.metric_id,
        scores.value,
        sightings.ordinal - row_number() over (
            partition by sightings.entry, scores.metric_id, scores.value, sightings.origin
            order by sightings.ordinal
        ) as island
    from sightings
    inner join {{ source('budmodel', 'scores') }} as scores using (snapshot_id, entry_no)
),

periods as (
    select
        entry,
        metric_id,
        value,
        min(ordinal) as first_ordinal,
        max(ordinal) as last_ordinal
    from observed
    group by entry, metric_id, value, origin, island
),

latest as (
    select distinct on (entry)
        entry,
        source,
        entry_key,
        published_name,
        model_id,
        group_id,
        display_name,
        maker,
        hub_repository
    from sightings
    order by entry, ordinal desc
)

select
    latest.source,
    periods.metric_id,
    latest.entry_key,
    latest.model_id,
    latest.group_id,
    latest.display_name,
    latest.maker,
    latest.hub_repository,
    latest.published_name,
    periods.value as score,
    metrics.unit,
    first_seen.fetched_at as valid_from,
    last_seen.superseded_at as valid_to,
    first_seen.origin,
    first_seen.snapshot_id as first_snapshot_id,
    last_seen.snapshot_id as last_snapshot_id
from periods
inner join latest using (entry)
inner join {{ ref('stg_snapshots') }} as first_seen on periods.first_ordinal = first_seen.ordinal
inner join {{ ref('stg_snapshots') }} as last_seen on periods.last_ordinal = last_seen.ordinal
inner join {{ ref('stg_metrics') }} as metrics using (metric_id)
