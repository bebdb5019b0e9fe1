{{ config(materialized='view') }}

select
    targets.target,
    targets.provider,
    targets.model_id,
    models.group_id,
    models.display_name,
    models.maker,
    models.hub_repository,
    case
        when targets.failure_state is not null then 'failing'
        when targets.extracted_at is null then 'never'
        when targets.status = 'waiting' then 'due'
        else 'ok'
    end as status,
    targets.failure_state,
    targets.last_error,
    targets.attempts,
    targets.next_attempt_at,
    targets.revision,
    targets.extracted_at,
    targets.checked_at,
    targets.discovered_by,
    targets.first_seen_at
from {{ source('budmodel', 'extraction_targets') }} as targets
left join {{ ref('stg_models') }} as models on targets.model_id = models.model_id
