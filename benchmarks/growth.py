"""What grows with the number of known models: a sensor's look for work, the marts, and the tables' sizes.

`make bench` fills the tables for 50,000; `python -m benchmarks.growth 200000` for more. With `ticks` after the number only
what ticks look at is filled and measured: for the 2,500,000 of the whole hub the rest would take an hour and 40 GB.
"""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count, takewhile
from statistics import median
from time import perf_counter

from sqlalchemy import Connection, Engine, text

from benchmarks.database import build_marts, temporary_database
from benchmarks.measure import Figure
from budmodel_pipeline.resources.models import SAMPLE_HUB
from budmodel_pipeline.sensors.model_work import CHECKS_A_TICK, COUNTED
from budmodel_pipeline.targets.hub import Hub
from budmodel_pipeline.targets.opening import Providers
from budmodel_pipeline.targets.sample_hub import serve_sample_hub
from budmodel_pipeline.targets.target import Target
from budmodel_pipeline.warehouse.batches import claim_due
from budmodel_pipeline.warehouse.model_states import add_targets, due_targets, unchecked_targets
from budmodel_pipeline.warehouse.states import newest_extraction
from budmodel_pipeline.workflows.model_discovery import LEASE, MODELS_A_RUN, discover, known_target
from budmodel_pipeline.workflows.model_reading import ModelReading, extract_models

MODELS = 50_000
READ = "Qwen/Qwen3-32B"
FILES = 8
LOOKS = 5
TARGET_SECONDS = 5.0
VERSIONS = {"rules": "1"}
# Copies of one model that was read; the tables of licenses and files get what a usual repository has.
FILL = (
    """
    insert into budmodel.extraction_targets
        (target, provider, uri, discovered_by, first_seen_at, status, revision, extracted_at, checked_at, next_attempt_at)
    select 'hf:org/copy-' || n, 'hugging_face', 'org/copy-' || n, 'bench', now(),
        case when n % 10 = 0 then 'waiting' else 'extracted' end, revision, extracted_at, checked_at,
        case when n % 10 = 0 then now() - interval '1 minute' end
    from budmodel.extraction_targets, generate_series(1, :models) n where target = :read
    """,
    """
    insert into budmodel.model_info (target, revision, name, origin, extracted_at, facts, base_models, evaluations, variants)
    select 'hf:org/copy-' || n, revision, name, origin, extracted_at, facts, base_models, evaluations, variants
    from budmodel.model_info, generate_series(1, :models) n where target = :read
    """,
    """
    insert into budmodel.license_documents
        (document_id, state, license_id, coverage, remainder, near, method, reason, terms_version, read_at)
    values ('bench', 'named', 'mit', 0, '[]', '[]', 'tag', 'bench', '1', now())
    """,
    """
    insert into budmodel.model_licenses (target, revision, document_id, evidence, source, tag, read_at)
    select target, revision, 'bench', 'tag', 'README.md', 'mit', now() from budmodel.extraction_targets
    """,
    """
    insert into budmodel.model_scans (target, revision, verdict, files, versions, scanned_at)
    select target, revision, 'safe', :files, '{"rules": "1"}', now() from budmodel.extraction_targets
    """,
    """
    insert into budmodel.scans (target, path, size_bytes, sha256, verdict, engines, from_cache)
    select target, 'file-' || file, 1000, md5(target || file) || md5(target || file), 'safe', '{"walk": "looked"}', false
    from budmodel.extraction_targets, generate_series(1, :files) file
    """,
    """
    insert into budmodel.model_files (target, revision, path, size_bytes, sha256, outcome, object_key, copied_at)
    select target, revision, path, size_bytes, sha256, 'stored', 'sha256/' || sha256, now()
    from budmodel.scans inner join budmodel.extraction_targets using (target)
    """,
)
# The others are about files.
FOR_TICKS = 5
SIZES = text("""
    select relname, pg_total_relation_size(oid) as bytes from pg_class
    where relnamespace in ('budmodel'::regnamespace, 'marts'::regnamespace) and relkind in ('r', 'm')
    order by bytes desc limit 12
""")


