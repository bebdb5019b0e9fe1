"""Three roles, none of them a superuser: who owns the tables, who reads and writes them, and who reads what analysts read.

Roles belong to a server and not to a schema, and an administrator may make them after the tables. So this is no migration,
but how things shall stand, which is brought about as often as one likes, also on databases that are older than it.
"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from psycopg import sql
from sqlalchemy import URL, Connection, create_engine, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from budmodel_pipeline.warehouse.tables import SCHEMA

OWNER, PIPELINE, READER = "budmodel_owner", "budmodel_pipeline", "budmodel_reader"
# `noinherit`: the pipeline owns nothing while it works, and takes the owner's part to migrate.
_ATTRIBUTES = {OWNER: "nologin", PIPELINE: "login noinherit", READER: "login connection limit 20"}
_READER_SETTINGS = {
    "default_transaction_read_only": "on",
    "statement_timeout": "60s",
    "idle_in_transaction_session_timeout": "60s",
}
# Who owns what lies in which schema.
_OWNERS = {SCHEMA: OWNER, "marts": PIPELINE, "staging": PIPELINE}
_READ = ("marts", "staging")
# Raised when anything below changes what is set up: databases that were set up before are set up again.
_VERSION = 2
# Any two processes that set up one server meet at this advisory lock.
_LOCK = 0x726F6C65

_ADOPT = """
    select format('alter %s %s owner to %I', kind, name, {owner}) from (
        select case relkind when 'v' then 'view' when 'm' then 'materialized view' when 'S' then 'sequence' else 'table' end,
               relation.oid::regclass::text, relowner
        from pg_class relation
        where relnamespace = to_regnamespace({schema}) and relkind in ('r', 'p', 'v', 'm', 'S') and not exists (
            -- A sequence that belongs to a column goes with its table.
            select from pg_depend where objid = relation.oid and classid = 'pg_class'::regclass and relkind = 'S'
                and deptype in ('a', 'i') and refclassid = 'pg_class'::regclass
        )
        union all
        select 'routine', oid::regprocedure::text, proowner from pg_proc where pronamespace = to_regnamespace({schema})
    ) as held (kind, name, holder) where holder <> {owner}::text::regrole
"""
# Whoever can log in may call these: they fill the disk, or hold the locks by which runs and migrations wait for each other.
_FOR_EVERYBODY = """
    select oid::regprocedure::text from pg_proc
    where pronamespace = 'pg_catalog'::regnamespace
      and (proname like '%advisory%lock%' or proname in ('lo_creat', 'lo_create', 'lo_from_bytea'))
