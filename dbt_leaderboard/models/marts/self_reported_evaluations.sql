{{ config(indexes=[{'columns': ['model_id']}]) }}

select
    cards.target,
    cards.model_id,
    result ->> 'benchmark' as benchmark,
    result ->> 'metric' as metric,
    (result ->> 'value')::double precision as value,
    result ->> 'unit' as unit,
    result ->> 'setting' as setting,
    result ->> 'where' as stated_in,
    cards.revision,
    cards.extracted_at
from {{ ref('stg_model_info') }} as cards
cross join lateral jsonb_array_elements(cards.evaluations) as result
