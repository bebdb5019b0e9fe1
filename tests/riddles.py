"""The source of a leaderboard that nobody publishes, as a third party would write it: a module as text, and its package."""

import subprocess
import sys
from pathlib import Path

TABLE = "riddles.example/table.csv?full=1"
RIDDLES = '''"""A leaderboard that exists in tests alone."""

from collections.abc import Mapping
from pathlib import PurePath

from budmodel_pipeline.sources.contract import Benchmark, Columns, Domain, Endpoint, Metric, Parsed, Source, Unit
from budmodel_pipeline.sources.ledger import Ledger
from budmodel_pipeline.sources.reading import csv_rows, number, published_name

METRIC = Metric("accuracy", "riddles", "Accuracy", Unit.PERCENT, True, 0, 100, headline=True)
COLUMNS = Columns(required=frozenset({"model", "accuracy"}))


def parse(files: Mapping[str, bytes]) -> Parsed:
    ledger = Ledger()
    for row in csv_rows(files["table"], "table", COLUMNS, ledger):
        name = published_name(row["model"])
        ledger.record(ledger.entry(name, name), ledger.scores(row, {"accuracy": METRIC}, number))
    return ledger.parsed()


SOURCE = Source(
    slug="riddles",
    title="Riddles",
    publisher="Nobody",
    homepage="https://riddles.example/",
    license=None,
    endpoints=(Endpoint("table", "https://riddles.example/table.csv?full=1", "csv"),),
    benchmarks=(Benchmark("riddles", "Riddles", Domain.GENERAL),),
    metrics=(METRIC,),
    columns={"table": COLUMNS},
    parse=parse,
    samples=PurePath(__file__).parent / "samples",
)
'''
PROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "riddles-for-budmodel"
version = "1.0"

[project.entry-points."budmodel.sources"]
riddles = "riddles_for_budmodel:SOURCE"
"""


def install_riddles(folder: Path, sample: str) -> Path:
    """The directory into which pip has installed the package, with `sample` as its sample; it asks no network."""
    project, site = folder / "project", folder / "site"
    table = project / "riddles_for_budmodel" / "samples" / TABLE
    table.parent.mkdir(parents=True)
    table.write_text(sample)
    (project / "pyproject.toml").write_text(PROJECT)
    (project / "riddles_for_budmodel" / "__init__.py").write_text(RIDDLES)
    alone = ("--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check", "--quiet")
    subprocess.run([sys.executable, "-m", "pip", "install", *alone, "--target", site, project], check=True, timeout=120)
    return site
