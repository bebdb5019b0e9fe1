"""The code keeps the rules of the house, and each rule sees what breaks it."""

from pathlib import Path

import pytest

from tests.contract.house import code_rules
from tests.contract.house.code_rules import (
    FACE,
    IMPORTS_BY_NAME,
    KNOWS_THE_TIME,
    OPENS_FILES,
    RUN_BY_HAND,
    Module,
    breaches,
    leaderboards_that_know_no_other,
    names_that_say_something,
)

ROOT = Path(__file__).parents[3]
MODULES = {
    file.relative_to(ROOT).as_posix(): file
    for package in ("budmodel_pipeline", "budmodel_scanner")
    for file in sorted((ROOT / package).rglob("*.py"))
    if "versions" not in file.parts  # Migrations, which are named by number and never change.
}


def broken_by(path: str, source: str) -> list[str]:
    return breaches(Module(path, source))


DOCUMENTED = '"""A module."""\n'


def test_the_code_keeps_the_rules() -> None:
    modules = [Module(path, file.read_text("utf-8")) for path, file in MODULES.items()]
    broken = [breach for module in modules for breach in breaches(module)]
    broken += names_that_say_something(MODULES)
    broken += leaderboards_that_know_no_other(modules)
    assert not broken, "\n".join(broken)


