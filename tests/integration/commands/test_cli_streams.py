"""How commands end where nobody reads on, and where somebody interrupts them."""

import json
import os
import signal
import socket
import subprocess

import pytest

from tests.cli import COMMAND, Install, Installation, Run, fails_clearly

# Of every kind of output: tables, lists of pairs, progress, JSON, a script, help; `--json` comes on top of the first ones.
ANSWERS = (
    ["sources"],
    ["metrics"],
    ["models"],
    ["ranking"],
    ["compare", "gpt-5.1-high", "gemini-3-pro"],
    ["leaderboard", "lmarena_text.rating_overall"],
    ["model", "hf:microsoft/phi-4"],
    ["resolve", "gpt4o"],
    ["license", "mit"],
    ["run"],
    ["completion", "bash"],
)
CALLS = [*ANSWERS, *([*call, "--json"] for call in ANSWERS), ["--help"], ["models", "--help"]]


def ended_unread(at: Installation, arguments: list[str]) -> tuple[int, str]:
    """How a command ends whose reader is gone before it writes, as that of `head -0` is; and what it says of that."""
    reading, writing = os.pipe()
    os.close(reading)
    with subprocess.Popen(
        [COMMAND, *arguments], env=at.environment(), cwd=at.folder, stdout=writing, stderr=subprocess.PIPE, text=True
    ) as process:
        os.close(writing)
        _, said = process.communicate()
    return process.returncode, said


@pytest.mark.parametrize("arguments", CALLS, ids=" ".join)
def test_a_closed_pipe_is_no_failure(samples_run: Run, arguments: list[str]) -> None:
    assert ended_unread(samples_run.at, arguments) == (0, "")


def test_a_failure_stays_one_where_nobody_reads(samples_run: Run) -> None:
    status, said = ended_unread(samples_run.at, ["leaderboard", "no.metric"])
    assert (status, "There is no metric 'no.metric'" in said) == (1, True)


@pytest.fixture
def asked(samples_run: Run, install: Install) -> Installation:
    """Where requests are made that nobody serves."""
    return install(of=samples_run.at)


@pytest.mark.parametrize("flags", [[], ["--json"]], ids=["sentence", "json"])
def test_who_interrupts_a_command_gets_130(asked: Installation, flags: list[str]) -> None:
    arguments = ["request", "hf:org/name", "--by", "streams", "--wait", *flags]
    assert asked.server is not None
    with asked.server.connect(asked.database) as connection:
        connection.execute("""
            create function budmodel.tell() returns trigger language plpgsql
            as $$ begin perform pg_notify('asked', ''); return new; end $$
        """)
        connection.execute(
            "create trigger tell after insert on budmodel.extraction_requests execute function budmodel.tell()"
        )
        connection.execute("listen asked")
        try:
            with asked.started(*arguments) as process:
                next(connection.notifies())
                process.send_signal(signal.SIGINT)
                _, said = process.communicate()
        finally:
            connection.execute("drop function budmodel.tell cascade")
    assert process.returncode == 130, said
    assert "Traceback" not in said
    if flags:
        assert json.loads(said) == {"error": "interrupted", "exit_status": 130}


def test_a_server_tells_programs_where_it_is_and_ends_with_130(samples_run: Run) -> None:
    with samples_run.at.started("serve", "--port", "0", "--json") as process:
        assert process.stdout is not None
        address = json.loads(process.stdout.readline())["url"]
        host, _, port = address.removeprefix("http://").partition(":")
        socket.create_connection((host, int(port))).close()
        taken = fails_clearly(samples_run.at.run("serve", "--port", port))
        process.send_signal(signal.SIGINT)
        process.communicate()
    assert process.returncode == 130
    assert f"Something else listens on port {port}: --port names another" in taken


def test_a_terminal_without_the_characters_of_a_line_ends_no_run(samples_run: Run, install: Install) -> None:
    at = install(of=samples_run.at)
    finished = at.run("run", "--force", "--source", "ugi", PYTHONIOENCODING="ascii")
    assert (finished.code, finished.err) == (0, "")
    assert "\\u2713 scores/ugi  unchanged" in finished.out
    told = at.run("changes", "--json", PYTHONIOENCODING="ascii")
    assert (told.code, json.loads(told.out)) == (0, at.json("changes"))


def test_bytes_that_are_no_text_are_a_name_that_nobody_has(samples_run: Run) -> None:
    for command in ("model", "leaderboard"):
        said = fails_clearly(samples_run.at.run(command, "\udcff"))
        assert r"'\udcff'" in said
    assert "holds bytes that are no UTF-8" in fails_clearly(samples_run.at.run("model", "\udcff"))
