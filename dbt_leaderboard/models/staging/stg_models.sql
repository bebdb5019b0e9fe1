select
    model_id,
    group_id,
    display_name,
    maker,
    hub_repository
from {{ source('budmodel', 'models') }}
