"""Keeps `models` and `model_aliases` in step with the names that sources publish."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection, text

from budmodel_pipeline.identity.resolve import Resolution
from budmodel_pipeline.warehouse.publish import copy_rows

Resolve = Callable[[str, str, str | None, str | None], Resolution]

_NAMES = text("""
    select source, published_name, link, organization, min(fetched_at) as first_seen_at, max(last_seen_at) as last_seen_at
    from budmodel.entries join budmodel.snapshots using (snapshot_id)
    where status = 'published' group by source, published_name, link, organization
    order by source, published_name, link, organization
""")
_STAGING = text("""
    create temporary table resolved (
        source text, published_name text, link text, organization text, model_id text, variant text, method text,
        confidence double precision, evidence text[], first_seen_at timestamptz, last_seen_at timestamptz
    ) on commit drop
""")
_COLUMNS = (
    "source",
    "published_name",
    "link",
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
_ALIASES = text(f"""
    insert into budmodel.model_aliases ({", ".join(_COLUMNS)}) select {", ".join(_COLUMNS)} from resolved
    on conflict on constraint uq_model_aliases_name do update set
        model_id = excluded.model_id, variant = excluded.variant, method = excluded.method,
        confidence = excluded.confidence, evidence = excluded.evidence, last_seen_at = excluded.last_seen_at
""")


@dataclass(frozen=True, slots=True)
class AliasCounts:
    """How many published names there are, and how many models they mean."""

    names: int
    models: int


def resolve_aliases(connection: Connection, resolve: Resolve) -> AliasCounts:
    """Resolves every name of every published snapshot again and stores the outcome in the caller's transaction."""
    names = connection.execute(_NAMES).all()
    connection.execute(_STAGING)
    found: set[str] = set()
    rows = []
    for name in names:
        resolution = resolve(name.source, name.published_name, name.link, name.organization)
        found.add(resolution.model_id)
        rows.append(
            (
                name.source,
                name.published_name,
                name.link,
                name.organization,
                resolution.model_id,
                resolution.variant,
                resolution.method,
                resolution.confidence,
                list(resolution.evidence),
                name.first_seen_at,
                name.last_seen_at,
            )
        )
    copy_rows(connection, "resolved", _COLUMNS, rows)
    connection.execute(_MODELS)
    connection.execute(_ALIASES)
    return AliasCounts(len(names), len(found))
