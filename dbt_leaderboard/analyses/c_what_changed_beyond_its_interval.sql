-- What changed by more than chance. What publishers changed in the newest week that has changes, scores only where they left
-- their former interval (or had none).
select
    week,
    source,
    kind,
    metric_id,
    published_name,
    name_before,
    score_before,
    score,
    difference,
    unit,
    is_beyond_interval,
    scores
from {{ ref('leaderboard_changes') }}
where
    week = (select max(week) from {{ ref('leaderboard_changes') }})
    and (kind <> 'rescored' or is_beyond_interval is distinct from false)
order by source, kind, metric_id, published_name
