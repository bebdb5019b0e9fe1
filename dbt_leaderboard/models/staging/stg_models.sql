-- A table, so that the API sees by its build whether an answer still holds.
{{ config(materialized='table', indexes=[{'columns': ['model_id']}]) }}

select
    model_id,
    group_id,
    display_name,
    maker,
    hub_repository
from {{ source('budmodel', 'models') }}
