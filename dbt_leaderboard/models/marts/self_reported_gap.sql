{{ config(indexes=[{'columns': ['model_id']}, {'columns': ['benchmark_id']}]) }}

-- What a maker claims of its model on a benchmark against what others measured on the same one, each at its best.
with best as (
    select distinct on (model_id, benchmark_id, canonical_unit, standing = 'self_reported', source)
        model_id,
        benchmark_id,
        canonical_unit,
        standing = 'self_reported' as is_claim,
        source,
        metric_id,
        published_name,
        variant,
        standing,
        canonical_score,
        lower,
        upper,
        as_of
    from {{ ref('leaderboard') }}
    where higher_is_better and standing in ('verified', 'community', 'self_reported')
    order by model_id, benchmark_id, canonical_unit, standing = 'self_reported', source, canonical_score desc, entry_key
)

select
    claims.benchmark_id,
    claims.model_id,
    models.group_id,
    models.display_name,
    models.maker,
    models.hub_repository,
    claims.canonical_unit as unit,
    claims.canonical_score as claimed,
    others.canonical_score as measured,
    claims.canonical_score - others.canonical_score as gap,
    claims.source as claimed_in,
    claims.published_name as claimed_name,
    claims.variant as claimed_variant,
    claims.metric_id as claimed_metric_id,
    claims.as_of as claimed_as_of,
    others.source as measured_by,
    others.published_name as measured_name,
    others.variant as measured_variant,
    others.metric_id as measured_metric_id,
    others.standing as measured_standing,
    others.as_of as measured_as_of
from best as claims
inner join best as others
    on claims.model_id = others.model_id
    and claims.benchmark_id = others.benchmark_id
    and claims.canonical_unit = others.canonical_unit
left join {{ ref('stg_models') }} as models on claims.model_id = models.model_id
where claims.is_claim and not others.is_claim
