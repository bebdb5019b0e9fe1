select
    entries.snapshot_id,
    entries.entry_no,
    entries.entry_key,
    entries.published_name,
    entries.organization,
    entries.license,
    entries.released_on,
    entries.settings,
    aliases.model_id,
    aliases.variant
from {{ source('budmodel', 'entries') }} as entries
inner join {{ source('budmodel', 'snapshots') }} as snapshots using (snapshot_id)
left join {{ source('budmodel', 'model_aliases') }} as aliases
    on snapshots.source = aliases.source and {{ same_name('entries', 'aliases') }}
