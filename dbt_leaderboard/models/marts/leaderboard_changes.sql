{{ config(indexes=[{'columns': ['week']}, {'columns': ['model_id']}]) }}

-- What a publisher changed from one snapshot to the next: of base scores, never of ranks, so that one model more is one
-- event. Bytes that were only read again by a better parser are no change of the publisher's.
with pairs as (
    select *
    from (
        select
            *,
            lag(snapshot_id) over earlier as snapshot_before,
            lag(content_sha256) over earlier as content_before,
            window_start is distinct from lag(window_start) over earlier
            or window_end is distinct from lag(window_end) over earlier as is_redefined
        from {{ ref('stg_snapshots') }}
        window earlier as (partition by source, is_sample order by ordinal)
    ) as followed
    where snapshot_before is not null and content_before <> content_sha256
),

entries as (
    select
        pairs.snapshot_id as pair,
        entries.snapshot_id = pairs.snapshot_id as is_now,
        entries.*
    from pairs
    inner join {{ ref('stg_entries') }} as entries
        on entries.snapshot_id in (pairs.snapshot_id, pairs.snapshot_before)
),

told as (
    select
        entries.pair,
        entries.is_now,
        entries.entry_key,
        entries.published_name,
        entries.model_id,
        scores.metric_id,
        scores.value,
        scores.lower,
        scores.upper,
        scores.is_ranked
    from entries
    inner join {{ ref('stg_scores') }} as scores using (snapshot_id, entry_no)
),

-- Each entry of a pair once, with what it was called before and is called now.
both_sides as (
    select
        coalesce(now.pair, former.pair) as pair,
        coalesce(now.entry_key, former.entry_key) as entry_key,
        coalesce(now.model_id, former.model_id) as model_id,
        former.entry_key as key_before,
        now.entry_key as key_now,
        former.published_name as name_before,
        now.published_name as name_now
    from (select * from entries where is_now) as now
    full join (select * from entries where not is_now) as former
        on now.pair = former.pair and now.entry_key = former.entry_key
),

came as materialized (
    select told.*
    from told
    inner join both_sides as sides on told.pair = sides.pair and told.entry_key = sides.key_now
    where told.is_now and sides.key_before is null
),

went as materialized (
    select told.*
    from told
    inner join both_sides as sides on told.pair = sides.pair and told.entry_key = sides.key_before
    where not told.is_now and sides.key_now is null
),

-- An entry that came with all the scores of one that went is that one under a new name.
resemblances as (
    select
        came.pair,
        came.entry_key as key_now,
        went.entry_key as key_before,
        count(*) as alike,
        bool_and(came.value = went.value) as all_alike,
        bool_or(came.model_id = went.model_id) as is_same_model
    from came
    inner join went on came.pair = went.pair and came.metric_id = went.metric_id
    group by came.pair, came.entry_key, went.entry_key
),

renamed as (
    select distinct on (pair, key_now) *
    from (
        select distinct on (pair, key_before) *
        from resemblances
        where all_alike and (alike > 1 or is_same_model)
        order by pair, key_before, alike desc, key_now
    ) as one_each
    order by pair, key_now, alike desc, key_before
),

changed as (
    select
        now.pair,
        now.metric_id,
        now.entry_key,
        now.published_name,
        now.model_id,
        former.value as score_before,
        now.value as score,
        former.lower as lower_before,
        former.upper as upper_before
    from (select * from told where is_now) as now
    inner join (select * from told where not is_now) as former
        on now.pair = former.pair and now.entry_key = former.entry_key and now.metric_id = former.metric_id
    where now.value <> former.value
),

