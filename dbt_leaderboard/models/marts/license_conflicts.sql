select
    conflicts.target,
    cards.model_id,
    cards.name,
    conflicts.kind,
    conflicts.severity,
    conflicts.other,
    conflicts.dimension,
    conflicts.claimed,
    conflicts.found,
    conflicts.reason
from {{ source('budmodel', 'license_conflicts') }} as conflicts
inner join {{ ref('stg_model_info') }} as cards using (target)
