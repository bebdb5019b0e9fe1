-- The best small open model that may be used commercially. In every ranking those of at most 8 B parameters whose license text
-- permits commercial use, whose files were scanned clean and that fit 24 GB with 32,768 tokens of context. What is not known
-- of a model is no yes; `budmodel choose` lists those that would be here but for that.
select
    scope,
    rank,
    display_name,
    score,
    lower,
    upper,
    parameters,
    round(serving_bytes_32k / 1e9, 1) as gb_at_32k,
    license_id,
    commercial_use,
    target
from {{ ref('model_choice') }}
where
    open_weights
    and parameters <= 8e9
    and commercial_use = 'YES'
    and license_basis in ('text', 'linked text')
    and verdict = 'safe'
    and serving_bytes_32k <= 24e9
    and context_length >= 32768
    and rank is not null
order by scope <> 'overall', scope, rank
limit 10
