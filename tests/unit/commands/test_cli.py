"""The list of commands: each is found where the list says, and none is left out."""

import errno
import importlib
import json
from pathlib import Path

import click
import pytest

from budmodel_pipeline.cli import HEADINGS, PLACES, main
from budmodel_pipeline.commands.models import VERDICTS
from budmodel_pipeline.commands.options import Amount, OneOf
from budmodel_pipeline.commands.pipeline import ORIGINS
from budmodel_pipeline.settings import Origin
from budmodel_scanner import Verdict


def test_every_command_has_its_name_and_a_word_of_help() -> None:
    context = click.Context(main)
    assert main.list_commands(context) == sorted(PLACES) == sorted(name for names in HEADINGS.values() for name in names)
    for name in PLACES:
        command = main.get_command(context, name)
        assert command is not None
        assert (command.name, bool(command.help)) == (name, True)
    assert main.get_command(context, "nothing") is None


def test_every_command_of_a_module_is_listed() -> None:
    modules = {place.partition(":")[0] for place in PLACES.values()}
    found = {
        command.name
        for module in modules
        for command in vars(importlib.import_module(f"budmodel_pipeline.commands.{module}")).values()
        if isinstance(command, click.Command)
    }
    assert found == set(PLACES)


def test_the_origins_to_choose_from_are_those_that_there_are() -> None:
    assert list(ORIGINS) == [origin.value for origin in Origin]


def test_every_command_answers_programs_but_the_one_that_becomes_another_program() -> None:
    context = click.Context(main)
    without = set()
    for name in PLACES:
        command = main.get_command(context, name)
        assert command is not None
        if "--json" not in {option for parameter in command.params for option in parameter.opts}:
            without.add(name)
    assert without == {"psql"}


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["leaderbord"], 2, "There is no command 'leaderbord'. Do you mean leaderboard?"),
        (["xyzzy"], 2, "There is no command 'xyzzy'. `budmodel --help` lists them."),
        # No name is near, but the help of one begins with the word.
        (["status"], 2, "There is no command 'status'. Do you mean sources?"),
        (["help", "leaderbord"], 2, "There is no command 'leaderbord'. Do you mean leaderboard?"),
        (["choose", "--machine", "rtx 4091"], 2, "'rtx 4091' is none of rtx-4090, h100, mac-64gb. Do you mean rtx-4090?"),
        (["export", "x", "--format", "pdf"], 2, "'pdf' is none of parquet, csv, sqlite, xlsx."),
        (["ranking", "--doman", "coding"], 2, "No such option '--doman'. Did you mean '--domain'?"),
        (["compare", "x", "--only"], 2, "No such option '--only'."),
        (["ranking", "coding", "--domain", "math"], 2, "DOMAIN and --domain are the same: give one of them"),
        (["changes", "--week", "yesterday"], 2, "expected a day such as 2026-03-01; found 'yesterday'."),
        (["models", "--limit", "ten"], 2, "'ten' is not a valid number."),
        (["choose", "--context", "32q"], 2, "expected a number such as 32k, 500M, 8B or 7000000000; found '32q'."),
        (["run", "--source", "livecodebnch"], 2, "There is no source 'livecodebnch'. Do you mean one of: livecodebench, "),
        (["replay", "nothing"], 2, "There is no source 'nothing'. Known: "),
        (
            ["choose", "--machine", "h100", "--memory", "0GB"],
            2,
            "--machine says how much --memory there is: give one of them",
        ),
        (["models", "--max-memory", "much"], 2, "expected a number such as 24GB or 16GiB; found 'much'."),
    ],
)
@pytest.mark.parametrize("as_json", [False, True])
def test_a_problem_is_a_sentence_or_an_object(
    words: list[str], status: int, said: str, as_json: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*words, "--json"] if as_json else words)
    out, err = capsys.readouterr()
    assert (ended.value.code, out) == (status, "")
    if as_json:
        problem = json.loads(err)
        assert problem["exit_status"] == status
        assert said in problem["error"]
    else:
        assert said in err


