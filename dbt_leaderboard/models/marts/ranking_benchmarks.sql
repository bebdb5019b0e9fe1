select
    uses.scope,
    uses.benchmark_id,
    benchmarks.title as benchmark_title,
    uses.groups,
    uses.is_used,
    uses.is_saturated,
    uses.is_thin,
    uses.reason
from {{ source('budmodel', 'ranking_benchmarks') }} as uses
inner join {{ source('budmodel', 'benchmarks') }} as benchmarks using (benchmark_id)
