-- Ranked is what the publisher itself ranks: the standings of its default view, and means over all of their tasks.
select
    scores.snapshot_id,
    scores.entry_no,
    scores.metric_id,
    scores.value,
    scores.canonical_value,
    scores.lower,
    scores.upper,
    scores.interval_basis,
    scores.votes,
    scores.published_rank,
    scores.standing,
    scores.tasks,
    scores.tasks_total,
    scores.standing = any(snapshots.default_view)
    and scores.tasks is not distinct from scores.tasks_total as is_ranked
from {{ source('budmodel', 'scores') }} as scores
inner join {{ ref('stg_snapshots') }} as snapshots using (snapshot_id)
