{{ config(meta={'dagster': {'ref': {'name': 'leaderboard'}}}) }}
-- Table scores has no foreign keys. Older snapshots were looked at when they were current, and scores never change.
select
    scores.snapshot_id,
    scores.entry_no,
    scores.metric_id
from {{ source('budmodel', 'scores') }} as scores
left join {{ source('budmodel', 'entries') }} as entries using (snapshot_id, entry_no)
left join {{ source('budmodel', 'metrics') }} as metrics using (metric_id)
where
    scores.snapshot_id in (select snapshot_id from {{ ref('leaderboard') }})
    and (entries.entry_key is null or metrics.unit is null)
