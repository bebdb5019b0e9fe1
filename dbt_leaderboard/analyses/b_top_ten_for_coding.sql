-- The top ten of every coding metric, with intervals and how many models it covers.
select
    metric_id,
    rank,
    ranked_models,
    model_id,
    variant,
    score,
    unit,
    lower,
    upper,
    interval_basis,
    standing,
    as_of,
    as_of_basis
from {{ ref('model_comparison') }}
where
    domain = 'coding'
    and rank <= 10
    -- Of several metrics of a benchmark the one over all of it.
    and metric_id not in (
        'livecodebench.easy_pass_at_1', 'livecodebench.medium_pass_at_1', 'livecodebench.hard_pass_at_1'
    )
order by metric_id, rank, model_id
