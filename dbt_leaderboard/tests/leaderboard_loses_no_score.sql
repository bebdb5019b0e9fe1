{{ config(meta={'dagster': {'ref': {'name': 'leaderboard'}}}) }}
-- Joins neither lose nor repeat a score of the snapshots that the leaderboard was built from, and no source is left out.
select
    sources.source,
    shown.snapshot_id,
    shown.scores as shown_scores,
    published.scores as published_scores
from {{ source('budmodel', 'sources') }} as sources
left join (
    select
        source,
        snapshot_id,
        count(*) as scores
    from {{ ref('leaderboard') }}
    group by source, snapshot_id
) as shown using (source)
cross join lateral (
    select count(*) as scores
    from {{ source('budmodel', 'scores') }} as scores
    where scores.snapshot_id = shown.snapshot_id
) as published
where sources.current_snapshot_id is not null and shown.scores is distinct from published.scores
