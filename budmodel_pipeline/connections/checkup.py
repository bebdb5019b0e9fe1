"""Whether everything that a deployment needs is there and as it should be: one finding each, with what to do about it."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from budmodel_pipeline.connections import live

if TYPE_CHECKING:
    from sqlalchemy import URL

    from budmodel_pipeline.settings import Settings

SPARE_BYTES = 5 * 10**9
CLOCK_SECONDS = 60.0
CONNECT_SECONDS = 10
State = Literal["ok", "warning", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one thing; `fix` is what to do where the state is not ok."""

    what: str
    state: State
    found: str
    fix: str = ""


def findings(settings: "Settings", reader: "URL", manifest: Path, *, embedded: bool) -> Iterator[Finding]:
    """Looks at everything, and changes nothing but for an object in the store, which is taken away again.

    `settings` name a server that was started where it is `embedded`; `reader` is how analysts reach the data.
    """
    looks: list[tuple[str, Callable[[], Iterator[Finding]]]] = [
        ("folder", lambda: _folder(settings)),
        ("dagster home", lambda: _dagster_home(settings)),
        ("dbt project", lambda: _manifest(manifest)),
        ("database", lambda: _database(settings, embedded=embedded)),
        ("dagster database", lambda: _dagster(settings)),
        ("reader", lambda: _reader(reader)),
        ("object store", lambda: _store(settings)),
        ("clamav", lambda: _clamav(settings)),
        ("language model", lambda: _language_model(settings)),
        ("broker", _broker),
    ]
    for what, look in looks:
        try:
            yield from look()
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one thing, the others are looked at
            yield Finding(what, "problem", f"{type(error).__name__}: {error}", "see docs/troubleshooting.md")


def _folder(settings: "Settings") -> Iterator[Finding]:
    home = settings.budmodel_home
    there = next(place for place in (home, *home.parents) if place.exists())
    if not os.access(there, os.W_OK):
        yield Finding(
            "folder", "problem", f"{there} cannot be written", "name another by BUDMODEL_HOME, or change its owner"
        )
    free = shutil.disk_usage(there).free
    state: State = "ok" if free >= SPARE_BYTES else "problem"
    fix = "" if state == "ok" else "free some space, or name another disk by BUDMODEL_HOME"
    yield Finding("folder", state, f"{home}, {free / 1e9:,.1f} GB free; of this machine alone", fix)


def _dagster_home(settings: "Settings") -> Iterator[Finding]:
    written = os.environ.get("DAGSTER_HOME")
    if not written:
        yield Finding("dagster home", "ok", "not set: the commands use BUDMODEL_HOME/dagster")
    elif not Path(written).is_absolute() or not (Path(written) / "dagster.yaml").is_file():
        fix = "name an absolute folder with a dagster.yaml (there is one in deploy/), or unset it"
        yield Finding("dagster home", "problem", f"{written} is not absolute or holds no dagster.yaml", fix)
    elif Path(written) == settings.budmodel_home / "dagster":
        fix = "keep the dagster.yaml of a deployment in another folder, or unset it"
        yield Finding("dagster home", "warning", f"{written}, whose dagster.yaml the commands replace by their own", fix)
    else:
        yield Finding("dagster home", "ok", written)


def _manifest(manifest: Path) -> Iterator[Finding]:
    if manifest.is_file():
        yield Finding("dbt project", "ok", "parsed")
    else:
        yield Finding("dbt project", "problem", f"{manifest} is missing", "run `make setup`")


def _database(settings: "Settings", *, embedded: bool) -> Iterator[Finding]:
    from sqlalchemy import text
    from sqlalchemy.exc import OperationalError

    from budmodel_pipeline.warehouse.migrate import current_revision, knows, newest_revision

    engine = live.database_of(settings)
    try:
        with engine.connect() as connection:
            row = connection.execute(
                text("""
                    select current_setting('server_version') as version, clock_timestamp() as now, rolsuper,
                        exists (select from pg_roles where rolname = 'budmodel_reader') as has_reader
                    from pg_roles where rolname = current_user
                """)
            ).one()
            revision = current_revision(connection)
    except OperationalError as error:
        fix = "POSTGRES_HOST and its sisters say where it is; `budmodel migrate` makes missing databases"
        yield Finding("database", "problem", str(error.orig).strip().splitlines()[-1], fix)
        return
    finally:
        engine.dispose()
    place = "embedded, of this machine alone" if embedded else f"{settings.postgres_host}:{settings.postgres_port}"
    yield Finding("database", "ok", f"PostgreSQL {row.version} ({place})")
    if row.rolsuper:
        fix = "POSTGRES_USER=budmodel_pipeline, and POSTGRES_ADMIN_USER for `budmodel migrate`: see docs/operations.md"
        yield Finding("database user", "warning", f"{settings.postgres_user} is a superuser, which nothing here needs", fix)
    else:
        yield Finding("database user", "ok", f"{settings.postgres_user}, no superuser")
    if not knows(revision):
        yield Finding("schema", "problem", f"revision {revision}, of a newer version of the code", "run that version")
    elif revision != newest_revision():
        found = f"revision {revision or 'none'}, and this code wants {newest_revision()}"
        yield Finding("schema", "problem", found, "run `budmodel migrate`")
    else:
        yield Finding("schema", "ok", f"revision {revision}")
    apart = abs((datetime.now(UTC) - row.now).total_seconds())
    if apart > CLOCK_SECONDS:
        found = f"the clocks of this machine and of the database are {apart:,.0f} s apart"
        yield Finding("clock", "problem", found, "set both by NTP: what is due follows from them")
    else:
        yield Finding("clock", "ok", "that of the database")


