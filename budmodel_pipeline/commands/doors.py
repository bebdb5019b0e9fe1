"""The ways into the data beside these commands: a connection string, psql, the Dagster UI, and the shell's completion."""

import os
import signal
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from budmodel_pipeline.commands.console import put, say, tell, whisper
from budmodel_pipeline.commands.context import database
from budmodel_pipeline.commands.options import Count, OneOf, as_json
from budmodel_pipeline.commands.ports import is_free

if TYPE_CHECKING:
    from sqlalchemy import URL

    from budmodel_pipeline.settings import Settings

HOST, PORT = "127.0.0.1", 3000
# How many ports after the one that is taken are tried.
NEXT_PORTS = 20
BETWEEN_LOOKS = 0.2
SHELLS = ("bash", "zsh", "fish")
# Of a command that goes on working: `dg dev` would want a project laid out as it lays them out.
_NOT_SAID = "ignore:Function `dev_command` is superseded:FutureWarning"


def _connection(settings: "Settings", *, write: bool) -> "URL":
    """How analysts reach the data, or who changes them."""
    from budmodel_pipeline.commands import quickstart

    url = settings.database_url if write else quickstart.reader_url(settings)
    return url.set(drivername="postgresql")


@click.command()
@click.option("--write", is_flag=True, help="The pipeline's own connection, which may change data and ask for models.")
@as_json
def connect(write: bool, as_json: bool) -> None:
    """Print the connection string of the data for psql and BI tools: of a user who reads the marts and nothing else."""
    with database() as (settings, _):
        url = _connection(settings, write=write)
    whole = url.render_as_string(hide_password=False)
    if as_json:
        parts = {"host": url.host, "port": url.port, "database": url.database, "user": url.username}
        tell({"url": whole, **parts, "password": url.password, "read_only": not write})
    else:
        put(whole)


@click.command(context_settings={"ignore_unknown_options": True})
@click.option(
    "--write",
    is_flag=True,
    help="As the pipeline, which may change data; without it as a user who reads the marts and nothing else.",
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[PSQL ARGUMENT]...")
def psql(write: bool, arguments: Sequence[str]) -> None:
    """Open psql on the data, which are in schema marts: the client that comes with the embedded server, or the system's.

    What else is given goes to psql: budmodel psql -c "select * from marts.benchmarks"
    """
    from budmodel_pipeline.services.postgres_programs import client_program

    with database() as (settings, _):
        url = _connection(settings, write=write)
        program = str(client_program("psql"))
    # By its environment and not by arguments, which everybody on the machine can read.
    told: dict[str, object] = {"PGHOST": url.host, "PGPORT": url.port, "PGUSER": url.username, "PGPASSWORD": url.password}
    told |= {"PGDATABASE": url.database, "PGOPTIONS": url.query.get("options")}
    os.execve(program, ["psql", *arguments], os.environ | {name: str(value) for name, value in told.items() if value})


@click.command()
@click.option("--port", type=Count(1, 65535), help=f"Where the UI listens, on this machine only.  [default: {PORT}]")
@as_json
def ui(port: int | None, as_json: bool) -> None:
    """Start the Dagster UI and its daemon on the same databases, until it is interrupted."""
    from budmodel_pipeline.commands import quickstart

    chosen = _free_port(port)
    with database() as (settings, _):
        quickstart.enter(settings)
    home = os.environ["DAGSTER_HOME"]
    tell_progress = whisper if as_json else say
    tell_progress(f"DAGSTER_HOME={home}, PostgreSQL at {settings.postgres_host}:{settings.postgres_port}")
    if port is None and chosen != PORT:
        tell_progress(f"Port {PORT} is taken, so the UI comes to {chosen}; --port names another")
    workspace = str(quickstart.PROJECT / "workspace.yaml")
    command = [sys.executable, "-W", _NOT_SAID, "-m", "dagster", "dev", "-w", workspace, "-h", HOST, "-p", str(chosen)]
    _announce(chosen, as_json=as_json)
    # Elsewhere than in the project, whose dagster.yaml is not the one that counts: that is the copy in DAGSTER_HOME.
    os.chdir(home)
    os.execv(sys.executable, command)


def _free_port(asked: int | None) -> int:
    """The port that was `asked` for, which has to be free; without one the first free one from the usual one on."""
    first = asked or PORT
    free = next((port for port in range(first, min(first + NEXT_PORTS, 65536)) if is_free(HOST, port)), None)
    if free == first or (free is not None and asked is None):
        return free
    advice = f"the next free one is {free}" if free is not None else f"and so are the next {NEXT_PORTS}"
    raise click.ClickException(f"Something else listens on port {first}; {advice}: --port names one.")


def _announce(port: int, *, as_json: bool) -> None:
    """Says where the UI is when it answers, from a process of its own, because this one is about to become the UI."""
    server = os.getpid()
    if os.fork():
        return
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    address = f"http://{HOST}:{port}"
    while os.getppid() == server:
        with suppress(OSError), socket.create_connection((HOST, port), timeout=1):
            if as_json:
                tell({"url": address})
            else:
                say(f"Open {address} in a browser; Ctrl-C ends it")
            break
        time.sleep(BETWEEN_LOOKS)
    os._exit(0)


@click.command()
@click.argument("shell", type=OneOf(SHELLS))
@as_json
def completion(shell: str, as_json: bool) -> None:
    """Print the completion of this command for a SHELL: eval "$(budmodel completion bash)"."""
    from click.shell_completion import get_completion_class

    made = get_completion_class(shell)
    if made is None:
        raise click.ClickException(f"click knows no completion for {shell}")
    script = made(click.get_current_context().find_root().command, {}, "budmodel", "_BUDMODEL_COMPLETE").source()
    if as_json:
        tell({"shell": shell, "script": script})
    else:
        put(script)
