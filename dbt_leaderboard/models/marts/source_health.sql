{{ config(materialized='view') }}

-- Reads the core tables and no staging view: rebuilding a staging view would drop this one for a while.
select
    sources.source,
    sources.title,
    sources.shape,
    sources.documented_files,
    case
        when sources.last_error is not null then 'failing'
        when sources.last_extracted_at is null then 'never'
        -- Where it is not known when it is due, it is due at once.
        when now() >= timing.next_due_at or timing.next_due_at is null then 'due'
        else 'ok'
    end as status,
    sources.last_attempt_at,
    sources.last_extracted_at,
    round(extract(epoch from now() - timing.last_extracted_at) / 86400, 2) as age_days,
    sources.cadence_days,
    timing.next_due_at,
    sources.last_error,
    sources.last_failed_at,
    sources.current_snapshot_id,
    snapshots.origin,
    snapshots.as_of,
    snapshots.as_of_basis,
    snapshots.rows_read,
    snapshots.rows_kept,
    snapshots.rows_rejected,
    rejected.by_reason as rejected_by_reason,
    unread.by_column as unread_by_column,
    snapshots.missing_columns,
    snapshots.unknown_columns,
    score_counts.scores,
    entry_counts.entries,
    entry_counts.models,
    snapshots.fetched_at as changed_at,
    content.unchanged_since,
    snapshots.last_seen_at
from {{ source('budmodel', 'sources') }} as sources
-- A success of the future was told by a clock that went wrong, then or now: nobody knows how long ago it is.
cross join lateral (
    select
        case when sources.last_extracted_at <= now() + interval '1 day' then sources.last_extracted_at end
            as last_extracted_at
) as known
cross join lateral (
    select
        known.last_extracted_at,
        known.last_extracted_at + sources.cadence_days * interval '1 day' as next_due_at
) as timing
left join {{ source('budmodel', 'snapshots') }} as snapshots on sources.current_snapshot_id = snapshots.snapshot_id
cross join lateral (
    select count(*) as scores
    from {{ source('budmodel', 'scores') }} as scores
    where scores.snapshot_id = sources.current_snapshot_id
) as score_counts
cross join lateral (
    select
        count(*) as entries,
        count(distinct aliases.model_id) as models
    from {{ source('budmodel', 'entries') }} as entries
    left join {{ source('budmodel', 'model_aliases') }} as aliases
        on aliases.source = sources.source and {{ same_name('entries', 'aliases') }}
    where entries.snapshot_id = sources.current_snapshot_id
) as entry_counts
cross join lateral (
    select jsonb_object_agg(reasons.reason, reasons.rows) as by_reason
    from (
        select
            reason,
            sum(rows) as rows
        from {{ source('budmodel', 'rejected_rows') }}
        where snapshot_id = sources.current_snapshot_id
        group by reason
    ) as reasons
) as rejected
cross join lateral (
    select jsonb_object_agg(columns.column_name, columns.cells) as by_column
    from (
        select
            column_name,
            sum(cells) as cells
        from {{ source('budmodel', 'unread_cells') }}
        where snapshot_id = sources.current_snapshot_id
        group by column_name
    ) as columns
) as unread
-- The same bytes read again by a better parser are another snapshot; since another content was there before them.
cross join lateral (
    select min(same.fetched_at) as unchanged_since
    from {{ source('budmodel', 'snapshots') }} as same
    where
        same.source = sources.source
        and same.status = 'published'
        and same.content_sha256 = snapshots.content_sha256
        and not exists (
            select 1
            from {{ source('budmodel', 'snapshots') }} as other
            where
                other.source = sources.source
                and other.status = 'published'
                and other.content_sha256 <> snapshots.content_sha256
                and other.origin <> 'backfill'
                and (coalesce(other.published_no, 0), other.fetched_at)
                > (coalesce(same.published_no, 0), same.fetched_at)
        )
) as content
