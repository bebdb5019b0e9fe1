select distinct on (info.target)
    info.target,
    targets.provider,
    targets.model_id,
    info.revision,
    info.name,
    info.origin,
    info.extracted_at,
    info.facts,
    info.base_models,
    info.evaluations,
    info.variants,
    info.prose,
    info.warnings,
    info.problems
from {{ source('budmodel', 'model_info') }} as info
inner join {{ source('budmodel', 'extraction_targets') }} as targets using (target)
order by info.target, info.extracted_at desc, info.revision
