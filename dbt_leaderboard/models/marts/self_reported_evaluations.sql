{{ config(indexes=[{'columns': ['model_id']}]) }}

select
    cards.target,
    cards.model_id,
    models.group_id,
    models.display_name,
    models.maker,
    models.hub_repository,
    result ->> 'benchmark' as benchmark,
    result ->> 'metric' as metric,
    (result ->> 'value')::double precision as value,
    result ->> 'unit' as unit,
    result ->> 'setting' as setting,
    result ->> 'where' as stated_in,
    cards.revision,
    cards.extracted_at
from {{ ref('stg_model_info') }} as cards
left join {{ ref('stg_models') }} as models on cards.model_id = models.model_id
cross join lateral jsonb_array_elements(cards.evaluations) as result
