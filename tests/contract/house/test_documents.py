"""What README and `docs/` name is what there is, and there is nothing that they do not name."""

import ast
import re
import shlex
import tomllib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import click
import pytest
import yaml

from budmodel_pipeline.cli import PLACES, main
from budmodel_pipeline.settings import Settings
from budmodel_pipeline.sources.contract import Source, check_declaration
from budmodel_scanner import Verdict
from docs import picture
from tests.contract.house.documents import DOCUMENTS, ROOT, block_with, blocks, first_cells, read, section

COMMANDS_PAGE = read("docs/commands.md")
QUICK_START = read("docs/quick-start.md")
ADDING_A_SOURCE = read("docs/adding-a-source.md")
ARCHITECTURE = read("docs/architecture.md")
EVERY_DOCUMENT = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
# Imported here and not while a test runs: a library that a command needs tries out a socket.
CLICK_COMMANDS = {name: command for name in PLACES if (command := main.get_command(click.Context(main), name)) is not None}
OPTIONS = {
    name: {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    for name, command in CLICK_COMMANDS.items()
}
# Of Dagster and of tools beside us; a setting of ours would be in `Settings`.
VARIABLES_OF_OTHERS = {"DAGSTER_HOME"}
NOT_OF_THE_PROJECT = {"__pycache__", "build", "dist", "logs", "node_modules", "site"}


def decorated(folder: str, kind: str) -> set[str]:
    """The names that a folder's modules give with `@dg.<kind>(name=...)`."""
    return {
        keyword.value.value
        for file in (ROOT / folder).glob("*.py")
        for call in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == kind
        for keyword in call.keywords
        if keyword.arg == "name" and isinstance(keyword.value, ast.Constant) and isinstance(keyword.value.value, str)
    }


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):.*##", read("Makefile"), re.MULTILINE)) | {"setup"}


def test_every_command_is_in_the_table_of_commands() -> None:
    rows = [row.split()[1] for row in first_cells(COMMANDS_PAGE)]
    assert sorted(rows) == sorted(PLACES)


def test_the_table_of_commands_names_options_that_there_are() -> None:
    for command, row in re.findall(r"^\| `budmodel ([a-z]+)(.*)$", COMMANDS_PAGE, re.MULTILINE):
        assert set(re.findall(r"--[a-z-]+", row)) <= OPTIONS[command], command


@EVERY_DOCUMENT
def test_commands_within_sentences_are_there(document: Path) -> None:
    for command, rest in re.findall(r"`budmodel ([a-z]+)([^`]*)`", document.read_text("utf-8")):
        assert set(re.findall(r"--[a-z-]+", rest)) <= OPTIONS[command], command


def test_every_mart_is_in_the_table_of_marts() -> None:
    marts = {file.stem for file in (ROOT / "dbt_leaderboard" / "models" / "marts").glob("*.sql")}
    rows = first_cells(read("docs/tables.md"))
    assert sorted(rows) == sorted(marts)


def test_every_setting_is_in_the_sample_of_the_environment() -> None:
    named = re.findall(r"^([A-Z_]+)=", read(".env.sample"), re.MULTILINE)
    assert sorted(named) == sorted(name.upper() for name in Settings.model_fields)
    assert ".env.sample" in QUICK_START


@EVERY_DOCUMENT
def test_every_variable_named_is_a_setting(document: Path) -> None:
    named = set(re.findall(r"\b(?:BUDMODEL|DAGSTER|HF|MINIO|OPENAI|POSTGRES)_[A-Z_]+\b", document.read_text("utf-8")))
    assert named <= {name.upper() for name in Settings.model_fields} | VARIABLES_OF_OTHERS


def test_every_sensor_and_schedule_is_in_the_table_of_the_architecture() -> None:
    sensors, schedules = (
        decorated("budmodel_pipeline/sensors", "sensor"),
        decorated("budmodel_pipeline/schedules", "schedule"),
    )
    assert len(sensors) >= 4
    assert schedules
    assert sorted(first_cells(section(ARCHITECTURE, "Who starts what"))) == sorted(sensors | schedules)


