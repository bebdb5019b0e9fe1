-- The best ten over all leaderboards, however few of them each model is on. What each would score on average on all benchmarks,
-- with the 90 % interval; a place needs benchmarks that others than the maker measured. Models of a tier cannot be told apart; ranking_evidence says what a place stands on.
select
    rank,
    tier,
    display_name,
    score,
    lower,
    upper,
    benchmarks,
    self_reported
from {{ ref('model_ranking') }}
where scope = 'overall' and rank <= 10
order by rank, group_id
