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
    aliases.variant,
    models.group_id,
    models.display_name,
    models.maker,
    models.hub_repository
from {{ source('budmodel', 'entries') }} as entries
inner join {{ source('budmodel', 'snapshots') }} as snapshots using (snapshot_id)
left join {{ source('budmodel', 'model_aliases') }} as aliases
    on snapshots.source = aliases.source and {{ same_name('entries', 'aliases') }}
left join {{ ref('stg_models') }} as models on aliases.model_id = models.model_id
