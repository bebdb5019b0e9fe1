"""Keeps `model_groups`, `models` and `model_aliases` in step with the names that sources publish."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from sqlalchemy import Connection, text

from budmodel_pipeline.identity.groups import groups_of
from budmodel_pipeline.identity.hub_links import hub_repository
from budmodel_pipeline.identity.makers import maker_of
from budmodel_pipeline.identity.resolve import Resolution, is_repository_of
from budmodel_pipeline.identity.tokens import UnresolvableName
from budmodel_pipeline.warehouse.rows import copy_rows


class Resolve(Protocol):
    """Tells the model that a source means: `identity.resolve.resolve`."""

    def __call__(
        self,
        source: str,
        published_name: str,
        link: str | None = None,
        /,
        *,
        organization: str | None = None,
        published_id: str | None = None,
        released_on: date | None = None,
    ) -> Resolution: ...


# What a name is resolved by, and what identifies an alias.
_IDENTITY = ("source", "published_name", "link", "organization", "published_id", "released_on")
_NAMES = text(f"""
    select {", ".join(_IDENTITY)}, min(fetched_at) as first_seen_at, max(last_seen_at) as last_seen_at
    from budmodel.entries join budmodel.snapshots using (snapshot_id)
    where status = 'published' group by {", ".join(_IDENTITY)} order by {", ".join(_IDENTITY)}
""")
_STAGING = text("""
    create temporary table resolved (
        source text, published_name text, link text, organization text, published_id text, released_on date,
        hub_repository text, model_id text, variant text, method text, confidence double precision, evidence text[],
        is_repository boolean, first_seen_at timestamptz, last_seen_at timestamptz
    ) on commit drop
""")
_COLUMNS = (
    *_IDENTITY,
    "hub_repository",
    "model_id",
    "variant",
    "method",
    "confidence",
    "evidence",
    "first_seen_at",
    "last_seen_at",
)
_STAGED = (*_COLUMNS, "is_repository")
# What a name meant until now, where it means something else from now on. What identifies a name has grown: a name of which
# less was known then is any that agrees with it.
_MOVED = text("""
    create temporary table moved on commit drop as
    select aliases.model_id as old_id, resolved.model_id as new_id
    from budmodel.model_aliases as aliases join resolved
      on aliases.source = resolved.source and aliases.published_name = resolved.published_name
     and array[aliases.link, aliases.organization] = array[resolved.link, resolved.organization]
     and coalesce(aliases.published_id = resolved.published_id, aliases.published_id is null)
     and coalesce(aliases.released_on = resolved.released_on, aliases.released_on is null)
    where aliases.model_id <> resolved.model_id
""")
# A model is called as most names of it are, without a remark on a run where there is such a name. Which source was read
# first decides nothing: a run that broke off and went on ends with the same names.
_CALLED = text("""
    create temporary table called on commit drop as
    select distinct on (model_id) model_id, published_name as display_name,
        min(first_seen_at) over (partition by model_id) as first_seen_at
    from resolved
    order by model_id, variant is not null, count(*) over (partition by model_id, published_name) desc,
        published_name in (lower(published_name), upper(published_name)), length(published_name), published_name collate "C"
""")
_KNOWN = text("select model_id from called union select model_id from budmodel.models order by 1")
_GROUPED = text("create temporary table grouped (model_id text, group_id text, maker text) on commit drop")
# A group is called as the model of its id is, else as the shortest name of one of its models.
_GROUPS = text("""
    insert into budmodel.model_groups (group_id, display_name, maker)
    select distinct on (grouped.group_id)
        grouped.group_id, coalesce(called.display_name, models.display_name), grouped.maker
    from grouped left join called using (model_id) left join budmodel.models using (model_id)
    order by grouped.group_id, model_id <> grouped.group_id, called.display_name is null,
        length(coalesce(called.display_name, models.display_name)), coalesce(called.display_name, models.display_name)
    on conflict (group_id) do update set display_name = excluded.display_name, maker = excluded.maker
""")
_MODELS = text("""
    insert into budmodel.models (model_id, display_name, first_seen_at)
    select model_id, display_name, first_seen_at from called
    on conflict (model_id) do update set display_name = excluded.display_name
