-- What a ranking over all leaderboards would have to stand on: how many models share how many headlines. A mean of
-- percentiles is no answer where a model lacks most of them; a fitted ranking comes with more sources.
with presence as (
    select
        model_id,
        count(*) as headlines
    from {{ ref('model_comparison') }}
    where is_headline and percentile is not null
    group by model_id
)

select
    headlines,
    count(*) as models
from presence
group by headlines
order by headlines desc
