-- Every score that a model ever had. Any other id of a model may stand there; dbt takes --vars '{model: …}'.
select
    metric_id,
    published_name,
    variant,
    score,
    unit,
    kind,
    standing,
    as_of,
    as_of_basis,
    window_start,
    window_end,
    valid_from,
    valid_to,
    origin
from {{ ref('leaderboard_history') }}
where model_id = '{{ var("model", "jieliu/storm-7b") }}'
order by metric_id, entry_key, valid_from
