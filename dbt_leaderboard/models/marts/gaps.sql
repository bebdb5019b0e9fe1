{{ config(indexes=[{'columns': ['place']}]) }}

-- What nobody knows about the models that matter most. A model is worth looking into by the highest place that it has in any
-- ranking, or would have by the lower end of its interval. What follows from a missing card, or cannot be had of a model that
-- publishes no weights, is no gap of its own.
with valued as (
    select
        choices.*,
        better.ranked + 1 as likely_place,
        greatest(0.0, 1 - better.ranked::double precision / greatest(choices.ranked_models, 1)) as worth
    from {{ ref('model_choice') }} as choices
    cross join lateral (
        select count(*) as ranked
        from {{ ref('model_choice') }} as others
        where
            others.scope = choices.scope
            and case
                when choices.rank is null then others.rank is not null and others.score > choices.lower
                else others.rank < choices.rank
            end
    ) as better
),

best as (
    select distinct on (group_id) *
    from valued
    order by group_id, worth desc, scope <> 'overall', scope
),

places as (
    select distinct on (group_id)
        group_id,
        target,
        last_error
    from {{ ref('model_health') }}
    where group_id is not null and provider <> 'cloud_model'
    order by group_id, last_error is null, target
),

repositories as (
    select
        group_id,
        min(hub_repository) as hub_repository
    from {{ ref('stg_models') }}
    group by group_id
),

missing as (
    select
        best.*,
        cards.facts,
        gap.missing,
        gap.importance
    from best
    left join {{ ref('model_cards') }} as cards on best.target = cards.target
    cross join
        unnest(
            array['scores', 'card', 'license', 'commercial use', 'verdict', 'price', 'memory', 'context', 'parameters']
        ) with ordinality as gap (missing, importance)
    where
        case gap.missing
            when 'card' then cards.target is null or (cards.provider = 'cloud_model' and best.open_weights is distinct from false)
            when 'scores' then best.rank is null
            when 'context' then cards.target is not null and cards.context_length is null
            when 'price' then gap.missing = any(best.not_known)
            when 'commercial use' then
                cards.provider <> 'cloud_model' and best.commercial_use = 'UNKNOWN' and 'license' <> all(best.not_known)
            else cards.provider <> 'cloud_model' and gap.missing = any(best.not_known)
        end
)

select
    row_number() over (order by missing.worth desc, missing.group_id, missing.importance) as place,
    missing.group_id,
    missing.display_name,
    missing.maker,
    missing.missing,
    case missing.missing
        when 'scores'
            then case
                when missing.self_reported > 0
                    then format('benchmarks by its maker''s word alone: %s of %s', missing.self_reported, missing.benchmarks)
                else format('benchmarks of the ranking that it has a score of: %s', missing.benchmarks)
            end
        when 'card'
            then coalesce(
                places.last_error,
                case
                    when missing.target is not null then 'a catalog alone tells of it, and no place of its files was read'
                    when places.target is not null then 'it was not read yet'
                    else 'no place is known where it could be read'
                end
            )
        when 'license'
            then case missing.license_basis
                when 'unknown' then 'neither a text nor a name of a license was found'
                else format('what its %s says is no license that is known by its plain terms', missing.license_basis)
            end
        when 'commercial use' then coalesce(missing.commercial_doubt, 'what its license says of it is not known')
        when 'verdict'
            then case
                when missing.verdict = 'error' then 'its files could not be scanned'
                when missing.scanned_revision is distinct from missing.revision and missing.scanned_revision is not null
                    then 'its files changed since they were scanned'
                else 'nobody scanned all of its files'
            end
        when 'price'
            then case
                when missing.priced_providers > 0 then 'no offer has a price for input and one for output'
                else 'no provider of a catalog has a usual offer with a price'
            end
        when 'memory'
            then coalesce(
                missing.facts -> 'weight_bytes' ->> 'reason', missing.facts -> 'kv_cache_bytes_per_token' ->> 'reason'
            )
        when 'context' then missing.facts -> 'context_length' ->> 'reason'
        when 'parameters' then missing.facts -> 'parameters_unique' ->> 'reason'
    end as reason,
    case
        when missing.missing = 'card' then 'budmodel request ' || coalesce(places.target, 'hf:' || repositories.hub_repository)
        when missing.missing in ('license', 'commercial use') then 'budmodel license ' || missing.target
        when missing.missing = 'verdict' then 'budmodel scan ' || missing.target
    end as next_step,
    missing.worth,
    missing.scope,
    missing.rank,
    missing.likely_place,
    missing.ranked_models,
    missing.target,
    missing.sources
from missing
left join places on missing.group_id = places.group_id
left join repositories on missing.group_id = repositories.group_id
