{{ config(meta={'dagster': {'ref': {'name': 'leaderboard'}}}) }}
select
    leaderboard.metric_id,
    leaderboard.entry_key,
    leaderboard.score,
    leaderboard.canonical_score
from {{ ref('leaderboard') }} as leaderboard
inner join {{ ref('stg_metrics') }} as metrics using (metric_id)
where
    leaderboard.unit = 'percent'
    and metrics.minimum >= 0
    and metrics.maximum <= 100
    and leaderboard.canonical_score not between 0 and 1
