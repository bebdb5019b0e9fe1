{{ config(materialized='view') }}

-- Reads the core tables and no staging view: rebuilding a staging view would drop this one for a while.
select
    terms.source,
    nullif(terms.benchmark_id, '') as benchmark_id,
    coalesce(sources.title, terms.source) as title,
    terms.allowed,
    terms.commercial,
    sources.license,
    terms.attribution,
    terms.evidence,
    terms.verified_on
from {{ source('budmodel', 'data_terms') }} as terms
left join {{ source('budmodel', 'sources') }} as sources using (source)