-- The best ranked entries of each headline, before and now.
leaders as (
    select
        told.pair,
        told.metric_id,
        told.is_now,
        array_agg(told.entry_key order by told.entry_key) as entry_keys,
        string_agg(told.published_name, ', ' order by told.entry_key) as names,
        min(told.model_id) as model_id,
        min(told.value) as value
    from (
        select
            told.*,
            rank() over (
                partition by told.pair, told.metric_id, told.is_now
                order by case when metrics.higher_is_better then -told.value else told.value end
            ) as place
        from told
        inner join {{ ref('stg_metrics') }} as metrics using (metric_id)
        where told.is_ranked and metrics.is_headline and metrics.higher_is_better is not null
    ) as told
    where told.place = 1
    group by told.pair, told.metric_id, told.is_now
),

events as (
    select
        sides.pair,
        case when sides.key_before is null then 'new' when sides.key_now is null then 'removed' else 'renamed' end as kind,
        null::text as metric_id,
        sides.entry_key,
        sides.model_id,
        coalesce(sides.name_now, sides.name_before) as published_name,
        case when sides.key_before is not null and sides.key_now is not null then sides.name_before end as name_before,
        null::numeric as score_before,
        null::numeric as score,
        null::numeric as lower_before,
        null::numeric as upper_before,
        null::bigint as scores
    from both_sides as sides
    left join renamed as came on sides.pair = came.pair and sides.key_now = came.key_now and sides.key_before is null
    left join renamed as went on sides.pair = went.pair and sides.key_before = went.key_before and sides.key_now is null
    where
        came.pair is null
        and went.pair is null
        and (sides.key_before is null or sides.key_now is null or sides.name_before <> sides.name_now)
    union all
    select
        renamed.pair,
        'renamed',
        null,
        renamed.key_now,
        now.model_id,
        now.name_now,
        former.name_before,
        null,
        null,
        null,
        null,
        null
    from renamed
    inner join both_sides as now on renamed.pair = now.pair and renamed.key_now = now.key_now
    inner join both_sides as former on renamed.pair = former.pair and renamed.key_before = former.key_before
    union all
    select
        changed.pair,
        'redefined',
        changed.metric_id,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        count(*)
    from changed
    inner join pairs on changed.pair = pairs.snapshot_id
    where pairs.is_redefined
    group by changed.pair, changed.metric_id
    union all
    select
        changed.pair,
        'rescored',
        changed.metric_id,
        changed.entry_key,
        changed.model_id,
        changed.published_name,
        null,
        changed.score_before,
        changed.score,
        changed.lower_before,
        changed.upper_before,
        1
    from changed
    inner join pairs on changed.pair = pairs.snapshot_id
    where not pairs.is_redefined
    union all
    select
        now.pair,
        'new best',
        now.metric_id,
        case when cardinality(now.entry_keys) = 1 then now.entry_keys[1] end,
        case when cardinality(now.entry_keys) = 1 then now.model_id end,
        now.names,
        former.names,
        former.value,
        now.value,
        null,
        null,
        null
    from leaders as now
    inner join leaders as former using (pair, metric_id)
    where now.is_now and not former.is_now and not now.entry_keys && former.entry_keys
)

select
    pairs.source,
    date_trunc('week', pairs.stood_from at time zone 'UTC')::date as week,
    pairs.stood_from as seen_at,
    events.kind,
    events.metric_id,
    events.entry_key,
    events.model_id,
    models.group_id,
    models.display_name,
    models.maker,
    models.hub_repository,
    events.published_name,
    events.name_before,
    events.score_before,
    events.score,
    events.score - events.score_before as difference,
    metrics.unit,
    metrics.higher_is_better,
    events.lower_before,
    events.upper_before,
    case
        when events.lower_before is not null and events.upper_before is not null
            then events.score not between events.lower_before and events.upper_before
    end as is_beyond_interval,
    events.scores,
    pairs.as_of,
    pairs.as_of_basis,
    pairs.origin,
    pairs.snapshot_before,
    pairs.snapshot_id
from events
inner join pairs on events.pair = pairs.snapshot_id
left join {{ ref('stg_metrics') }} as metrics using (metric_id)
left join {{ ref('stg_models') }} as models on events.model_id = models.model_id
