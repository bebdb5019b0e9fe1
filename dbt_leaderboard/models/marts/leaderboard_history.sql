{{ config(indexes=[{'columns': ['metric_id', 'entry_key']}, {'columns': ['model_id']}]) }}

-- Entries are numbered because every score of every snapshot is sorted by them.
with sightings as (
    select
        snapshots.snapshot_id,
        snapshots.source,
        snapshots.ordinal,
        snapshots.is_sample,
        snapshots.origin,
        entries.entry_no,
        entries.entry_key,
        entries.published_name,
        entries.model_id,
        entries.group_id,
        entries.display_name,
        entries.maker,
        entries.hub_repository,
        entries.variant,
        dense_rank() over (order by snapshots.source, entries.entry_key) as entry
    from {{ ref('stg_snapshots') }} as snapshots
    inner join {{ ref('stg_entries') }} as entries using (snapshot_id)
),

-- A value that stands in consecutive snapshots keeps its distance to the count of snapshots that it stands in.
observed as (
    select
        sightings.entry,
        sightings.ordinal,
        sightings.is_sample,
        sightings.origin,
        sightings.published_name,
        scores.metric_id,
        scores.value,
        sightings.ordinal - row_number() over (
            partition by sightings.entry, scores.metric_id, scores.value, sightings.published_name, sightings.origin
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
        published_name,
        is_sample,
        min(ordinal) as first_ordinal,
        max(ordinal) as last_ordinal
    from observed
    group by entry, metric_id, value, published_name, origin, is_sample, island
),

followed as (
    select
        *,
        lag(value) over earlier as value_before,
        lag(published_name) over earlier as name_before,
        lag(last_ordinal) over earlier as ordinal_before
    from periods
    window earlier as (partition by entry, metric_id, is_sample order by first_ordinal)
)

select
    first_seen.source,
    periods.metric_id,
    entries.entry_key,
    entries.model_id,
    entries.group_id,
    entries.display_name,
    entries.maker,
    entries.hub_repository,
    entries.variant,
    entries.published_name,
    periods.value as score,
    metrics.unit,
    scores.lower,
    scores.upper,
    scores.votes,
    scores.standing,
    case
        when periods.ordinal_before is null then 'new'
        when
            periods.value_before <> periods.value
            and (first_seen.window_start is distinct from before.window_start
            or first_seen.window_end is distinct from before.window_end)
            then 'redefined'
        when periods.value_before <> periods.value then 're-measured'
        when periods.name_before <> periods.published_name then 'renamed'
        else 'returned'
    end as kind,
    first_seen.as_of,
    first_seen.as_of_basis,
    first_seen.window_start,
    first_seen.window_end,
    first_seen.stood_from as valid_from,
    last_seen.superseded_at as valid_to,
    first_seen.origin,
    first_seen.snapshot_id as first_snapshot_id,
    last_seen.snapshot_id as last_snapshot_id
from followed as periods
inner join {{ ref('stg_snapshots') }} as first_seen on periods.first_ordinal = first_seen.ordinal
inner join {{ ref('stg_snapshots') }} as last_seen on periods.last_ordinal = last_seen.ordinal
left join {{ ref('stg_snapshots') }} as before on periods.ordinal_before = before.ordinal
inner join sightings as entries on periods.entry = entries.entry and periods.first_ordinal = entries.ordinal
inner join {{ source('budmodel', 'scores') }} as scores
    on entries.snapshot_id = scores.snapshot_id
    and entries.entry_no = scores.entry_no
    and periods.metric_id = scores.metric_id
inner join {{ ref('stg_metrics') }} as metrics on periods.metric_id = metrics.metric_id
