"""Which models are to be read: those that the leaderboards link to or that a catalog knows, and when each is due."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection

from budmodel_pipeline.identity.resolve import resolve
from budmodel_pipeline.identity.tokens import UnresolvableName
from budmodel_pipeline.targets.target import Target, TargetError, target_of
from budmodel_pipeline.warehouse.model_states import (
    KnownTarget,
    add_targets,
    expire_targets,
    sweep_targets,
    unknown_closed_models,
    unknown_links,
)

# A model is read again a week after it was, as a leaderboard is; half a day of slack keeps a weekly rhythm weekly.
AGE = timedelta(days=7) - timedelta(hours=12)
# Longer than any run takes: what a batch holds is free when its run has ended, and after this time in any case.
LEASE = timedelta(hours=3)
PAGE = 500
# At a tick a minute, 2.5 million targets are looked at in less than nine hours.
SWEPT = 5_000
MODELS_A_RUN = 100


def known_target(target: Target, discovered_by: str) -> KnownTarget:
    """A row for `target`, with the model that it is of as far as its name tells."""
    model_id: str | None = None
    if target.provider == "hugging_face":
        try:
            model_id = resolve("", target.uri, f"https://huggingface.co/{target.uri}").model_id
        except UnresolvableName:
            model_id = None
    elif target.provider == "cloud_model":
        model_id = target.uri
    return KnownTarget(target.key, target.provider, target.uri, model_id, discovered_by)


def discover(
    connection: Connection,
    catalogued: Collection[str],
    origin: str,
    now: datetime,
    *,
    only: Collection[str] | None = None,
    scan_versions: Mapping[str, str] | None = None,
) -> list[str]:
    """Adds the models that the leaderboards name and that were not known, a page at a time, and those of a hub that holds
    few; returns the new targets.

    `catalogued` are the ids of closed models that a catalog has facts of. `only` are the repositories that can be had, where
    not all of the hub can: all of these are added. What is a week old is due again; and of the next `SWEPT` targets those
    that were read of another origin than `origin`, or scanned by other rules or engines than `scan_versions`.
    """
    linked: list[KnownTarget] = []
    for uri, source in unknown_links(connection, PAGE):
        if only is not None and uri not in only:
            continue
        try:
            linked.append(known_target(target_of("hugging_face", uri), source))
        except TargetError:
            # Not the name of a repository, whatever it looks like; the link stays with the published name.
            continue
    bundled = [known_target(Target("hugging_face", uri), origin) for uri in only or ()]
    added = add_targets(connection, [*linked, *bundled], now)
    closed = [
        known_target(Target("cloud_model", model_id), source)
        for model_id, source in unknown_closed_models(connection, catalogued, PAGE)
    ]
    expire_targets(connection, now - AGE, now, PAGE)
    sweep_targets(connection, origin, scan_versions, now, SWEPT)
    return [*added, *add_targets(connection, closed, now)]
