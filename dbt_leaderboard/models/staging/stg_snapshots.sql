-- A table, so that who looks up a snapshot by its number does not have all of them numbered anew each time.
{{ config(
    materialized='table',
    indexes=[{'columns': ['ordinal'], 'unique': True}, {'columns': ['snapshot_id'], 'unique': True}]
) }}

with main_files as (
    select distinct on (snapshot_id)
        snapshot_id,
        url,
        count(*) over (partition by snapshot_id) as files
    from {{ source('budmodel', 'snapshot_files') }}
    order by snapshot_id, size_bytes desc, endpoint
),

-- An older file that a person loaded as history stood from the day of which the person said so. What was followed by
-- something else stood before that was fetched, also where a clock that was ahead says that it was fetched later.
placed as (
    select
        *,
        case
            when origin = 'backfill' then as_of::timestamp at time zone 'UTC'
            else min(fetched_at) over (
                partition by source, origin = 'backfill'
                order by published_no desc nulls last, fetched_at desc
            )
        end as stood_from,
        origin = 'sample' as is_sample
    from {{ source('budmodel', 'snapshots') }}
    where status = 'published'
),

numbered as (
    select
        *,
        row_number() over (order by source, stood_from, published_no, snapshot_id) as ordinal,
        -- The same bytes read again by a better parser are another snapshot of unchanged content.
        row_number() over (partition by source order by stood_from, published_no, snapshot_id)
        - row_number() over (partition by source, content_sha256 order by stood_from, published_no, snapshot_id) as island
    from placed
)

select
    snapshots.snapshot_id,
    snapshots.source,
    snapshots.origin,
    snapshots.is_sample,
    snapshots.content_sha256,
    snapshots.fetched_at,
    snapshots.stood_from,
    lead(snapshots.stood_from) over (partition by snapshots.source order by snapshots.ordinal) as superseded_at,
    min(snapshots.stood_from) over (
        partition by snapshots.source, snapshots.content_sha256, snapshots.island
    ) as unchanged_since,
    snapshots.ordinal,
    snapshots.snapshot_id = sources.current_snapshot_id as is_current,
    sources.default_view,
    snapshots.as_of,
    snapshots.as_of_basis,
    snapshots.window_start,
    snapshots.window_end,
    main_files.url as source_url,
    main_files.files as source_files
from numbered as snapshots
inner join {{ source('budmodel', 'sources') }} as sources using (source)
left join main_files using (snapshot_id)
