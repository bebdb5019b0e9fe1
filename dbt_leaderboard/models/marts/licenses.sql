with models as (
    select
        documents.license_id,
        count(*) as models
    from {{ source('budmodel', 'model_licenses') }} as held
    inner join {{ source('budmodel', 'license_documents') }} as documents using (document_id)
    where documents.license_id is not null
    group by documents.license_id
)

select
    known.license_id,
    known.spdx_id,
    known.license_type,
    known.suitability,
    coalesce(models.models, 0) as models,
    known.territory,
    known.territory_note,
    known.duties as duties_before_use,
    known.duties_note as duties_before_use_note,
    known.terms_version
from {{ source('budmodel', 'licenses') }} as known
left join models using (license_id)
