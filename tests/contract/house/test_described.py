"""What is described is described as a whole: every column of the dbt project, and every figure that says how sure we are."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from budmodel_pipeline.api.offered import OFFERS
from budmodel_pipeline.warehouse.tables import SCHEMA, metadata
from budmodel_pipeline.workflows.report_content import MARTS as REPORTED
from docs import dictionary
from tests.contract.house.documents import ROOT, read

MANIFEST = dictionary.manifest()
MODELS = [node for node in MANIFEST["nodes"].values() if node["resource_type"] == "model"]
SOURCES = list(MANIFEST["sources"].values())
# Rooms that decide how sure something is. The steps of a fit are arithmetic, and say nothing to a reader.
ROOMS = ("identity", "licensing", "model_info", "ranking")
ARITHMETIC = {"budmodel_pipeline/ranking/fit.py"}


@pytest.mark.parametrize("node", [*MODELS, *SOURCES], ids=lambda node: str(node["unique_id"]))
def test_every_table_and_column_of_dbt_is_described(node: dictionary.Node) -> None:
    assert node["description"]
    assert node["columns"]
    assert [name for name, column in node["columns"].items() if not column["description"].endswith(".")] == []


@pytest.mark.parametrize("node", SOURCES, ids=lambda node: str(node["name"]))
def test_a_source_of_dbt_has_the_columns_of_its_table(node: dictionary.Node) -> None:
    assert list(node["columns"]) == [column.name for column in metadata.tables[f"{SCHEMA}.{node['name']}"].columns]


def test_the_pages_have_a_place_for_everything_that_is_made() -> None:
    pages = ["docs/data-dictionary.md", "docs/core-tables.md", "docs/sources.md"]
    places = [place for page in pages for place in dictionary.PLACE.findall(read(page))]
    assert sorted(places) == sorted(dictionary.PARTS)


def test_the_dictionary_has_every_column() -> None:
    text = dictionary.filled("a page", "".join(f"<!-- made with the site: {part} -->\n" for part in dictionary.PARTS))
    chapters = dict(re.findall(r"^### (\S+)\n(.*?)(?=^### |\Z)", text, re.MULTILINE | re.DOTALL))
    for node in MODELS:
        assert re.findall(r"^\| `(\w+)` \| [a-z]", chapters[node["name"]], re.MULTILINE) == list(node["columns"])
    for node in SOURCES:
        assert set(node["columns"]) <= set(re.findall(r"^\| `(\w+)`", chapters[f"{SCHEMA}.{node['name']}"], re.MULTILINE))


def test_a_place_that_nobody_fills_is_an_error() -> None:
    with pytest.raises(ValueError, match="a page has a place for 'nothing'"):
        dictionary.filled("a page", "<!-- made with the site: nothing -->\n")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<maker>/<model>", r"\<maker\>/\<model\>"),
        ("`a|b` or c|d", r"`a\|b` or c\|d"),
        ("two\n  lines_of *it*", r"two lines\_of \*it\*"),
    ],
)
def test_a_description_means_nothing_to_markdown(text: str, shown: str) -> None:
    assert dictionary.inert(text) == shown


def figures_in(file: Path) -> Iterator[float]:
    """The fractions that stand in a file, and a certainty that is whole."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, float) and 0 < node.value < 1:
            yield node.value


def test_every_figure_that_decides_is_on_its_page_and_no_other() -> None:
    rows = re.findall(r"^\| `([\d.]+)` \|.*\| `(\S+)` \|$", read("docs/confidence.md"), re.MULTILINE)
    told = {(file, float(figure)) for figure, file in rows if 0 < float(figure) < 1}
    files = [file for room in ROOMS for file in sorted((ROOT / "budmodel_pipeline" / room).rglob("*.py"))]
    there = {(file.relative_to(ROOT).as_posix(), figure) for file in files for figure in figures_in(file)}
    assert told == {(file, figure) for file, figure in there if file not in ARITHMETIC}


@pytest.mark.parametrize(
    ("exposure", "read_by_it"),
    [("http_api", {offer.table for offer in OFFERS}), ("leaderboard_report", set(REPORTED))],
)
def test_the_lineage_of_dbt_ends_at_what_reads_the_marts(exposure: str, read_by_it: set[str]) -> None:
    (told,) = (one for one in MANIFEST["exposures"].values() if one["name"] == exposure)
    names = {node.rpartition(".")[2] for node in told["depends_on"]["nodes"]}
    assert names == read_by_it, "say in dbt_leaderboard/models/exposures.yml what it reads"
