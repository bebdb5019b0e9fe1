-- What a person should look at. Answers go to the overrides of identity/knowledge.toml and take effect by resolving again.
with aliases as (
    select
        *,
        -- The name without its maker, and without what carries no information.
        regexp_replace(split_part(model_id, '/', 2), '[^a-z0-9]', '', 'g') as bare_name
    from {{ source('budmodel', 'model_aliases') }}
),

low_confidence as (
    select
        'low confidence' as reason,
        source,
        model_id,
        null as other_model_id,
        published_name,
        null as other_name,
        confidence,
        method,
        array_to_string(evidence, '; ') as detail
    from aliases
    where confidence < {{ var('review_below') }}
),

near_misses as (
    select
        'near miss' as reason,
        min(one.source) as source,
        one.model_id,
        other.model_id as other_model_id,
        min(one.published_name) as published_name,
        min(other.published_name) as other_name,
        least(min(one.confidence), min(other.confidence)) as confidence,
        min(one.method) as method,
        'the same name under two makers, or with other separators' as detail
    from aliases as one
    inner join aliases as other on one.bare_name = other.bare_name and one.model_id < other.model_id
    where one.bare_name <> ''
    group by one.model_id, other.model_id
),

clashes as (
    select
        'clash' as reason,
        one.source,
        one.model_id,
        null as other_model_id,
        one.published_name,
        other.published_name as other_name,
        null::double precision as confidence,
        null as method,
        string_agg(one.metric_id || ': ' || one.score || ' and ' || other.score, ', ' order by one.metric_id) as detail
    from {{ ref('leaderboard') }} as one
    inner join {{ ref('leaderboard') }} as other
        on one.metric_id = other.metric_id
        and one.model_id = other.model_id
        and coalesce(one.variant, '') = coalesce(other.variant, '')
        and one.published_name < other.published_name
        and one.score <> other.score
    group by one.source, one.model_id, one.published_name, other.published_name
)

select * from low_confidence
union all
select * from near_misses
union all
select * from clashes
