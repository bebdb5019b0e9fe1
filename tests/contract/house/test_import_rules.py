"""The rules about who may import whom (`[tool.importlinter]`), each broken on purpose in a copy of the code."""

import re
import shutil
import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pytest
from importlinter.application.output import console
from importlinter.cli import lint_imports

ROOT = Path(__file__).parents[3]
PACKAGES = ("budmodel_pipeline", "budmodel_scanner")

FLOORS = "A room imports from lower floors only"
SCANNER = "The scanner decides from the bottom up: content, formats, router, child, scan"
CIRCLES = "No circles, in any room"
ALONE = "The scanner imports nothing of the pipeline"
PURE = "What we know is pure: no settings, no scanner, no network, no process, no Dagster"
NO_NETWORK = "The scanner reaches no network, and its children alone are processes"
PLACES = "What is done to one place knows no database"
DAGSTER = "Dagster is for glue, and for the commands that start it"


@dataclass(frozen=True, slots=True)
class Breach:
    """`line` added to a file, which may be new; then lint-imports says `said` under the heading of the contract `rule`."""

    rule: str
    file: str
    line: str
    said: str


def forbidden(rule: str, file: str, module: str) -> Breach:
    importer = file.removesuffix(".py").replace("/", ".")
    root = module if module.startswith(PACKAGES) else module.partition(".")[0]
    return Breach(rule, file, f"import {module}", rf"{re.escape(importer)} -> {re.escape(root)} ")


BREACHES = [
    Breach(FLOORS, "budmodel_pipeline/odds.py", "import budmodel_pipeline.commands.scan", r"^- budmodel_pipeline\.odds$"),
    Breach(FLOORS, "budmodel_pipeline/ends/__init__.py", "", r"^- budmodel_pipeline\.ends$"),
    *(
        forbidden(FLOORS, file, module)
        for file, module in (
            ("budmodel_pipeline/fetching/deadline.py", "budmodel_pipeline.workflows.cadence"),
            ("budmodel_pipeline/identity/tokens.py", "budmodel_pipeline.sources.contract"),
            ("budmodel_pipeline/licensing/model.py", "budmodel_pipeline.model_info.facts"),
            ("budmodel_pipeline/model_info/facts.py", "budmodel_pipeline.licensing.words"),
            ("budmodel_pipeline/resources/scanning.py", "budmodel_pipeline.assets.marts"),
            ("budmodel_pipeline/services/clamd.py", "budmodel_pipeline.targets.provider"),
            ("budmodel_pipeline/settings.py", "budmodel_pipeline.fetching.pages"),
            ("budmodel_pipeline/warehouse/engine.py", "budmodel_pipeline.workflows.replay"),
            ("budmodel_pipeline/warehouse/rows.py", "budmodel_pipeline.fetching.pages"),
        )
    ),
    *(
        breach
        for rule, room, low, high in (
            ("A name is read from its words to what it means", "identity", "tokens", "resolve"),
            ("A model is known from single fields to its architecture", "model_info", "facts", "architecture"),
            ("A license is known from words over clauses and terms to answers", "licensing", "words", "answers"),
            ("A download is guarded from below: address, deadline, retry, request, endpoint", "fetching", "retry", "http"),
            (
                "A service knows no other, but for the model that reads licenses and the programs of the database",
                "services",
                "clamd",
                "llm",
            ),
            ("Records stand on tables, and publishing on records", "warehouse", "tables", "publish"),
            ("What is done to a place opens it, and opening knows the kinds of places", "targets", "provider", "opening"),
            ("Work on models stands on reading them, and reading on the one loop", "workflows", "attempts", "model_reading"),
            ("An asset of one matter knows no other matter", "assets", "licenses", "models"),
            ("A command knows no other command", "commands", "licenses", "scan"),
        )
        for breach in (
            Breach(rule, f"budmodel_pipeline/{room}/odds.py", "", rf"^- budmodel_pipeline\.{room}\.odds$"),
            forbidden(rule, f"budmodel_pipeline/{room}/{low}.py", f"budmodel_pipeline.{room}.{high}"),
        )
    ),
    Breach(SCANNER, "budmodel_scanner/odds.py", "", r"^- budmodel_scanner\.odds$"),
    forbidden(SCANNER, "budmodel_scanner/verdict.py", "budmodel_scanner.scanner"),
    forbidden(SCANNER, "budmodel_scanner/formats/reading.py", "budmodel_scanner.containers.registry"),
    forbidden(SCANNER, "budmodel_scanner/router.py", "budmodel_scanner.worker"),
    *(
        forbidden(rule, f"budmodel_scanner/{room}/{low}.py", f"budmodel_scanner.{room}.{high}")
        for rule, room, low, high in (
            ("A format is found by the registry and stands on the common readers", "formats", "reading", "registry"),
            ("A container is found by the registry and stands on the common readers", "containers", "anomalies", "registry"),
            (
                "A text goes from examine to its kind, and Python from code to what it does",
                "texts",
                "python_deeds",
                "python_calls",
            ),
            ("A pickle is walked by a machine that knows values and names", "pickles", "values", "walk"),
        )
    ),
    *(
        Breach(
            CIRCLES,
            f"budmodel_scanner/formats/hdf5/{one}.py",
            f"import budmodel_scanner.formats.hdf5.{other}",
            r"^No cycles are allowed in budmodel_scanner\.formats\.hdf5\.$",
        )
        for one, other in (("chunk_arrays", "storage"), ("heaps", "objects"))
    ),
    forbidden(ALONE, "budmodel_scanner/links.py", "budmodel_pipeline.settings"),
    *(
        forbidden(rule, f"{room}/breach_{module.replace('.', '_')}.py", module)
        for rule, room in (
            (PURE, "budmodel_pipeline/sources"),
            (PURE, "budmodel_pipeline/identity"),
            (PURE, "budmodel_pipeline/model_info"),
            (PURE, "budmodel_pipeline/licensing"),
            (NO_NETWORK, "budmodel_scanner/texts"),
        )
        for module in (
            "dagster",
            "http.client",
            "httpx",
            "httpx2",
            "huggingface_hub",
            "obstore",
            "openai",
            "requests",
            "socket",
            "ssl",
            "subprocess",
            "urllib.request",
        )
    ),
    forbidden(PURE, "budmodel_pipeline/licensing/words.py", "budmodel_pipeline.settings"),
    forbidden(PURE, "budmodel_pipeline/model_info/card.py", "budmodel_scanner.verdict"),
    forbidden(NO_NETWORK, "budmodel_scanner/scanner.py", "socket"),
    forbidden(NO_NETWORK, "budmodel_scanner/worker.py", "subprocess"),
    forbidden(PLACES, "budmodel_pipeline/targets/provider.py", "budmodel_pipeline.warehouse.engine"),
    forbidden(PLACES, "budmodel_pipeline/fetching/pages.py", "sqlalchemy"),
    *(
        forbidden(DAGSTER, file, module)
        for file, module in (
            ("budmodel_pipeline/cli.py", "dagster"),
            ("budmodel_pipeline/commands/scan.py", "dagster"),
            ("budmodel_pipeline/services/object_store.py", "dagster_aws"),
            ("budmodel_pipeline/targets/disk.py", "dagster"),
            ("budmodel_pipeline/warehouse/states.py", "dagster_postgres"),
            ("budmodel_pipeline/workflows/cadence.py", "dagster"),
        )
    ),
]


