with newest as (
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
)

-- Unpacked once and not at each of two hundred looks into it; `offset 0` keeps the planner from moving that to each of them.
select
    target,
    provider,
    model_id,
    revision,
    name,
    origin,
    extracted_at,
    facts || '{}'::jsonb as facts,
    base_models,
    evaluations,
    variants,
    prose,
    warnings,
    problems
from newest
offset 0
