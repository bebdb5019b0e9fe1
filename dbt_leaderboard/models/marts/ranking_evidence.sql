{{ config(indexes=[{'columns': ['scope', 'group_id']}]) }}

select
    evidence.scope,
    evidence.group_id,
    evidence.benchmark_id,
    benchmarks.title as benchmark_title,
    evidence.seen,
    evidence.predicted,
    evidence.seen - evidence.predicted as residual,
    evidence.metric_id,
    metrics.source,
    evidence.published_name,
    evidence.variant,
    evidence.standing,
    metrics.run_by
from {{ source('budmodel', 'ranking_evidence') }} as evidence
inner join {{ source('budmodel', 'benchmarks') }} as benchmarks using (benchmark_id)
inner join {{ source('budmodel', 'metrics') }} as metrics using (metric_id)
