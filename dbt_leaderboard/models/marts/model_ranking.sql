{{ config(indexes=[{'columns': ['group_id']}, {'columns': ['scope', 'rank']}]) }}

select
    rankings.scope,
    rankings.group_id,
    groups.display_name,
    groups.maker,
    rankings.score,
    rankings.lower,
    rankings.upper,
    rankings.rank,
    rankings.tier,
    cardinality(rankings.benchmark_ids) as benchmarks,
    rankings.benchmark_ids,
    rankings.self_reported,
    rankings.sources,
    count(rankings.rank) over (partition by rankings.scope) as ranked_models
from {{ source('budmodel', 'rankings') }} as rankings
inner join {{ source('budmodel', 'model_groups') }} as groups using (group_id)
