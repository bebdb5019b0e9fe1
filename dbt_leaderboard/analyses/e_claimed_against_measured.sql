-- What makers claim against what others measured. Models whose own claim differs from what others measured on the same
-- benchmark, the largest difference first.
select
    benchmark_id,
    model_id,
    round(100 * claimed, 1) as claimed_percent,
    round(100 * measured, 1) as measured_percent,
    round(100 * gap, 1) as gap_points,
    claimed_in,
    measured_by,
    measured_name
from {{ ref('self_reported_gap') }}
where unit = 'fraction'
order by abs(gap) desc, model_id