def test_every_target_of_make_is_in_the_quick_start() -> None:
    assert {target for target in make_targets() if f"make {target}" not in QUICK_START} == set()


@EVERY_DOCUMENT
def test_every_target_of_make_that_is_named_is_there(document: Path) -> None:
    text = document.read_text("utf-8")
    named = re.findall(r"^make ([a-z]+)", "\n".join(blocks(text)), re.MULTILINE) + re.findall(r"`make ([a-z]+)", text)
    assert set(named) <= make_targets()


def test_the_layout_in_the_architecture_is_the_tree() -> None:
    layout = block_with(section(ARCHITECTURE, "Layout"), "budmodel_pipeline/\n")
    entries = re.findall(r"^( *)(\S+(?:  \S+)*)(?: {2,}|$)", layout, re.MULTILINE)
    named = {indentation: set[str]() for indentation, _ in entries}
    for indentation, names in entries:
        named[indentation] |= set(names.split())
    pipeline = {f"{path.name}/" for path in (ROOT / "budmodel_pipeline").iterdir() if (path / "__init__.py").is_file()}
    pipeline |= {path.name for path in (ROOT / "budmodel_pipeline").glob("*.py")} - {"__init__.py"}
    assert sorted(named["  "]) == sorted(pipeline)
    folders = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")}
    folders = {name for name in folders - NOT_OF_THE_PROJECT if not name.endswith(".egg-info")}
    assert sorted(named[""]) == sorted(f"{name}/" for name in folders)


def test_the_picture_is_that_of_the_code() -> None:
    assert picture.page(ARCHITECTURE) == ARCHITECTURE, "the rooms or their imports changed: run python -m docs.picture"


def test_the_picture_shows_no_arrow_that_leads_upwards() -> None:
    rows = picture.floors()
    floor = {room: number for number, row in enumerate(reversed(rows)) for room in row}
    every = picture.arrows(list(floor))
    assert [(one, other) for one, others in every.items() for other in others if floor[one] < floor[other]] == []


def test_arrows_that_follow_from_others_are_not_drawn() -> None:
    every = {"a": frozenset("bcd"), "b": frozenset("c"), "c": frozenset("d"), "d": frozenset[str](), "e": frozenset("d")}
    assert list(picture.drawn(every)) == [("a", "b"), ("b", "c"), ("c", "d"), ("e", "d")]


@EVERY_DOCUMENT
def test_links_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text("utf-8"))
    missing = [link for link in links if "://" not in link and not (document.parent / link).exists()]
    assert missing == []


def test_every_page_is_reached_from_the_readme() -> None:
    reached, waiting = set[Path](), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page not in reached and page.suffix == ".md":
            reached.add(page)
            links = re.findall(r"\]\(([^):#]+)[^)]*\)", page.read_text("utf-8"))
            waiting += [(page.parent / link).resolve() for link in links]
    assert set((ROOT / "docs").rglob("*.md")) - reached == set()


