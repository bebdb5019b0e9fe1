select
    cards.target,
    cards.model_id,
    models.group_id,
    models.display_name,
    models.maker,
    models.hub_repository,
    cards.name as repository,
    variant ->> 'name' as name,
    variant ->> 'part' as part,
    variant ->> 'part_class' as part_class,
    variant ->> 'format' as format,
    variant ->> 'precision' as precision,
    (variant ->> 'size')::bigint as size_bytes,
    (variant ->> 'default')::boolean as is_default,
    case
        when variant ->> 'part' = '' then {{ serving_bytes("(variant ->> 'size')::bigint", '32768') }}
    end as serving_bytes_32k,
    array(select jsonb_array_elements_text(variant -> 'files')) as files,
    cards.extracted_at
from {{ ref('stg_model_info') }} as cards
cross join lateral jsonb_array_elements(cards.variants) as variant
left join {{ ref('stg_models') }} as models on cards.model_id = models.model_id
