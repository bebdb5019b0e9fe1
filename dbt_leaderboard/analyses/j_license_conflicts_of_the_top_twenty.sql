-- Contradicting licenses among models that some headline places in its top twenty.
select
    conflicts.name,
    conflicts.model_id,
    conflicts.kind,
    conflicts.severity,
    conflicts.claimed,
    conflicts.found,
    conflicts.reason,
    best.metric_id,
    best.rank
from {{ ref('license_conflicts') }} as conflicts
inner join (
    select distinct on (model_id)
        model_id,
        metric_id,
        rank
    from {{ ref('model_comparison') }}
    where is_headline and rank <= 20
    order by model_id, rank, metric_id
) as best using (model_id)
order by best.rank, conflicts.name
