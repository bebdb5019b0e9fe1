{{ config(indexes=[{'columns': ['model_id']}]) }}

-- Usual is an offer that holds for any request and is still made; of each provider that of the catalog whose word counts most,
-- among those that say clearly what it charges, or that it serves the model no more.
with offers as (
    select
        *,
        coalesce(
            model_id is not null
            and variant is null
            and mode = 'standard'
            and context_above = 0,
            false
        ) as is_plain,
        status is not distinct from 'deprecated' as is_over
    from {{ source('budmodel', 'model_prices') }}
),

heard as (
    select
        model_id,
        provider,
        coalesce(min(precedence) filter (where basis in ('priced', 'free') or is_over), min(precedence)) as precedence
    from offers
    where is_plain
    group by model_id, provider
),

-- The same offer as another catalog has it, where nothing that this one says of it is as there.
contradictions as (
    select
        catalog,
        provider,
        published_id,
        mode,
        context_above,
        array_agg(other_catalog order by other_catalog collate "C") as contradicted_by
    from (
        select
            mine.catalog,
            mine.provider,
            mine.published_id,
            mine.mode,
            mine.context_above,
            others.catalog as other_catalog
        from offers as mine
        inner join offers as others
            on
                mine.model_id = others.model_id
                and mine.provider = others.provider
                and mine.mode = others.mode
                and mine.context_above = others.context_above
                and mine.variant is not distinct from others.variant
                and mine.catalog <> others.catalog
        where
            mine.basis = 'priced'
            and others.basis = 'priced'
            and not mine.is_over
            and not others.is_over
        group by mine.catalog, mine.provider, mine.published_id, mine.mode, mine.context_above, others.catalog
        having not bool_or(
            -- Rounding is no contradiction, and neither is what one of them does not say.
            coalesce(abs(mine.input_usd_per_million_tokens - others.input_usd_per_million_tokens) <= 0.001 * mine.input_usd_per_million_tokens, true)
            and coalesce(abs(mine.output_usd_per_million_tokens - others.output_usd_per_million_tokens) <= 0.001 * mine.output_usd_per_million_tokens, true)
        )
    ) as pairs
    group by catalog, provider, published_id, mode, context_above
)

select
    offers.catalog,
    offers.provider,
    offers.provider_name,
    offers.published_id,
    offers.name as published_name,
    offers.model_id,
    models.group_id,
    models.display_name,
    models.maker,
    models.hub_repository,
    offers.variant,
    offers.unmatched,
    offers.mode,
    offers.context_above,
    offers.status,
    offers.retires_on,
    offers.basis,
    offers.input_usd_per_million_tokens,
    offers.output_usd_per_million_tokens,
    offers.cache_read_usd_per_million_tokens,
    offers.cache_write_usd_per_million_tokens,
    offers.published_as_zero,
    offers.refused,
    coalesce(contradictions.contradicted_by, '{}') as contradicted_by,
    coalesce(offers.precedence = heard.precedence and not offers.is_over, false) as is_usual,
    offers.context_length,
    offers.output_tokens,
    offers.input_modalities,
    offers.output_modalities,
    offers.tool_use,
    offers.reasoning,
    offers.structured_output,
    files.url,
    files.origin,
    files.sha256,
    files.fetched_at
from offers
inner join {{ source('budmodel', 'catalog_files') }} as files using (catalog)
left join {{ ref('stg_models') }} as models on offers.model_id = models.model_id
left join heard on offers.is_plain and offers.model_id = heard.model_id and offers.provider = heard.provider
left join contradictions
    on
        offers.catalog = contradictions.catalog
        and offers.provider = contradictions.provider
        and offers.published_id = contradictions.published_id
        and offers.mode = contradictions.mode
        and offers.context_above = contradictions.context_above
