"""Which model, metric, domain or license somebody means by a name; where it is none of ours, what comes near."""

from collections.abc import Iterable
from contextlib import suppress

from sqlalchemy import Connection, text

from budmodel_pipeline.identity.resolve import resolve
from budmodel_pipeline.identity.spelling import SHOWN, meant, near, spelling, unknown
from budmodel_pipeline.identity.tokens import UnresolvableName
from budmodel_pipeline.ranking.evidence import OVERALL
from budmodel_pipeline.warehouse.built_marts import expect_built


class UnknownNameError(Exception):
    """A name that means nothing here, or several things; says what comes near."""


def model_id(connection: Connection, name: str) -> str:
    """The model that `name` means: its id, a published name, a release that holds one model. Raises UnknownNameError."""
    same = text("""
        select distinct model_id from budmodel.model_aliases
        where lower(model_id) = lower(:name) or lower(published_name) = lower(:name) order by 1
    """)
    ids: list[str] = list(connection.execute(same, {"name": name}).scalars())
    if ids:
        return _only(name, ids)
    with suppress(UnresolvableName):
        by_rules = resolve("", name).model_id
        if connection.execute(text("select 1 from budmodel.models where model_id = :id"), {"id": by_rules}).scalar():
            return by_rules
    names = text("""
        select distinct model_id, published_name, group_id from budmodel.model_aliases join budmodel.models using (model_id)
        order by model_id, published_name
    """)
    rows, asked = connection.execute(names).all(), spelling(name)
    for spelled in (
        [(written, row.model_id) for row in rows for written in (row.model_id, _tail(row.model_id), row.published_name)],
        [(written, row.model_id) for row in rows for written in (row.group_id, _tail(row.group_id))],
    ):
        if ids := sorted({model for written, model in spelled if asked and spelling(written) == asked}):
            return _only(name, ids)
    by_name = {row.published_name: row.model_id for row in rows} | {row.model_id: row.model_id for row in rows}
    alike = dict.fromkeys(by_name[one] for one in near(name, sorted(by_name, key=lambda one: by_name[one] != one)))
    raise UnknownNameError(unknown("model", name, alike))


def group_id(connection: Connection, name: str) -> str:
    """The group of the model that `name` means, or that is called so. Raises UnknownNameError."""
    rows = connection.execute(text("select group_id, display_name from budmodel.model_groups order by 1")).all()
    asked = spelling(name)
    same = {
        row.group_id
        for row in rows
        for one in (row.group_id, _tail(row.group_id), row.display_name)
        if spelling(one) == asked
    }
    if asked and len(same) == 1:
        return str(same.pop())
    of_model = text("select group_id from budmodel.models where model_id = :id")
    group: str = connection.execute(of_model, {"id": model_id(connection, name)}).scalar_one()
    return group


def metric_id(connection: Connection, name: str) -> str:
    """The metric of that id, in any spelling, without its source where nothing else comes near. Raises UnknownNameError."""
    ids: list[str] = list(
        connection.execute(text("select metric_id from budmodel.metrics order by is_headline desc, metric_id")).scalars()
    )
    asked = spelling(name)
    within = [one for one in ids if asked and spelling(one.partition(".")[2]) == asked]
    # `gpqa` is one metric's name, and the beginning of others that may be meant.
    if len(within) == 1 and near(name, ids) == within:
        return within[0]
    headlines = text("select metric_id from budmodel.metrics where is_headline order by 1")
    return _known("metric", name, ids, f"Try one of: {', '.join(connection.execute(headlines).scalars())}.")


def domain(connection: Connection, name: str) -> str:
    """The domain of benchmarks of that name. Raises UnknownNameError and MartsError."""
    expect_built(connection, "benchmarks")
    domains: list[str] = list(connection.execute(text("select distinct domain from marts.benchmarks order by 1")).scalars())
    return _known("domain", name, domains, f"Known: {', '.join(domains)}.")


def scope(connection: Connection, name: str) -> str:
    """The ranking of that name: over all leaderboards, or of a domain. Raises UnknownNameError."""
    domains = text("select distinct domain from budmodel.benchmarks order by 1")
    scopes = [OVERALL, *connection.execute(domains).scalars()]
    return _known("domain", name, scopes, f"Known: {', '.join(scopes)}.")


def license_id(name: str, *kinds: str) -> str:
    """The license of that name or id, or the one of some `kinds` of licenses. Raises UnknownNameError."""
    from budmodel_pipeline.licensing.tags import license_named, names_on_record

    found = meant(name, kinds) or license_named(name)
    if found is None:
        by_name = {**{kind: kind for kind in kinds}, **names_on_record()}
        raise UnknownNameError(unknown("license", name, dict.fromkeys(by_name[one] for one in near(name, by_name))))
    return found


def _known(kind: str, name: str, known: Iterable[str], otherwise: str) -> str:
    names = list(known)
    found = meant(name, names)
    if found is None:
        raise UnknownNameError(unknown(kind, name, near(name, names), otherwise))
    return found


def _only(name: str, ids: list[str]) -> str:
    if len(ids) > 1:
        more = ", …" if len(ids) > SHOWN else ""
        raise UnknownNameError(f"{name!r} means several models; name one of: {', '.join(ids[:SHOWN])}{more}.")
    return ids[0]


def _tail(name: str) -> str:
    return name.rpartition("/")[2]
