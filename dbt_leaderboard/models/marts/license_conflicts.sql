select
    conflicts.target,
    cards.model_id,
    models.group_id,
    models.display_name,
    models.maker,
    models.hub_repository,
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
left join {{ ref('stg_models') }} as models on cards.model_id = models.model_id
