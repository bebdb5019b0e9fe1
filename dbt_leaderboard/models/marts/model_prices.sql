{{ config(indexes=[{'columns': ['model_id']}]) }}

select
    prices.catalog,
    prices.provider,
    prices.provider_name,
    prices.published_id,
    prices.name as published_name,
    prices.model_id,
    models.group_id,
    models.display_name,
    models.maker,
    models.hub_repository,
    prices.variant,
    prices.unmatched,
    prices.mode,
    prices.context_above,
    prices.status,
    prices.basis,
    prices.input_usd_per_million_tokens,
    prices.output_usd_per_million_tokens,
    prices.cache_read_usd_per_million_tokens,
    prices.cache_write_usd_per_million_tokens,
    prices.published_as_zero,
    prices.model_id is not null
    and prices.variant is null
    and prices.mode = 'standard'
    and prices.context_above = 0
    and prices.status is distinct from 'deprecated' as is_usual,
    files.url,
    files.origin,
    files.sha256,
    files.fetched_at
from {{ source('budmodel', 'model_prices') }} as prices
inner join {{ source('budmodel', 'catalog_files') }} as files using (catalog)
left join {{ ref('stg_models') }} as models on prices.model_id = models.model_id
