with parents as (
    select
        children.target,
        children.name,
        children.model_id,
        parent ->> 'base_model' as base_model,
        parent ->> 'relation' as relation,
        parent ->> 'method' as method,
        children.extracted_at
    from {{ ref('stg_model_info') }} as children
    cross join lateral jsonb_array_elements(children.base_models) as parent
    where parent ->> 'base_model' is not null
),

known as (
    select distinct on (lower(name))
        lower(name) as name,
        target,
        model_id
    from {{ ref('stg_model_info') }}
    where provider = 'hugging_face'
    order by lower(name), target
)

select distinct on (parents.target, parents.base_model)
    parents.target,
    parents.name,
    parents.model_id,
    models.group_id,
    models.display_name,
    models.maker,
    models.hub_repository,
    parents.base_model,
    known.target as base_target,
    known.model_id as base_model_id,
    parents.relation,
    parents.method,
    parents.extracted_at
from parents
left join known on known.name = lower(parents.base_model)
left join {{ ref('stg_models') }} as models on parents.model_id = models.model_id
order by parents.target, parents.base_model, parents.method
