"""Keeps `models` and `model_aliases` in step with the names that sources publish."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from budmodel_pipeline.identity.hub_links import hub_repository
from budmodel_pipeline.identity.resolve import Resolution
from budmodel_pipeline.identity.tokens import UnresolvableName
from budmodel_pipeline.warehouse.rows import copy_rows

# Of source, published name and link.
Resolve = Callable[[str, str, str | None], Resolution]

_NAMES = text("""
    select source, published_name, link, organization, min(fetched_at) as first_seen_at, max(last_seen_at) as last_seen_at
    from budmodel.entries join budmodel.snapshots using (snapshot_id)
    where status = 'published' group by source, published_name, link, organization
    order by source, published_name, link, organization
""")
_STAGING = text("""
    create temporary table resolved (
        source text, published_name text, link text, hub_repository text, organization text, model_id text, variant text,
        method text, confidence double precision, evidence text[], first_seen_at timestamptz, last_seen_at timestamptz
    ) on commit drop
""")
_COLUMNS = (
    "source",
    "published_name",
    "link",
    "hub_repository",
    "organization",
    "model_id",
    "variant",
    "method",
    "confidence",
    "evidence",
    "first_seen_at",
    "last_seen_at",
)
_MODELS = text("""
    insert into budmodel.models (model_id, display_name, first_seen_at)
    select distinct on (model_id) model_id, published_name, min(first_seen_at) over (partition by model_id)
    from resolved order by model_id, first_seen_at, length(published_name), published_name
    on conflict (model_id) do nothing
""")
# What a name meant until now, where it means something else from now on.
_MOVED = text("""
    create temporary table moved on commit drop as
    select aliases.model_id as old_id, resolved.model_id as new_id
    from budmodel.model_aliases as aliases join resolved
      on aliases.source = resolved.source and aliases.published_name = resolved.published_name
     and array[aliases.link, aliases.organization] = array[resolved.link, resolved.organization]
    where aliases.model_id <> resolved.model_id
""")
_ALIASES = text(f"""
    insert into budmodel.model_aliases ({", ".join(_COLUMNS)}) select {", ".join(_COLUMNS)} from resolved
    on conflict on constraint uq_model_aliases_name do update set
        model_id = excluded.model_id, variant = excluded.variant, method = excluded.method,
        confidence = excluded.confidence, evidence = excluded.evidence, last_seen_at = excluded.last_seen_at,
        hub_repository = excluded.hub_repository
""")
# A model that lost all its names to one other was renamed; one that has names again was not.
_RENAMED = text("""
    update budmodel.models set superseded_by = renamed.new_id
    from (select old_id, min(new_id) as new_id from moved group by old_id having count(distinct new_id) = 1) as renamed
    where model_id = renamed.old_id and not exists (select from budmodel.model_aliases where model_id = renamed.old_id)
""")
_REVIVED = text("""
    update budmodel.models set superseded_by = null
    where superseded_by is not null and model_id in (select model_id from budmodel.model_aliases)
""")
_COUNTS = text("""
    select count(*) as models, coalesce(sum(names), 0)::integer as names,
           count(*) filter (where sources >= 2) as in_two_sources,
           count(*) filter (where sources >= 5) as in_five_sources
    from (
        select model_id, count(distinct source) as sources, count(*) as names from budmodel.model_aliases group by model_id
    ) as per_model
""")


@dataclass(frozen=True, slots=True)
class AliasCounts:
    """How many published names there are, how many models they mean, and how many of those several sources know."""

    names: int
    models: int
    in_two_sources: int
    in_five_sources: int


def resolve_aliases(connection: Connection, resolve: Resolve) -> AliasCounts:
    """Resolves every name of every published snapshot again and stores the outcome in the caller's transaction.

    A name that identifies nothing is a model of its own under `unresolved/`. A model that all its names left for one other
    is recorded as superseded by it.
    """
    names = connection.execute(_NAMES).all()
    connection.execute(_STAGING)
    copy_rows(connection, "resolved", _COLUMNS, (_resolved(name, resolve) for name in names))
    for step in (_MOVED, _MODELS, _ALIASES, _RENAMED, _REVIVED):
        connection.execute(step)
    return AliasCounts(**connection.execute(_COUNTS).mappings().one())


def _resolved(name: Any, resolve: Resolve) -> tuple[object, ...]:
    try:
        found = resolve(name.source, name.published_name, name.link)
        meaning = (found.model_id, found.variant, found.method, found.confidence, list(found.evidence))
    except UnresolvableName as rejection:
        meaning = (f"unresolved/{name.published_name.casefold()}", None, "rejected", 0.0, [rejection.reason])
    return (
        name.source,
        name.published_name,
        name.link,
        hub_repository(name.link),
        name.organization,
        *meaning,
        name.first_seen_at,
        name.last_seen_at,
    )
