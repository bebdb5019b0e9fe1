-- The source whose data are oldest. By the publisher's own date; where it gives none, they are no newer than since when its
-- content is unchanged.
select
    source,
    as_of,
    as_of_basis,
    unchanged_since,
    last_seen_at,
    age_days as days_since_we_looked,
    status
from {{ ref('source_health') }}
order by coalesce(as_of, (unchanged_since at time zone 'UTC')::date) nulls last, source
