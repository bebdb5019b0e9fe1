-- The best open models of at most 8 B parameters whose license text permits commercial use, whose files were scanned clean
-- and that fit 24 GB with 32,768 tokens of context, by how high the leaderboards that score them place them.
with candidates as (
    select
        *,
        coalesce(parameters_unique, parameters_stated) as parameters,
        weight_bytes + 32768 * kv_cache_bytes_per_token as bytes_at_32k
    from {{ ref('model_cards') }}
)

select
    candidates.name,
    candidates.parameters,
    round(candidates.bytes_at_32k / 1e9, 1) as gb_at_32k,
    candidates.license_id,
    candidates.commercial_use,
    avg(scores.percentile) as mean_percentile,
    count(*) as headlines
from candidates
inner join {{ ref('model_comparison') }} as scores using (model_id)
where
    candidates.parameters <= 8e9
    and candidates.commercial_use = 'YES'
    and candidates.license_evidence = 'text'
    and candidates.security_verdict = 'safe'
    and candidates.bytes_at_32k <= 24e9
    and candidates.context_length >= 32768
    and scores.is_headline
    and scores.percentile is not null
group by
    candidates.name,
    candidates.parameters,
    candidates.bytes_at_32k,
    candidates.license_id,
    candidates.commercial_use
order by mean_percentile desc, headlines desc, candidates.name
limit 10
