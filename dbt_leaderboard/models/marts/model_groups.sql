{{ config(indexes=[{'columns': ['group_id']}]) }}

with presence as (
    select
        models.group_id,
        array_agg(distinct aliases.model_id order by aliases.model_id) as model_ids,
        array_agg(distinct aliases.source order by aliases.source) as sources,
        count(distinct aliases.published_name) as names
    from {{ source('budmodel', 'model_aliases') }} as aliases
    inner join {{ ref('stg_models') }} as models using (model_id)
    group by models.group_id
)

select
    groups.group_id,
    groups.display_name,
    groups.maker,
    presence.model_ids,
    presence.sources,
    cardinality(presence.sources) as sources_count,
    presence.names
from {{ source('budmodel', 'model_groups') }} as groups
inner join presence using (group_id)
