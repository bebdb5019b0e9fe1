"""Migrations against a real server: they give what `tables.py` declares, once, whoever starts them and however often."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, make_url, text
from sqlalchemy.exc import ProgrammingError

from budmodel_pipeline.services.embedded_postgres import Server
from budmodel_pipeline.warehouse.engine import open_engine
from budmodel_pipeline.warehouse.migrate import current_revision, migrate, newest_revision
from budmodel_pipeline.warehouse.tables import SCHEMA, metadata

CATALOG = text("""
    select 'column' as kind, relname::text as relation, attname::text as name,
           format('%s %s %s', format_type(atttypid, atttypmod), attnotnull, pg_get_expr(adbin, adrelid)) as definition
    from pg_class join pg_attribute on attrelid = pg_class.oid left join pg_attrdef on adrelid = attrelid and adnum = attnum
    where relnamespace = to_regnamespace(:schema) and relkind = 'r' and attnum > 0 and not attisdropped
    union all
    select 'constraint', conrelid::regclass::text, conname::text, pg_get_constraintdef(oid) from pg_constraint
    where connamespace = to_regnamespace(:schema) and contype <> 'n'
    union all
    select 'index', tablename::text, indexname::text, indexdef from pg_indexes where schemaname = :schema
""")


@pytest.fixture(scope="module")
def stranger(postgres_server: Server) -> str:
    """A user of another name than the schema, which would otherwise be on the user's search path."""
    with postgres_server.connect() as connection:
        connection.execute("create role stranger login superuser password 'tests'")
    return "stranger"


@pytest.fixture
def engine(database: str, stranger: str) -> Iterator[Engine]:
    """An engine on an empty database."""
    engine = open_engine(make_url(database).set(username=stranger, password="tests"))
    yield engine
    engine.dispose()


def relations(connection: Connection) -> set[tuple[str, ...]]:
    """Every column, constraint and index of the schema, except for Alembic's own table."""
    found = connection.execute(CATALOG, {"schema": SCHEMA}).all()
    return {tuple(map(str, row)) for row in found if "alembic_version" not in row.relation}


def test_migrations_give_what_the_tables_declare(engine: Engine) -> None:
    migrate(engine)
    with engine.connect() as connection:
        options = {"include_schemas": True, "version_table_schema": SCHEMA, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []
        migrated = relations(connection)
    with engine.begin() as connection:
        connection.execute(text(f"drop schema {SCHEMA} cascade"))
        connection.execute(text(f"create schema {SCHEMA}"))
        metadata.create_all(connection)
        declared = relations(connection)
    # Alembic does not look at check constraints and null treatment.
    assert migrated == declared
    assert {row[0] for row in declared} == {"column", "constraint", "index"}


def test_an_empty_database_is_brought_to_the_newest_revision(engine: Engine) -> None:
    with engine.connect() as connection:
        assert current_revision(connection) is None
    migrate(engine)
    with engine.connect() as connection:
        assert current_revision(connection) == newest_revision() is not None


def test_migrating_again_touches_nothing(engine: Engine) -> None:
    migrate(engine)
    with engine.begin() as connection:
        connection.execute(text("insert into budmodel.models values ('alpha', 'Alpha', now(), null)"))
        before: int = connection.execute(text("select 'budmodel.models'::regclass::oid")).scalar_one()
    migrate(engine)
    with engine.connect() as connection:
        assert connection.execute(text("select model_id from budmodel.models")).scalars().all() == ["alpha"]
        assert connection.execute(text("select 'budmodel.models'::regclass::oid")).scalar_one() == before


def test_links_that_were_resolved_before_get_the_model_that_they_lead_to(engine: Engine) -> None:
    migrate(engine, "0004")
    with engine.begin() as connection:
        for statement in (
            "insert into budmodel.sources (source, title, publisher, homepage, cadence_days) values ('b', '', '', '', 7)",
            "insert into budmodel.models values ('org/name', 'Name', now(), null)",
            """
            insert into budmodel.model_aliases
                (source, published_name, link, model_id, method, confidence, first_seen_at, last_seen_at)
            select 'b', coalesce(link, 'Name'), link, 'org/name', 'test', 1, now(), now()
            from unnest(array['https://hf.co/org/name#card', 'https://hf.co/spaces/org/name', null]) as link
            """,
        ):
            connection.execute(text(statement))
    migrate(engine)
    with engine.connect() as connection:
        found = list(connection.scalars(text("select hub_repository from budmodel.model_aliases order by link")))
    assert found == ["org/name", None, None]


def test_processes_that_start_at_once_migrate_once(engine: Engine) -> None:
    engines = [open_engine(engine.url) for _ in range(6)]
    with ThreadPoolExecutor(len(engines)) as pool:
        list(pool.map(migrate, engines))
    for other in engines:
        other.dispose()
    with engine.connect() as connection:
        assert connection.execute(text("select version_num from budmodel.alembic_version")).all() == [(newest_revision(),)]


def test_a_migration_that_fails_leaves_nothing_behind(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text(f"create schema {SCHEMA}"))
        connection.execute(text("create table budmodel.model_aliases (in_the_way text)"))
    with pytest.raises(ProgrammingError, match="already exists"):
        migrate(engine)
    with engine.connect() as connection:
        tables = text("select relname::text from pg_class where relkind = 'r' and relnamespace = 'budmodel'::regnamespace")
        assert connection.execute(tables).scalars().all() == ["model_aliases"]
    with engine.begin() as connection:
        connection.execute(text("drop table budmodel.model_aliases"))
    migrate(engine)
