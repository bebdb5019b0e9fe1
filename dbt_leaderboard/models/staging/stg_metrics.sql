select
    metrics.metric_id,
    metrics.source,
    metrics.benchmark_id,
    benchmarks.title as benchmark_title,
    benchmarks.domain,
    benchmarks.description as benchmark_description,
    metrics.title as metric_title,
    metrics.description as metric_description,
    metrics.unit,
    metrics.canonical_unit,
    metrics.higher_is_better,
    metrics.minimum,
    metrics.maximum,
    metrics.is_headline,
    metrics.run_by,
    metrics.last_scored_at
from {{ source('budmodel', 'metrics') }} as metrics
inner join {{ source('budmodel', 'benchmarks') }} as benchmarks using (benchmark_id)