def linted(folder: Path) -> Mapping[str, str]:
    """What lint-imports says of the copy of the code in `folder`, by the contract that it calls broken."""
    cached = {name: module for name, module in sys.modules.items() if name in PACKAGES}
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(StringIO()) as said:
        patch.setattr(console, "_width", 400)  # Or names are broken where a terminal would end.
        patch.chdir(folder)
        patch.syspath_prepend(folder)
        for name in cached:
            patch.delitem(sys.modules, name)  # Where the linter would look for the code first.
        lint_imports(config_filename=str(ROOT / "pyproject.toml"), cache_dir=str(folder / "cache"), no_logo=True)
    _, _, broken = said.getvalue().partition("\nBroken contracts\n")
    parts = re.split(r"\n(.+)\n-{3,}\n", broken)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def copied(folder: Path) -> Path:
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__", "*.gz", "*.json"))
    return folder


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    folder = copied(tmp_path_factory.mktemp("breached"))
    for breach in BREACHES:
        file = folder / breach.file
        file.parent.mkdir(exist_ok=True)
        with file.open("a") as code:
            code.write(f"\n{breach.line}\n")
    return linted(folder)


def test_the_code_as_it_is_breaks_no_rule(tmp_path: Path) -> None:
    assert linted(copied(tmp_path)) == {}


@pytest.mark.parametrize("breach", BREACHES, ids=lambda breach: f"{breach.file}: {breach.line}")
def test_a_breach_is_named(said: Mapping[str, str], breach: Breach) -> None:
    assert re.search(breach.said, said[breach.rule], re.MULTILINE), said[breach.rule]
