-- What a person should look at. Answers go to the overrides of identity/knowledge.toml and take effect by resolving again.
with aliases as (
    select
        aliases.*,
        models.group_id,
        -- The name without its maker, and without what carries no information.
        regexp_replace(split_part(aliases.model_id, '/', 2), '[^a-z0-9]', '', 'g') as bare_name
    from {{ source('budmodel', 'model_aliases') }} as aliases
    inner join {{ ref('stg_models') }} as models using (model_id)
),

low_confidence as (
    select
        'low confidence' as reason,
        source,
        model_id,
        null as other_model_id,
        published_name,
        null as other_name,
        null as entry_key,
        null as other_entry_key,
        confidence,
        method,
        array_to_string(evidence, '; ') as detail
    from aliases
    where confidence < {{ var('review_below') }}
),

known as (
    select
        model_id,
        group_id,
        bare_name,
        array_agg(distinct source) as sources,
        min(source) as source,
        min(published_name) as published_name,
        min(confidence) as confidence,
        min(method) as method
    from aliases
    group by model_id, group_id, bare_name
),

-- A source that has both names tells them apart.
pairs as (
    select
        one.model_id,
        other.model_id as other_model_id,
        'the same name under two makers, or with other separators' as detail
    from known as one
    inner join known as other on one.bare_name = other.bare_name and one.model_id < other.model_id
    where one.bare_name <> ''
    union all
    select
        one.model_id,
        other.model_id,
        'a release, and the name without its date or suffix'
    from known as one
    inner join known as other on one.group_id = other.group_id and one.model_id <> other.model_id
    where one.model_id = one.group_id and not one.sources && other.sources
    union all
    select
        one.model_id,
        other.model_id,
        'the same name with and without a stage of tuning'
    from known as one
    inner join known as other
        on other.model_id in (one.model_id || '-instruct', one.model_id || '-it', one.model_id || '-chat')
        and one.group_id <> other.group_id
    where not one.sources && other.sources
),

near_misses as (
    select
        'near miss' as reason,
        one.source,
        one.model_id,
        other.model_id as other_model_id,
        one.published_name,
        other.published_name as other_name,
        null as entry_key,
        null as other_entry_key,
        least(one.confidence, other.confidence) as confidence,
        one.method,
        pairs.detail
    from pairs
    inner join known as one on pairs.model_id = one.model_id
    inner join known as other on pairs.other_model_id = other.model_id
),

-- Two entries may have one name.
clashes as (
    select
        'clash' as reason,
        one.source,
        one.model_id,
        null as other_model_id,
        one.published_name,
        other.published_name as other_name,
        one.entry_key,
        other.entry_key as other_entry_key,
        null::double precision as confidence,
        null as method,
        string_agg(one.metric_id || ': ' || one.score || ' and ' || other.score, ', ' order by one.metric_id) as detail
    from {{ ref('leaderboard') }} as one
    inner join {{ ref('leaderboard') }} as other
        on one.metric_id = other.metric_id
        and one.model_id = other.model_id
        and coalesce(one.variant, '') = coalesce(other.variant, '')
        and one.entry_key < other.entry_key
        and one.score <> other.score
    group by one.source, one.model_id, one.published_name, other.published_name, one.entry_key, other.entry_key
),

review as (
    select * from low_confidence
    union all
    select * from near_misses
    union all
    select * from clashes
)

select
    review.reason,
    review.source,
    review.model_id,
    models.group_id,
    models.display_name,
    models.maker,
    models.hub_repository,
    review.other_model_id,
    review.published_name,
    review.other_name,
    review.entry_key,
    review.other_entry_key,
    review.confidence,
    review.method,
    review.detail
from review
inner join {{ ref('stg_models') }} as models using (model_id)