@pytest.mark.parametrize("listed", [KNOWS_THE_TIME, OPENS_FILES, RUN_BY_HAND, IMPORTS_BY_NAME])
def test_every_exception_is_needed(listed: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no longer there leaves the list."""
    name = next(name for name, value in vars(code_rules).items() if value is listed)
    monkeypatch.setattr(code_rules, name, {})
    for path in listed:
        assert broken_by(path, MODULES[path].read_text("utf-8")), f"{path} is listed in {name} and does nothing of the kind"


@pytest.mark.parametrize("room", ["budmodel_pipeline/sources", "budmodel_pipeline/identity", "budmodel_scanner/texts"])
@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import os\nos.environ['X']", "environ reads the environment"),
        ("from os import environ as world", "environ reads the environment"),
        ("import os as system\nsystem.getenv('X')", "getenv reads the environment"),
        ("from datetime import datetime\ndatetime.now()", "now reads the clock"),
        ("import datetime as dt\ndt.datetime.utcnow()", "utcnow reads the clock"),
        ("from datetime import date\nlater = date.today", "today reads the clock"),
        ("import time\ntime.time()", "time is a clock"),
        ("from time import monotonic as since", "time is a clock"),
        ("def read():\n    import time", "time is a clock"),
        ("from importlib import import_module", "import_module imports what no rule sees"),
        ("__import__('socket')", "__import__ imports what no rule sees"),
    ],
)
def test_a_pure_room_knows_neither_time_nor_place(room: str, code: str, said: str) -> None:
    assert any(said in breach for breach in broken_by(f"{room}/odds.py", DOCUMENTED + code))
    assert not any(said in breach for breach in broken_by("budmodel_pipeline/commands/odds.py", DOCUMENTED + code))


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import os", "os is no module"),
        ("import urllib.request", "urllib is no module"),
        ("from urllib import request", "urllib is no module"),
        ("from http import client", "http is no module"),
        ("import aiohttp", "aiohttp is no library"),
        ("from boto3.session import Session", "boto3 is no library"),
        ("open('x')", "open opens a file"),
        ("from pathlib import Path\nPath('x').read_text()", "read_text opens a file"),
    ],
)
def test_a_pure_room_takes_nothing_from_outside(code: str, said: str) -> None:
    assert any(said in breach for breach in broken_by("budmodel_pipeline/model_info/odds.py", DOCUMENTED + code))
    assert broken_by("budmodel_pipeline/workflows/odds.py", DOCUMENTED + code + "\nx = 1") == []


def test_a_pure_room_takes_addresses_apart() -> None:
    code = "from urllib.parse import urlsplit\nimport urllib.parse\nx = 1"
    assert broken_by("budmodel_pipeline/identity/odds.py", DOCUMENTED + code) == []


@pytest.mark.parametrize(
    ("pattern", "broken"),
    [
        (r"[ab]*+c", True),
        (r"(?:ab|c)++", True),
        (r"(?:ab)?+", True),
        (r"\d{1,40}+", True),
        (r"\w++", True),
        (r".++", True),
        (r"(?>ab)", True),
        (r"\\\\*+", True),
        (r"\*+a", False),
        (r"[ab]*c+", False),
        (r"\++", False),
        ("openrail++", False),
        ("g++ and c++", False),
        (r"(?P<name>a)", False),
    ],
)
@pytest.mark.parametrize("kind", ["r", "rb"])
def test_a_pattern_is_read_alike_by_every_python(pattern: str, broken: bool, kind: str) -> None:
    found = broken_by("budmodel_scanner/odds.py", f"{DOCUMENTED}x = {kind}'{pattern}'")
    assert bool(found) is broken


@pytest.mark.parametrize(
    ("path", "code", "broken"),
    [
        ("budmodel_scanner/odds.py", "import re\nx = (re.compile('a'),)", True),
        ("budmodel_scanner/odds.py", "import re\nx = [*map(re.compile, 'ab')]", True),
        ("budmodel_scanner/odds.py", "import re\ndef x():\n    return re.compile('a')", False),
        ("budmodel_pipeline/odds.py", "import re\nx = re.compile('a')", False),
    ],
)
def test_the_scanner_compiles_expressions_as_it_needs_them(path: str, code: str, broken: bool) -> None:
    assert bool(broken_by(path, DOCUMENTED + code)) is broken


@pytest.mark.parametrize("path", RUN_BY_HAND)
def test_what_is_run_by_hand_is_imported_by_nobody(path: str) -> None:
    name = path.removesuffix(".py").replace("/", ".")
    assert 'if __name__ == "__main__":' in MODULES[path].read_text("utf-8")
    importers = [other for other, file in MODULES.items() if other != path and name in file.read_text("utf-8")]
    assert importers == []


@pytest.mark.parametrize(
    ("path", "source", "said"),
    [
        (
            "budmodel_pipeline/assets/odds.py",
            DOCUMENTED + "from __future__ import annotations\nimport dagster as dg\nx = dg",
            "beside Dagster",
        ),
        ("budmodel_pipeline/assets/odds.py", "import dagster as dg\nx = dg", "a docstring says what belongs here"),
        ("budmodel_pipeline/odds/__init__.py", "", "a docstring says what belongs here"),
        ("budmodel_pipeline/odds/__init__.py", DOCUMENTED + "from math import pi", "a docstring and no code"),
        ("budmodel_pipeline/odds.py", DOCUMENTED + "from math import pi\nfrom math import e", "only hands on"),
        ("budmodel_pipeline/odds.py", DOCUMENTED + "from math import pi as pi\nx = 1", "`pi as pi` hands it on"),
        ("budmodel_pipeline/odds.py", DOCUMENTED + "x = 1\n__all__ = ['x']", "needs __all__"),
    ],
)
def test_a_module_says_what_it_is_and_holds_it(path: str, source: str, said: str) -> None:
    assert any(said in breach for breach in broken_by(path, source))


def test_the_face_of_the_scanner_may_hand_on() -> None:
    assert broken_by(FACE, DOCUMENTED + "from budmodel_scanner.verdict import Verdict\n__all__ = ['Verdict']") == []


def test_the_future_is_no_trouble_without_dagster() -> None:
    assert broken_by("budmodel_scanner/odds.py", DOCUMENTED + "from __future__ import annotations\nx = 1") == []


@pytest.mark.parametrize(
    ("paths", "said"),
    [
        (["budmodel_pipeline/workflows/utils.py"], "utils says nothing"),
        (["budmodel_scanner/helpers.py"], "helpers says nothing"),
        (["budmodel_pipeline/sources/facts.py", "budmodel_pipeline/model_info/facts.py"], "model_info and sources"),
        (["budmodel_pipeline/assets/replay.py", "budmodel_pipeline/workflows/replay.py"], "assets and workflows"),
        (["budmodel_pipeline/assets/models.py", "budmodel_pipeline/commands/models.py"], None),
        (["budmodel_scanner/pickles/examine.py", "budmodel_scanner/texts/examine.py"], None),
        (["budmodel_pipeline/sources/a.py", "budmodel_pipeline/sources/deep/a.py"], None),
    ],
)
def test_names_belong_to_one_room(paths: list[str], said: str | None) -> None:
    found = list(names_that_say_something(paths))
    assert any(said in breach for breach in found) if said else found == []


@pytest.mark.parametrize(
    ("importer", "line", "broken"),
    [
        ("sources/two.py", "from budmodel_pipeline.sources.one import SOURCE as other", True),
        ("sources/two.py", "from budmodel_pipeline.sources import one", True),
        ("workflows/odds.py", "import budmodel_pipeline.sources.one", True),
        ("sources/two.py", "from budmodel_pipeline.sources.one_more import x", False),
        ("sources/two.py", "from budmodel_pipeline.sources.reading import x", False),
    ],
)
def test_a_leaderboard_is_known_to_the_catalog_alone(importer: str, line: str, broken: bool) -> None:
    modules = [
        Module("budmodel_pipeline/sources/one.py", "SOURCE = Source()"),
        Module("budmodel_pipeline/sources/reading.py", "x = 1"),
        Module(f"budmodel_pipeline/{importer}", f"{line}\nSOURCE: Source = Source()"),
    ]
    assert bool(list(leaderboards_that_know_no_other(modules))) is broken
