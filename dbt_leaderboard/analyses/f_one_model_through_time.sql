-- Every score that a model ever had; name another one with --vars '{model: openai/gpt-4o-2024-05-13}'.
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