def _dagster(settings: "Settings") -> Iterator[Finding]:
    from budmodel_pipeline.warehouse.roles import may_make_tables, refusal

    url = settings.database_url.set(database=settings.dagster_postgres_db)
    trouble = refusal(url)
    if trouble:
        yield Finding("dagster database", "problem", trouble, "run `budmodel migrate`")
    elif not may_make_tables(url):
        found = f"{settings.postgres_user} may make no tables in {settings.dagster_postgres_db}"
        yield Finding("dagster database", "problem", found, "run `budmodel migrate` with POSTGRES_ADMIN_USER")
    else:
        yield Finding("dagster database", "ok", settings.dagster_postgres_db)


def _reader(reader: "URL") -> Iterator[Finding]:
    from budmodel_pipeline.warehouse.roles import refusal

    trouble = refusal(reader)
    if trouble:
        fix = "run `budmodel migrate` with POSTGRES_ADMIN_USER, or say POSTGRES_READER_PASSWORD"
        yield Finding("reader", "warning", f"{reader.username} cannot log in: {trouble}", fix)
    else:
        yield Finding("reader", "ok", str(reader.username))


def _store(settings: "Settings") -> Iterator[Finding]:
    from budmodel_pipeline.services.object_store import ObjectStoreError

    try:
        store = live.object_store_of(settings)
        written = store.put_content(f"written by budmodel doctor at {datetime.now(UTC).isoformat()}".encode())
        store.get_content(written.sha256)
        store.remove(written.sha256)
    except ObjectStoreError as error:
        yield Finding("object store", "problem", str(error), "MINIO_ENDPOINT and its sisters say where it is")
        return
    alone = "; of this machine alone" if store.directory else ""
    yield Finding("object store", "ok", f"{store.place}: written, read and removed{alone}")


def _clamav(settings: "Settings") -> Iterator[Finding]:
    if settings.budmodel_clamd is None:
        yield Finding("clamav", "warning", "not configured: every scan says so", "start clamd and name it by BUDMODEL_CLAMD")
        return
    from budmodel_pipeline.services.clamd import ClamdPolicy, open_clamav

    clamav = open_clamav(settings.budmodel_clamd, ClamdPolicy(signature_days=settings.budmodel_clamd_signature_days))
    if clamav.trouble:
        yield Finding("clamav", "problem", clamav.trouble, "see `clamd` and `freshclam` on the machine that runs them")
    else:
        yield Finding("clamav", "ok", clamav.version)


def _language_model(settings: "Settings") -> Iterator[Finding]:
    model, key = settings.budmodel_llm_model, settings.openai_api_key.get_secret_value()
    if model and not key:
        yield Finding("language model", "warning", f"{model} is named, and there is no key", "set OPENAI_API_KEY")
    else:
        yield Finding("language model", "ok", f"{model}, not asked now" if model else "none, so that there is no prose")


def _broker() -> Iterator[Finding]:
    """Of Celery's workers, where there are some."""
    address = os.environ.get("CELERY_BROKER")
    if not address:
        return
    from kombu.connection import Connection

    with Connection(address, connect_timeout=CONNECT_SECONDS) as broker:  # type: ignore[no-untyped-call]
        # Without the password that may stand in it.
        named = broker.as_uri()
        try:
            broker.connect()
        except (*broker.connection_errors, OSError) as error:
            fix = "start it, or correct CELERY_BROKER: without it, runs wait in the queue"
            yield Finding("broker", "problem", f"{named} does not answer: {error}", fix)
        else:
            yield Finding("broker", "ok", named)