@EVERY_DOCUMENT
def test_files_that_are_named_are_there(document: Path) -> None:
    """Names in `code` that begin with a folder of this project: a file of it, or a function in one (`file.py::name`)."""
    first = "|".join(re.escape(path.name) for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith("."))
    for name in re.findall(rf"`((?:{first})/[\w./-]*(?:::\w+)?)`", document.read_text("utf-8")):
        path, _, function = name.partition("::")
        assert (ROOT / path).exists(), f"{document.name} names {path}"
        if function:
            defined = {node.name for node in ast.parse(read(path)).body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
            assert function in defined, f"{document.name} names {name}"


def walks() -> Iterator[tuple[str, list[str]]]:
    text = section(ARCHITECTURE, "Three walks of a newcomer")
    for walk in re.split(r"\n(?=To the line that )", text)[1:]:
        yield walk.partition(":\n")[0], re.findall(r"^\d\. `([^`]+)`", walk, re.MULTILINE)


def test_there_are_three_walks() -> None:
    assert [goal for goal, _ in walks()] == [
        "To the line that parses LiveCodeBench",
        "To the line that decides a verdict",
        "To the line that makes a request succeed",
    ]


@pytest.mark.parametrize("walk", [stops for _, stops in walks()], ids=[goal for goal, _ in walks()])
def test_a_walk_opens_at_most_three_files_and_each_names_the_next(walk: list[str]) -> None:
    assert walk[0] == "README.md"
    assert len(walk) <= 3
    assert "::" in walk[-1]  # That its function exists, `test_files_that_are_named_are_there` sees.
    for here, there in pairwise(walk):
        file, _, function = there.partition("::")
        text = read(here.partition("::")[0])
        path = Path(file)
        known_as = [file, "/".join(path.parts[-2:]), ".".join(path.with_suffix("").parts), f"{path.stem}.{function}"]
        assert any(name in text for name in known_as), f"{here} does not name {there}"


def test_the_changelog_has_the_version() -> None:
    project = tomllib.loads(read("pyproject.toml"))["project"]
    versions = re.findall(r"^## (\S+)", read("CHANGELOG.md"), re.MULTILINE)
    assert project["version"] in versions
    assert versions == sorted(versions, key=lambda version: [int(part) for part in version.split(".")], reverse=True)


def commands_in(document: Path) -> list[str]:
    """The lines of its blocks that call `budmodel`, from there to where the shell goes on with something else."""
    code = "\n".join(blocks(document.read_text("utf-8")))
    return re.findall(r"(?:^|(?<=\$ )|(?<=\s)|(?<=\.venv/bin/)|(?<=\$\())budmodel ([a-z][^|#)\n,]*)", code, re.MULTILINE)


COMMANDS = sorted({line.strip() for document in DOCUMENTS for line in commands_in(document)})


@pytest.mark.parametrize("line", COMMANDS)
def test_commands_in_blocks_are_understood(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the parser of the command itself, which knows every option and how many arguments there are."""
    monkeypatch.chdir(tmp_path)
    name, *arguments = shlex.split(line.split("   ")[0])
    for file in (argument for argument in arguments if argument.endswith((".jsonl", ".txt"))):
        Path(file).touch()
    CLICK_COMMANDS[name].make_context(name, arguments, parent=click.Context(main, **main.context_settings))


def test_the_source_that_is_shown_is_one() -> None:
    namespace: dict[str, object] = {}
    exec(block_with(ADDING_A_SOURCE, "SOURCE = Source(", "python"), namespace)
    source = namespace["SOURCE"]
    assert isinstance(source, Source)
    assert check_declaration(source) == []
    parsed = source.parse({"table": b"model,accuracy\nSphinx-7B,91.5\nOedipus,much\n,3\n"})
    assert [(entry.published_name, entry.scores["accuracy"].value) for entry in parsed.entries] == [("Sphinx-7B", 91.5)]
    assert (parsed.rows_read, parsed.rows_kept, parsed.rows_rejected) == (3, 1, 2)


@pytest.mark.parametrize("document", ["docs/safety.md", "budmodel_scanner/README.md"])
def test_every_verdict_is_named(document: str) -> None:
    assert [verdict for verdict in Verdict if f"`{verdict}`" not in read(document)] == []


def test_the_workflow_runs_what_everybody_runs() -> None:
    (job,) = yaml.safe_load(read(".github/workflows/ci.yml"))["jobs"].values()
    assert [step["run"] for step in job["steps"] if "run" in step] == [".ci/run"]
    assert job["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13"]
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o100
    assert re.findall(r"^make (\w+)", script.read_text("utf-8"), re.MULTILINE) == ["check", "test"]
