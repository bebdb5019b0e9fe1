with main_files as (
    select distinct on (snapshot_id)
        snapshot_id,
        url,
        count(*) over (partition by snapshot_id) as files
    from {{ source('budmodel', 'snapshot_files') }}
    order by snapshot_id, size_bytes desc, endpoint
)

select
    snapshots.snapshot_id,
    snapshots.source,
    snapshots.origin,
    snapshots.fetched_at,
    lead(snapshots.fetched_at) over (
        partition by snapshots.source
        order by snapshots.fetched_at, snapshots.snapshot_id
    ) as superseded_at,
    row_number() over (order by snapshots.source, snapshots.fetched_at, snapshots.snapshot_id) as ordinal,
    snapshots.snapshot_id = sources.current_snapshot_id as is_current,
    coalesce(snapshots.as_of, (snapshots.fetched_at at time zone 'UTC')::date) as as_of,
    case when snapshots.as_of is null then 'fetched' else 'stated' end as as_of_basis,
    snapshots.window_start,
    snapshots.window_end,
    main_files.url as source_url,
    main_files.files as source_files
from {{ source('budmodel', 'snapshots') }} as snapshots
inner join {{ source('budmodel', 'sources') }} as sources using (source)
left join main_files using (snapshot_id)
where snapshots.status = 'published'