""")
_BELONGS = text("""
    update budmodel.models set group_id = grouped.group_id, maker = grouped.maker, hub_repository = linked.hub_repository
    from grouped left join (
        select model_id, mode() within group (order by hub_repository) as hub_repository
        from resolved where is_repository group by model_id
    ) as linked using (model_id)
    where models.model_id = grouped.model_id
      and (models.group_id, models.maker, models.hub_repository)
          is distinct from (grouped.group_id, grouped.maker, linked.hub_repository)
""")
_ALIASES = text(f"""
    insert into budmodel.model_aliases ({", ".join(_COLUMNS)}) select {", ".join(_COLUMNS)} from resolved
    on conflict on constraint uq_model_aliases_name do update set
        model_id = excluded.model_id, variant = excluded.variant, method = excluded.method,
        confidence = excluded.confidence, evidence = excluded.evidence, last_seen_at = excluded.last_seen_at,
        hub_repository = excluded.hub_repository
""")
# Names that no entry has any more: what identifies one has grown.
_GONE = text(f"""
    delete from budmodel.model_aliases as aliases where not exists (
        select from resolved where resolved.source = aliases.source and resolved.published_name = aliases.published_name
        and {" and ".join(f"resolved.{name} is not distinct from aliases.{name}" for name in _IDENTITY[2:])}
    )
""")
_EMPTY = text("""
    delete from budmodel.model_groups as groups
    where not exists (select from budmodel.models where models.group_id = groups.group_id)
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
    with known as (
        select model_id, group_id, source from budmodel.model_aliases join budmodel.models using (model_id)
    ),
    models as (select count(distinct source) as sources from known group by model_id),
    groups as (select count(distinct source) as sources from known group by group_id)
    select (select count(*) from known) as names, (select count(*) from models) as models,
        (select count(*) from models where sources >= 2) as in_two_sources,
        (select count(*) from models where sources >= 5) as in_five_sources,
        (select count(*) from groups) as groups,
        (select count(*) from groups where sources >= 2) as groups_in_two_sources,
        (select count(*) from groups where sources >= 5) as groups_in_five_sources
""")


@dataclass(frozen=True, slots=True)
class AliasCounts:
    """How many published names there are, what models and groups they mean, and how many of these several sources have."""

    names: int
    models: int
    in_two_sources: int
    in_five_sources: int
    groups: int
    groups_in_two_sources: int
    groups_in_five_sources: int


def resolve_aliases(connection: Connection, resolve: Resolve) -> AliasCounts:
    """Resolves every name of every published snapshot again and stores the outcome in the caller's transaction.

    A name that identifies nothing is a model of its own under `unresolved/`. A model that all its names left for one other
    is recorded as superseded by it.
    """
    names = connection.execute(_NAMES).all()
    connection.execute(_STAGING)
    copy_rows(connection, "resolved", _STAGED, (_resolved(name, resolve) for name in names))
    for step in (_MOVED, _CALLED, _GROUPED):
        connection.execute(step)
    copy_rows(connection, "grouped", ("model_id", "group_id", "maker"), _grouped(connection.execute(_KNOWN).scalars()))
    for step in (_GROUPS, _MODELS, _BELONGS, _ALIASES, _GONE, _RENAMED, _REVIVED, _EMPTY):
        connection.execute(step)
    return AliasCounts(**connection.execute(_COUNTS).mappings().one())


def _resolved(name: Any, resolve: Resolve) -> tuple[object, ...]:
    repository = hub_repository(name.link)
    is_repository = False
    try:
        found = resolve(
            name.source,
            name.published_name,
            name.link,
            organization=name.organization,
            published_id=name.published_id,
            released_on=name.released_on,
        )
        meaning = (found.model_id, found.variant, found.method, found.confidence, list(found.evidence))
        is_repository = repository is not None and is_repository_of(repository, found.model_id)
    except UnresolvableName as rejection:
        meaning = (f"unresolved/{name.published_name.casefold()}", None, "rejected", 0.0, [rejection.reason])
    identity = (getattr(name, part) for part in _IDENTITY)
    return (*identity, repository, *meaning, name.first_seen_at, name.last_seen_at, is_repository)


def _grouped(model_ids: Iterable[str]) -> Iterable[tuple[str, str, str | None]]:
    return ((model_id, group_id, maker_of(model_id)) for model_id, group_id in groups_of(model_ids).items())
