-- The source whose data are oldest by the publisher's own date; where it gives none, since when its content is unchanged.
select
    source,
    as_of,
    as_of_basis,
    unchanged_since,
    last_seen_at,
    age_days as days_since_we_looked,
    status
from {{ ref('source_health') }}
order by as_of nulls last, unchanged_since nulls last, source
