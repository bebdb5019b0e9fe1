{{ config(indexes=[{'columns': ['scope', 'rank']}, {'columns': ['group_id']}]) }}

-- A place in a ranking beside everything that decides whether one can use the model. What is not known is null, or said to
-- be unknown; and what is of a model's files is all of one card, so that no license of one stands beside the size of another.
with cards as (
    select distinct on (group_id)
        *,
        count(*) over (partition by group_id) as cards
    from {{ ref('model_cards') }}
    where group_id is not null
    -- Files before catalogs, weights before none, the repository that leaderboards link to before copies, the newest first.
    order by
        group_id,
        provider = 'cloud_model',
        weight_bytes is null,
        name is distinct from hub_repository,
        created_at desc nulls last,
        target
),

disputes as (
    select
        target,
        count(*) as conflicts,
        min(reason) filter (
            where kind = 'derivative_vs_base' and dimension in ('commercial use', 'commercial threshold')
        ) as commercial_doubt
    from {{ ref('license_conflicts') }}
    where severity = 'conflict'
    group by target
),

opened as (
    select
        group_id,
        -- A repository may hold a card or a tokenizer alone: weights that were seen are open, and else a catalog has to say so.
        case
            when bool_or(provider <> 'cloud_model' and weight_bytes > 0) then true
            else bool_or(open_weights)
        end as open_weights
    from {{ ref('model_cards') }}
    group by group_id
),

offers as (
    select
        *,
        basis = 'priced' and input_usd_per_million_tokens is not null as is_priced,
        -- Three tokens in for one out.
        (3 * input_usd_per_million_tokens + output_usd_per_million_tokens) / 4 as blended
    from {{ ref('model_prices') }}
    where is_usual and group_id is not null
),

cheapest as (
    select distinct on (group_id) *
    from offers
    where is_priced
    -- Three tokens in for one out, as on the cards; an offer that keeps a price to itself is no cheap one.
    order by
        group_id,
        output_usd_per_million_tokens is null,
        3 * input_usd_per_million_tokens + coalesce(output_usd_per_million_tokens, 0),
        provider collate "C",
        published_id collate "C"
),

offered as (
    select
        group_id,
        count(distinct provider) filter (where basis = 'priced') as priced_providers,
        count(distinct provider) filter (where basis = 'free') as free_providers,
        max(input_usd_per_million_tokens) filter (where is_priced) as dearest_input,
        max(blended) filter (where is_priced) as dearest_blended,
        array_agg(distinct catalog order by catalog) filter (where is_priced) as catalogs,
        count(distinct provider) filter (where is_priced and contradicted_by <> '{}') as contradicted_providers
    from offers
    group by group_id
),

known as (
    select
        rankings.scope,
        rankings.group_id,
        rankings.display_name,
        rankings.maker,
        rankings.rank,
        rankings.tier,
        rankings.score,
        rankings.lower,
        rankings.upper,
        rankings.benchmarks,
        rankings.self_reported,
        rankings.ranked_models,
        rankings.sources,
        cards.target,
        cards.revision,
        cards.origin as card_origin,
        cards.extracted_at,
        coalesce(cards.cards, 0) as cards,
        opened.open_weights,
        coalesce(cards.parameters_unique, cards.parameters_stated) as parameters,
        case
            when cards.parameters_unique is not null then 'counted'
            when cards.parameters_stated is not null then 'stated'
            else 'unknown'
        end as parameters_basis,
        cards.context_length,
        cards.weight_bytes,
        cards.kv_cache_bytes_per_token,
        cards.kv_cache_bytes_per_token_beyond_window,
        cards.kv_cache_window,
        cards.serving_bytes_8k,
        cards.serving_bytes_32k,
        cards.serving_bytes_128k,
        cards.serving_bytes_full,
        cards.license_id,
        cards.license_type,
        cards.license_suitability,
        case cards.license_evidence
            when 'text' then 'text'
            when 'link' then 'linked text'
            when 'tag' then 'tag'
            else 'unknown'
        end as license_basis,
        coalesce(disputes.conflicts, 0) as license_conflicts,
        -- A license grants no more than that of the model that its own was made from.
        case
            when cards.commercial_use = 'YES' and disputes.commercial_doubt is not null then 'UNKNOWN'
            when cards.commercial_use in ('YES', 'CONDITIONAL', 'NO') then cards.commercial_use
            else 'UNKNOWN'
        end as commercial_use,
        disputes.commercial_doubt,
        -- A clean verdict vouches for the files that it saw; a bad one stays a warning until somebody looks again.
        case
            when cards.scanned_revision = cards.revision then cards.security_verdict
            when cards.security_verdict in ('malicious', 'suspicious') then cards.security_verdict
            else 'unscanned'
        end as verdict,
        cards.scanned_revision,
        cards.scanned_at,
        cheapest.input_usd_per_million_tokens,
        cheapest.output_usd_per_million_tokens,
        case
            -- Embeddings put out no tokens.
            when rankings.scope = 'embedding' then cheapest.input_usd_per_million_tokens
            else (3 * cheapest.input_usd_per_million_tokens + cheapest.output_usd_per_million_tokens) / 4
        end as blended_usd_per_million_tokens,
        cheapest.provider as cheapest_provider,
        cheapest.provider_name as cheapest_provider_name,
        cheapest.catalog as price_catalog,
        cheapest.fetched_at as prices_fetched_at,
        case when rankings.scope = 'embedding' then offered.dearest_input else offered.dearest_blended end
            as dearest_blended_usd_per_million_tokens,
        coalesce(offered.catalogs, '{}') as price_catalogs,
        coalesce(offered.contradicted_providers, 0) as contradicted_providers,
        coalesce(offered.priced_providers, 0) as priced_providers,
        coalesce(offered.free_providers, 0) as free_providers
    from {{ ref('model_ranking') }} as rankings
    left join cards on rankings.group_id = cards.group_id
    left join opened on rankings.group_id = opened.group_id
    left join disputes on cards.target = disputes.target
    left join cheapest on rankings.group_id = cheapest.group_id
    left join offered on rankings.group_id = offered.group_id
)

select
    known.*,
    array_remove(
        array[
            case when rank is null then 'rank' end,
            case when target is null then 'card' end,
            case when parameters is null then 'parameters' end,
            case when context_length is null then 'context' end,
            case when serving_bytes_8k is null then 'memory' end,
            case when open_weights is null then 'open weights' end,
            case when license_basis = 'unknown' or license_id is null then 'license' end,
            case when commercial_use = 'UNKNOWN' then 'commercial use' end,
            case when verdict in ('unscanned', 'error') then 'verdict' end,
            case when blended_usd_per_million_tokens is null then 'price' end
        ],
        null
    ) as not_known
from known
