{{ config(indexes=[{'columns': ['model_id']}]) }}

-- A headline score of each leaderboard; the whole comparison is in model_comparison.
with headlines as (
    select
        model_id,
        max(sources_count) as sources_count,
        jsonb_object_agg(
            metric_id, jsonb_build_object('score', score, 'unit', unit, 'rank', rank, 'of', ranked_models)
        ) as scores
    from {{ ref('model_comparison') }}
    where is_headline
    group by model_id
),

permissions as (
    select
        document_id,
        -- What is permitted below a threshold or for some only is permitted on conditions.
        case
            when max(value) filter (where question = 'commercial-use') = 'YES'
                and max(value) filter (where question = 'commercial-limits') in ('YES', 'CONDITIONAL')
                then 'CONDITIONAL'
            else max(value) filter (where question = 'commercial-use')
        end as commercial_use,
        max(value) filter (where question = 'share-modified') as redistribution,
        max(value) filter (where question = 'credit') as attribution,
        max(value) filter (where question = 'share-alike') as share_alike,
        max(value) filter (where question = 'purpose-limits') as use_restrictions
    from {{ source('budmodel', 'license_answers') }}
    group by document_id
),

-- What one who asks for the model as it is pays: no other mode, no surcharge for long contexts, no way to run it.
usual_prices as (
    select * from {{ ref('model_prices') }}
    where is_usual
),

prices as (
    select
        model_id,
        count(distinct provider) filter (where basis = 'priced') as providers,
        count(distinct provider) filter (where basis = 'free') as free_providers,
        min(input_usd_per_million_tokens) filter (where basis = 'priced') as lowest_input,
        max(input_usd_per_million_tokens) filter (where basis = 'priced') as highest_input,
        min(output_usd_per_million_tokens) filter (where basis = 'priced') as lowest_output,
        max(output_usd_per_million_tokens) filter (where basis = 'priced') as highest_output,
        -- Three tokens in for one out; models that put out none are compared by what goes in.
        (array_agg(
            provider order by
                output_usd_per_million_tokens is null,
                3 * input_usd_per_million_tokens + coalesce(output_usd_per_million_tokens, 0),
                provider collate "C"
        ) filter (where basis = 'priced' and input_usd_per_million_tokens is not null))[1] as cheapest_provider,
        max(fetched_at) as fetched_at
    from usual_prices
    group by model_id
)