@pytest.mark.parametrize("spelled", ["Leaderboard", "LEADERBOARD", "leader-board"])
def test_a_command_in_another_spelling_is_that_command(spelled: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([spelled, "--help"])
    assert (ended.value.code, " leaderboard [OPTIONS] METRIC" in capsys.readouterr().out) == (0, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--version"], "budmodel "),
        (["-h"], "Usage: budmodel [OPTIONS] COMMAND"),
        (["help"], "Usage: budmodel [OPTIONS] COMMAND"),
        (["help", "Leaderboard"], "Usage: budmodel leaderboard [OPTIONS] METRIC"),
        (["models", "-h"], "Usage: budmodel models [OPTIONS]"),
    ],
)
def test_help_is_where_people_look_for_it(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words, prog_name="budmodel")
    out, err = capsys.readouterr()
    assert (ended.value.code, out[: len(said)], err) == (0, said, "")


def test_help_shows_no_words_of_programmers() -> None:
    whole = click.Context(main, info_name="budmodel", **main.context_settings)
    for name in PLACES:
        command = main.get_command(whole, name)
        assert command is not None
        with click.Context(command, parent=whole, info_name=name) as context:
            shown = command.get_help(context)
        assert not [word for word in ("INTEGER", "%Y") if word in shown], name


@pytest.mark.parametrize(
    ("written", "meant"),
    [("rtx-4090", "rtx-4090"), ("RTX 4090", "rtx-4090"), ("\uff32TX4090", "rtx-4090"), ("New Best", "new best")],
)
def test_one_of_a_few_words_in_any_spelling(written: str, meant: str) -> None:
    assert OneOf(["rtx-4090", "new best", "new"]).convert(written, None, None) == meant


@pytest.mark.parametrize("as_json", [False, True])
def test_a_file_that_cannot_be_written_is_a_sentence(
    as_json: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full() -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(tmp_path / "file"))

    monkeypatch.setattr(main, "invoke", lambda _: full())
    with pytest.raises(SystemExit) as ended:
        main(["models", *(["--json"] if as_json else [])])
    said = capsys.readouterr().err
    expected = f"{tmp_path / 'file'}: No space left on device"
    assert ended.value.code == 1
    assert json.loads(said) == {"error": expected, "exit_status": 1} if as_json else said == f"Error: {expected}\n"


def test_what_fails_while_an_interrupted_command_lets_go_is_no_problem_of_its_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        try:
            try:
                raise KeyboardInterrupt
            finally:
                raise OSError(errno.ECONNRESET, "the rollback was cancelled", "socket")
        except OSError as error:
            raise click.ClickException("The database does not answer") from error

    monkeypatch.setattr(click.Group, "invoke", interrupted)
    with pytest.raises(SystemExit) as ended:
        main(["sources", "--json"])
    assert ended.value.code == 130
    assert json.loads(capsys.readouterr().err) == {"error": "interrupted", "exit_status": 130}


def test_the_verdicts_to_choose_from_are_those_of_the_scanner() -> None:
    assert sorted(VERDICTS) == sorted(Verdict)


@pytest.mark.parametrize(
    ("kind", "written", "meant"),
    [
        (Amount(), "8B", 8 * 10**9),
        (Amount(), "0.5b", 5 * 10**8),
        (Amount(), "7,000", 7000),
        (Amount(of_bytes=True), "24GB", 24 * 10**9),
        (Amount(of_bytes=True), "24g", 24 * 10**9),
        (Amount(of_bytes=True), "16 GiB", 16 * 2**30),
        (Amount(of_bytes=True), "100", 100),
    ],
)
def test_amounts(kind: Amount, written: str, meant: int) -> None:
    assert kind.convert(written, None, None) == meant


@pytest.mark.parametrize(
    ("kind", "written"), [(Amount(), "8GB"), (Amount(of_bytes=True), "8q"), (Amount(), "-1"), (Amount(), "")]
)
def test_what_is_no_amount(kind: Amount, written: str) -> None:
    with pytest.raises(click.BadParameter):
        kind.convert(written, None, None)
