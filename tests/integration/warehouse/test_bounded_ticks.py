"""What sensors ask of the tables every minute costs the same however many models are known."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, text

from budmodel_pipeline.commands.reports import target_named
from budmodel_pipeline.services.embedded_postgres import Server
from budmodel_pipeline.warehouse.batches import claim_due, open_batches
from budmodel_pipeline.warehouse.engine import open_engine
from budmodel_pipeline.warehouse.migrate import migrate
from budmodel_pipeline.warehouse.model_states import (
    due_targets,
    expire_targets,
    models_waiting,
    sweep_targets,
    unchecked_targets,
    unknown_closed_models,
    unknown_links,
)
from budmodel_pipeline.warehouse.states import newest_extraction
from tests.postgres import empty_database

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
VERSIONS = {"rules": "2"}
LARGE = ("extraction_targets", "model_info", "model_licenses", "model_scans", "model_files")
MODELS = 30_000
# Every tenth waits, one in a thousand was scanned by older rules; half are older than ten days.
FILL = """
insert into budmodel.extraction_targets
    (target, provider, uri, discovered_by, first_seen_at, status, revision, extracted_at, checked_at, next_attempt_at)
select 'hf:org/' || n, 'hugging_face', 'org/' || n, 'tests', cast(:now as timestamptz),
    case when n % 10 = 0 then 'waiting' else 'extracted' end, 'r', cast(:now as timestamptz) - n * interval '1 minute',
    cast(:now as timestamptz) - interval '2 hours', case when n % 10 = 0 then cast(:now as timestamptz) end
from generate_series(1, cast(:models as int)) n;
insert into budmodel.model_info (target, revision, name, origin, extracted_at, facts, base_models, evaluations)
select target, 'r', uri, 'live', :now, '{}', '[]', '[]' from budmodel.extraction_targets;
insert into budmodel.license_documents
    (document_id, state, license_id, coverage, remainder, near, method, reason, terms_version, read_at)
values ('mit', 'named', 'mit', 0, '[]', '[]', 'tag', '', '1', :now);
insert into budmodel.model_licenses (target, revision, document_id, evidence, source, tag, read_at)
select target, 'r', 'mit', 'tag', '', 'mit', :now from budmodel.extraction_targets;
insert into budmodel.model_scans (target, revision, verdict, files, versions, scanned_at)
select target, 'r', 'safe', 1, jsonb_build_object('rules', case when uri like '%001' then '1' else '2' end), :now
from budmodel.extraction_targets;
insert into budmodel.model_files (target, revision, path, size_bytes, outcome, copied_at)
select target, 'r', 'config.json', 1, 'left_out', :now from budmodel.extraction_targets;
insert into budmodel.sources (source, title, publisher, homepage, cadence_days) values ('board', 'Board', 'x', 'x', 7);
insert into budmodel.models values ('x/y', 'x/y', :now);
insert into budmodel.model_aliases
    (source, published_name, hub_repository, model_id, method, confidence, first_seen_at, last_seen_at)
select 'board', name, name, 'x/y', 'test', 1, :now, :now from unnest(array['ORG/5', 'org/new']) name
"""
Look = Callable[[Connection], object]
LOOKS: dict[str, tuple[int, Look]] = {
    # At most so many rows, and what asks for them.
    "models that leaderboards link to": (4, lambda connection: unknown_links(connection, 10)),
    "models that a catalog knows": (4, lambda connection: unknown_closed_models(connection, ["x/y", "x/z"], 10)),
    "models a week old": (80, lambda connection: expire_targets(connection, NOW - timedelta(days=7), NOW, 20)),
    "the next models by name": (1_500, lambda connection: sweep_targets(connection, "live", VERSIONS, NOW, 100)),
    "how many are due": (40, lambda connection: due_targets(connection, NOW, 20)),
    "a batch": (100, lambda connection: claim_due(connection, "batch", NOW, NOW + timedelta(hours=3), 20)),
    "batches that are open": (4, lambda connection: open_batches(connection)),
    "whether any is due": (4, lambda connection: models_waiting(connection, NOW)),
    "when a model was read last": (4, lambda connection: newest_extraction(connection)),
    "models to compare with the hub": (40, lambda connection: unchecked_targets(connection, NOW, 20)),
    "a model by its name": (8, lambda connection: target_named(connection, "ORG/77")),
}


@pytest.fixture(scope="module")
def filled(postgres_server: Server) -> Iterator[Engine]:
    """MODELS are known."""
    with empty_database(postgres_server) as url:
        engine = open_engine(url)
        migrate(engine)
        with engine.begin() as connection:
            for statement in FILL.split(";\n"):
                values = {"now": NOW, "models": MODELS}
                asked = text(statement)
                connection.execute(asked, {name: values[name] for name in asked.compile().params})
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("vacuum analyze"))
        yield engine
        engine.dispose()


def rows_read(connection: Connection) -> int:
    """How many rows of the large tables this session has read of late, by scans and through indexes."""
    counted = text("""
        select coalesce(sum(seq_tup_read + greatest(idx_tup_fetch, 0)), 0) from pg_stat_xact_user_tables
        where schemaname = 'budmodel' and relname = any(:large)
    """)
    return int(connection.execute(counted, {"large": list(LARGE)}).scalar_one())


@contextmanager
def asked_of(engine: Engine) -> Iterator[list[tuple[str, Any]]]:
    """Every statement that the block executes."""
    heard: list[tuple[str, Any]] = []

    def hear(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        heard.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", hear)
    yield heard
    event.remove(engine, "before_cursor_execute", hear)


def scanned(plan: Any) -> Iterator[str]:
    """The large tables that a plan reads from end to end."""
    if isinstance(plan, list):
        for part in plan:
            yield from scanned(part)
    elif isinstance(plan, dict):
        if plan.get("Node Type") == "Seq Scan" and plan["Relation Name"] in LARGE:
            yield plan["Relation Name"]
        for part in plan.values():
            yield from scanned(part)


@pytest.mark.parametrize("what", LOOKS)
def test_a_look_reads_no_table_from_end_to_end(filled: Engine, what: str) -> None:
    most, look = LOOKS[what]
    with filled.connect() as connection:
        before = rows_read(connection)
        with asked_of(filled) as asked:
            look(connection)
        assert rows_read(connection) - before <= most
        for statement, parameters in asked:
            plan: object = connection.exec_driver_sql(f"explain (format json) {statement}", parameters).scalar_one()
            assert list(scanned(plan)) == [], json.dumps(plan)
        connection.rollback()


def test_a_sweep_comes_by_everything_and_begins_anew(filled: Engine) -> None:
    """29 were scanned by other rules; later one more."""
    with filled.connect() as connection:
        found = [sweep_targets(connection, "live", VERSIONS, NOW, 10_000) for _ in range(4)]
        connection.execute(text("update budmodel.model_scans set versions = '{}' where target = 'hf:org/7'"))
        later = [sweep_targets(connection, "live", VERSIONS, NOW, 10_000) for _ in range(4)]
        connection.rollback()
    assert (sum(found), found[3], sum(later)) == (29, 0, 1)