select
    cards.target,
    cards.model_id,
    models.group_id,
    models.display_name,
    models.maker,
    models.hub_repository,
    cards.provider,
    cards.name,
    cards.revision,
    cards.origin,
    cards.extracted_at,
    {{ fact('author', 'text') }} as author,
    {{ fact('uri', 'text') }} as uri,
    {{ fact('provider_url', 'text') }} as provider_url,
    {{ fact('website', 'text') }} as website,
    {{ fact('logo', 'text') }} as logo,
    {{ fact('github', 'text') }} as github,
    {{ fact('status', 'text') }} as status,
    {{ fact('status', 'text') }} = 'gated' as gated,
    {{ fact('kind', 'text') }} as kind,
    cards.facts -> 'adapter' -> 'value' as adapter,
    {{ fact('library', 'text') }} as library,
    {{ fact('tasks', 'text[]') }} as tasks,
    {{ fact('tags', 'text[]') }} as tags,
    {{ fact('languages', 'text[]') }} as languages,
    {{ fact('papers', 'text[]') }} as papers,
    {{ fact('datasets', 'text[]') }} as datasets,
    {{ fact('input_modalities', 'text[]') }} as input_modalities,
    {{ fact('output_modalities', 'text[]') }} as output_modalities,
    {{ fact('license', 'text') }} as license_tag,
    {{ fact('license_link', 'text') }} as license_link,
    {{ fact('created_at', 'timestamp with time zone') }} as created_at,
    {{ fact('updated_at', 'timestamp with time zone') }} as updated_at,
    {{ fact('downloads', 'bigint') }} as downloads,
    {{ fact('likes', 'bigint') }} as likes,
    {{ fact('released_on', 'date') }} as released_on,
    {{ fact('knowledge_cutoff', 'text') }} as knowledge_cutoff,
    {{ fact('model_type', 'text') }} as model_type,
    {{ fact('num_layers', 'bigint') }} as num_layers,
    {{ fact('hidden_size', 'bigint') }} as hidden_size,
    {{ fact('num_attention_heads', 'bigint') }} as num_attention_heads,
    {{ fact('num_key_value_heads', 'bigint') }} as num_key_value_heads,
    {{ fact('head_dim', 'bigint') }} as head_dim,
    {{ fact('intermediate_size', 'bigint') }} as intermediate_size,
    {{ fact('vocab_size', 'bigint') }} as vocab_size,
    {{ fact('num_experts', 'bigint') }} as num_experts,
    {{ fact('num_experts_per_token', 'bigint') }} as num_experts_per_token,
    {{ fact('context_length', 'bigint') }} as context_length,
    {{ fact('context_length_native', 'bigint') }} as context_length_native,
    {{ fact('context_length_extended', 'bigint') }} as context_length_extended,
    {{ fact('output_tokens', 'bigint') }} as output_tokens,
    {{ fact('parameters_unique', 'bigint') }} as parameters_unique,
    {{ fact('parameters_stated', 'bigint') }} as parameters_stated,
    {{ fact('parameters_stored', 'bigint') }} as parameters_stored,
    {{ fact('parameters_active', 'bigint') }} as parameters_active,
    {{ fact('weight_bytes', 'bigint') }} as weight_bytes,
    jsonb_array_length(cards.variants)::bigint as variants,
    (select min((variant ->> 'size')::bigint) from jsonb_array_elements(cards.variants) as variant) as smallest_variant_bytes,
    (select max((variant ->> 'size')::bigint) from jsonb_array_elements(cards.variants) as variant) as largest_variant_bytes,
    {{ fact('kv_cache_bytes_per_token', 'bigint') }} as kv_cache_bytes_per_token,
    {{ fact('kv_cache_bytes_per_token_beyond_window', 'bigint') }} as kv_cache_bytes_per_token_beyond_window,
    {{ fact('kv_cache_window', 'bigint') }} as kv_cache_window,
    {{ serving_bytes(fact('weight_bytes', 'bigint'), '8192') }} as serving_bytes_8k,
    {{ serving_bytes(fact('weight_bytes', 'bigint'), '32768') }} as serving_bytes_32k,
    {{ serving_bytes(fact('weight_bytes', 'bigint'), '131072') }} as serving_bytes_128k,
    {{ serving_bytes(fact('weight_bytes', 'bigint'), fact('context_length', 'bigint')) }} as serving_bytes_full,
    {{ fact('serving_bytes', 'bigint') }} as serving_bytes,
    {{ fact('dtype', 'text') }} as dtype,
    {{ fact('quantization', 'text') }} as quantization,
    {{ fact('has_chat_template', 'boolean') }} as has_chat_template,
    {{ fact('tool_use', 'boolean') }} as tool_use,
    {{ fact('reasoning', 'boolean') }} as reasoning,
    {{ fact('structured_output', 'boolean') }} as structured_output,
    {{ fact('attachments', 'boolean') }} as attachments,
    {{ fact('open_weights', 'boolean') }} as open_weights,
    cards.facts -> 'generation_defaults' -> 'value' as generation_defaults,
    {{ fact('embedding_dimension', 'bigint') }} as embedding_dimension,
    {{ fact('embedding_pooling', 'text') }} as embedding_pooling,
    {{ fact('input_price_usd_per_million_tokens', 'double precision') }} as input_price_usd_per_million_tokens,
    {{ fact('output_price_usd_per_million_tokens', 'double precision') }} as output_price_usd_per_million_tokens,
    {{ fact('cache_read_price_usd_per_million_tokens', 'double precision') }} as cache_read_price_usd_per_million_tokens,
    {{ fact('cache_write_price_usd_per_million_tokens', 'double precision') }} as cache_write_price_usd_per_million_tokens,
    coalesce(prices.providers, 0) as price_providers,
    coalesce(prices.free_providers, 0) as free_providers,
    prices.cheapest_provider,
    prices.lowest_input as lowest_input_usd_per_million_tokens,
    prices.highest_input as highest_input_usd_per_million_tokens,
    prices.lowest_output as lowest_output_usd_per_million_tokens,
    prices.highest_output as highest_output_usd_per_million_tokens,
    prices.fetched_at as prices_fetched_at,
    documents.license_id,
    documents.state as license_state,
    documents.license_type,
    documents.suitability as license_suitability,
    coalesce(held.evidence, 'none') as license_evidence,
    documents.territory as license_territory,
    documents.duties as license_duties_before_use,
    held.passed_over as license_passed_over,
    answers.commercial_use,
    answers.redistribution,
    answers.attribution,
    answers.share_alike,
    answers.use_restrictions,
    coalesce(model_scans.verdict, 'unscanned') as security_verdict,
    model_scans.revision as scanned_revision,
    model_scans.scanned_at,
    model_scans.versions as scan_versions,
    cards.prose -> 'prose' -> 'description' ->> 'text' as description,
    {{ claims('use_cases') }} as use_cases,
    {{ claims('strengths') }} as strengths,
    {{ claims('limitations') }} as limitations,
    cards.prose ->> 'model' as prose_model,
    jsonb_array_length(cards.evaluations)::bigint as self_reported_evaluations,
    headlines.sources_count,
    headlines.scores as headline_scores,
    cards.facts,
    cards.warnings,
    cards.problems
from {{ ref('stg_model_info') }} as cards
left join {{ ref('stg_models') }} as models on cards.model_id = models.model_id
left join prices on cards.model_id = prices.model_id
left join headlines on cards.model_id = headlines.model_id
left join {{ source('budmodel', 'model_licenses') }} as held on cards.target = held.target
left join {{ source('budmodel', 'license_documents') }} as documents on held.document_id = documents.document_id
left join permissions as answers on held.document_id = answers.document_id
left join {{ source('budmodel', 'model_scans') }} as model_scans on cards.target = model_scans.target