def run(models: int = MODELS, *, ticks_alone: bool = False) -> Iterator[Figure]:
    """The figures over `models` of which every tenth is due, one look after the other as a sensor takes them."""
    with temporary_database() as engine:
        started = perf_counter()
        _fill(engine, models, ticks_alone=ticks_alone)
        filled = perf_counter() - started
        with engine.begin() as connection:
            looks, claims = zip(*(_look(connection, f"batch-{number}") for number in range(LOOKS)), strict=True)
            batches = LOOKS + _claimed(connection)
        yield Figure(
            f"seconds of a look for work over {models:,} models",
            median(looks),
            TARGET_SECONDS,
            f"{models // 10:,} are due; {', '.join(f'{look:.3f}' for look in looks)} s; filled in {filled:.0f} s",
        )
        yield Figure(
            f"seconds to claim a batch of {MODELS_A_RUN}", median(claims), 1, ", ".join(f"{claim:.3f}" for claim in claims)
        )
        due = models // 10
        yield Figure(f"runs for {due:,} due models, scattered over {models:,}", batches, -(-due // MODELS_A_RUN))
        if ticks_alone:
            return
        built = build_marts(engine)
        yield Figure(f"milliseconds of `dbt build` a model, of {models:,}", 1e3 * built / models, 1, f"{built:.0f} s in all")
        with engine.connect() as connection:
            sizes = connection.execute(SIZES).all()
        whole = sum(size.bytes for size in sizes)
        detail = ", ".join(f"{size.relname} {size.bytes / models:,.0f}" for size in sizes)
        yield Figure("kilobytes of database a model", whole / models / 1e3, 20, f"bytes: {detail}")


def _fill(engine: Engine, models: int, *, ticks_alone: bool) -> None:
    target = known_target(Target("hugging_face", READ), "bench")
    with engine.begin() as connection:
        add_targets(connection, [target], datetime.now(UTC))
    with serve_sample_hub(SAMPLE_HUB) as endpoint:
        [read] = extract_models([target.target], ModelReading(engine, Providers(hub=Hub(endpoint)), "live"))
    if read.problem:
        raise RuntimeError(read.problem)
    with engine.begin() as connection:
        if ticks_alone:
            connection.execute(text("update budmodel.model_info set facts = '{}', variants = '[]', prose = null"))
        for statement in FILL[:FOR_TICKS] if ticks_alone else FILL:
            asked = text(statement)
            # A tick asks for one file of each model, none of its scans.
            values = {"models": models, "files": 0 if ticks_alone else FILES, "read": target.target}
            connection.execute(asked, {name: value for name, value in values.items() if name in asked.compile().params})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("vacuum analyze"))


def _look(connection: Connection, batch_id: str) -> tuple[float, float]:
    """Seconds of what every tick asks, and of a claim."""
    started = perf_counter()
    now = datetime.now(UTC)
    discover(connection, (), "live", now, scan_versions=VERSIONS)
    due_targets(connection, now, COUNTED)
    newest_extraction(connection)
    unchecked_targets(connection, now, CHECKS_A_TICK)
    looked = perf_counter()
    claim_due(connection, batch_id, now, now + LEASE, MODELS_A_RUN)
    return looked - started, perf_counter() - looked


def _claimed(connection: Connection) -> int:
    """How many batches there are until nothing is due."""
    now = datetime.now(UTC)
    claims = (claim_due(connection, f"rest-{number}", now, now + LEASE, MODELS_A_RUN) for number in count())
    return sum(1 for _ in takewhile(bool, claims))


if __name__ == "__main__":
    for figure in run(int(sys.argv[1]) if len(sys.argv) > 1 else MODELS, ticks_alone="ticks" in sys.argv):
        print(f"{figure.what}: {figure.value:,.2f} ({figure.detail})")