"""


class RolesError(Exception):
    """The roles cannot be brought about; the text says who could do it, and how."""


@dataclass(frozen=True, slots=True)
class Roles:
    """Which databases the roles are for, and how they log in. `also` is a user of an older deployment that works on."""

    data: str
    dagster: str
    pipeline_password: str | None = field(repr=False)
    reader_password: str = field(repr=False)
    also: str | None = None

    @property
    def mark(self) -> str:
        """What a database says of itself where all of this was done."""
        told = (_VERSION, self, self.pipeline_password, self.reader_password)
        return f"roles {hashlib.sha256(repr(told).encode()).hexdigest()[:16]}"


def reader_password(password: str) -> str:
    """The reader's, where nobody chose one: it follows from the pipeline's, and nothing follows from it."""
    return hashlib.scrypt(password.encode(), salt=READER.encode(), n=1 << 14, r=8, p=1, dklen=24).hex()


def are_set_up(server: URL, roles: Roles) -> bool:
    """Whether both databases were set up in exactly this way."""
    with _session(server, "postgres") as connection:
        return _marks(connection, roles) == [roles.mark] * 2


def refusal(url: URL) -> str | None:
    """Why nobody can log in with this, None where one can."""
    try:
        with _session(url, url.database or ""):
            return None
    except OperationalError as error:
        return str(error.orig).strip().splitlines()[-1]


def may_make_tables(url: URL) -> bool:
    """Whether this user may make tables in schema `public`, as Dagster does."""
    with _session(url, url.database or "") as connection:
        return bool(connection.execute(text("select has_schema_privilege('public', 'create')")).scalar_one())


def set_up(server: URL, roles: Roles) -> Sequence[str]:
    """Makes what is missing of roles, databases and rights, as the administrator that `server` names.

    Any number of processes may do so at once. Returns sentences about what this user may not do, where the pipeline works
    without it. Raises RolesError.
    """
    with _session(server, "postgres") as connection:
        connection.execute(text("select pg_advisory_lock(:key)"), {"key": _LOCK})
        mine: str = connection.execute(text("select current_user")).scalar_one()
        may = connection.execute(
            text("select rolsuper or rolcreaterole, rolsuper from pg_roles where rolname = current_user")
        ).one()
        known: set[str] = set(connection.scalars(text("select rolname from pg_roles")))
        missing = [role for role in _ATTRIBUTES if role not in known]
        try:
            _create_databases(connection, (roles.data, roles.dagster))
            if not may[0]:
                done = not missing and all(mark and mark.startswith("roles ") for mark in _marks(connection, roles))
                return [] if done else [_advice(mine, missing)]
            _create_roles(connection, missing, roles, [mine] if not may[1] else [], superuser=may[1])
            with _session(server, roles.data) as data:
                _rights_in_data(data, roles.data, superuser=may[1])
            with _session(server, roles.dagster) as dagster:
                _rights_in_dagster(dagster, roles.dagster)
            for name in (roles.data, roles.dagster):
                _run(connection, "comment on database {} is {}", sql.Identifier(name), sql.Literal(roles.mark))
        except ProgrammingError as error:
            raise RolesError(f"{mine} may not set up roles and rights ({error.orig}). {_advice(mine, missing)}") from error
    return []


def _marks(connection: Connection, roles: Roles) -> list[str | None]:
    marks = text("select shobj_description(oid, 'pg_database') from pg_database where datname = any(:names)")
    return list(connection.scalars(marks, {"names": [roles.data, roles.dagster]}))


def _advice(user: str, missing: Sequence[str]) -> str:
    lacking = f"the server has no {', '.join(missing)}, and " if missing else ""
    return (
        f"{lacking}{user} may make no roles: `budmodel migrate` does it once with POSTGRES_ADMIN_USER and "
        f"POSTGRES_ADMIN_PASSWORD of a user with CREATEROLE; until then the pipeline works as {user}, and "
        f"`budmodel connect` has no reader to hand out."
    )


@contextmanager
def _session(server: URL, database: str) -> Iterator[Connection]:
    engine = create_engine(server.set(database=database), isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 10})
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _run(connection: Connection, statement: str, *values: sql.Composable) -> None:
    connection.exec_driver_sql(sql.SQL(statement).format(*values).as_string().replace("%", "%%"))


def _create_databases(connection: Connection, names: Sequence[str]) -> None:
    held: set[str] = set(connection.scalars(text("select datname from pg_database")))
    for name in names:
        if name not in held:
            _run(connection, "create database {}", sql.Identifier(name))


def _create_roles(
    connection: Connection, missing: Sequence[str], roles: Roles, helpers: Sequence[str], *, superuser: bool
) -> None:
    owner, pipeline, reader = (sql.Identifier(role) for role in (OWNER, PIPELINE, READER))
    for role, attributes in _ATTRIBUTES.items():
        if role in missing:
            _run(connection, "create role {}", sql.Identifier(role))
        # Only a superuser may say of somebody that he is none.
        plain = " nosuperuser nocreatedb nocreaterole noreplication nobypassrls" if superuser else ""
        _run(connection, f"alter role {{}} {attributes}{plain}", sql.Identifier(role))
    _run(connection, "grant {} to {}", owner, pipeline)
    for user in {*helpers, *([roles.also] if roles.also else [])} - set(_ATTRIBUTES):
        _run(connection, "grant {}, {} to {}", owner, pipeline, sql.Identifier(user))
    for name, value in _READER_SETTINGS.items():
        _run(connection, f"alter role {{}} set {name} = {{}}", reader, sql.Literal(value))
    for role, password in ((PIPELINE, roles.pipeline_password), (READER, roles.reader_password)):
        if password:
            _run(
                connection,
                "alter role {} password {}",
                sql.Identifier(role),
                sql.Literal(_verifier(connection, role, password)),
            )


def _verifier(connection: Connection, role: str, password: str) -> str:
    """What the server keeps of a password: so the password itself is in no statement, and in no log."""
    driver = connection.connection.driver_connection
    if driver is None:
        raise RuntimeError("the connection was closed meanwhile")
    verifier: bytes = driver.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
    return verifier.decode()


def _rights_in_data(connection: Connection, name: str, *, superuser: bool) -> None:
    owner, pipeline, reader = (sql.Identifier(role) for role in (OWNER, PIPELINE, READER))
    database, tables, marts = sql.Identifier(name), sql.Identifier(SCHEMA), sql.SQL(", ").join(map(sql.Identifier, _READ))
    _run(connection, "alter database {} owner to {}", database, owner)
    _run(connection, "revoke all on database {} from public", database)
    _run(connection, "grant connect, create, temporary on database {} to {}", database, pipeline)
    _run(connection, "grant connect on database {} to {}", database, reader)
    for schema, role in _OWNERS.items():
        _run(connection, "create schema if not exists {} authorization {}", sql.Identifier(schema), sql.Identifier(role))
        _run(connection, "alter schema {} owner to {}", sql.Identifier(schema), sql.Identifier(role))
        _adopt(connection, schema, role)
    _run(connection, "grant usage on schema {} to {}", tables, pipeline)
    for kind, rights in (("tables", "select, insert, update, delete, truncate"), ("sequences", "all")):
        _run(connection, f"grant {rights} on all {kind} in schema {{}} to {{}}", tables, pipeline)
        changed = f"alter default privileges for role {{}} in schema {{}} grant {rights} on {kind} to {{}}"
        _run(connection, changed, owner, tables, pipeline)
    _run(connection, "grant usage on schema {} to {}", marts, reader)
    _run(connection, "grant select on all tables in schema {} to {}", marts, reader)
    _run(
        connection,
        "alter default privileges for role {} in schema {} grant select on tables to {}",
        pipeline,
        marts,
        reader,
    )
    if superuser:
        for function in connection.scalars(text(_FOR_EVERYBODY)).all():
            _run(connection, f"revoke execute on function {function} from public")
            _run(connection, f"grant execute on function {function} to {{}}, {{}}", owner, pipeline)


def _rights_in_dagster(connection: Connection, name: str) -> None:
    database, pipeline = sql.Identifier(name), sql.Identifier(PIPELINE)
    # Rights on its schema `public` are the owner's to give, and only a warning says that somebody else gave none.
    _run(connection, "alter database {} owner to current_user", database)
    _run(connection, "grant all on schema public to {}", pipeline)
    _run(connection, "alter database {} owner to {}", database, pipeline)
    _run(connection, "revoke all on database {} from public", database)
    _adopt(connection, "public", PIPELINE)


def _adopt(connection: Connection, schema: str, role: str) -> None:
    """Gives all that lies in `schema` to `role`, whoever made it before there were roles."""
    question = sql.SQL(_ADOPT).format(owner=sql.Literal(role), schema=sql.Literal(schema))
    statements: list[str] = list(connection.exec_driver_sql(question.as_string().replace("%", "%%")).scalars())
    for statement in statements:
        connection.exec_driver_sql(statement.replace("%", "%%"))
