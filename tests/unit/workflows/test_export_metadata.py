"""What stands beside exported tables is what loaders of data sets read."""

import json
from datetime import date
from hashlib import sha256
from pathlib import Path

import mlcroissant
import pandas
import pytest

from budmodel_pipeline.workflows.export_formats import FORMATS, ExportColumn
from budmodel_pipeline.workflows.export_metadata import ExportedTable, attributions, croissant, data_package
from budmodel_pipeline.workflows.withholding import Withheld, credited

COLUMNS = [
    ExportColumn("name", "text", "What it is called."),
    ExportColumn("score", "double precision", "How good it is, in percent."),
    ExportColumn("is_open", "boolean", "Whether its weights can be had."),
    ExportColumn("sources", "text[]", "Who says so."),
]
ROWS = [("Alpha", 91.5, True, ["arena"]), ("=Beta", 12.0, False, ["arena", "other"])]
TERMS = [
    {"source": "arena", "attribution": "Arena, CC BY 4.0", "allowed": "permitted"},
    {"source": "secret", "attribution": "Secret Bench", "allowed": "forbidden"},
    {"source": "quiet", "attribution": "", "allowed": "unclear"},
]
KEPT_OUT = Withheld(["secret"], [])
NAMED = credited(TERMS, KEPT_OUT)


def exported(folder: Path, file_format: str) -> Path:
    """A folder with one table and its Croissant metadata."""
    place, _ = FORMATS[file_format](folder, "boards", COLUMNS, ROWS)
    table = ExportedTable("boards", place.name, "Boards.", COLUMNS, sha256(place.read_bytes()).hexdigest())
    metadata = folder / "croissant.json"
    metadata.write_text(json.dumps(croissant([table], file_format, NAMED, date(2026, 11, 7))), "utf-8")
    return metadata


@pytest.mark.parametrize("file_format", list(FORMATS))
def test_croissant_is_valid_in_every_format(file_format: str, tmp_path: Path) -> None:
    dataset = mlcroissant.Dataset(jsonld=exported(tmp_path, file_format))
    issues = dataset.metadata.ctx.issues
    assert issues.errors == set()
    assert issues.warnings == set()
    assert dataset.metadata.cite_as == "Arena, CC BY 4.0"
    assert str(dataset.metadata.version) == "2026.11.7"


@pytest.mark.parametrize("file_format", ["parquet", "csv"])
def test_a_loader_reads_the_rows_by_it(file_format: str, tmp_path: Path) -> None:
    dataset = mlcroissant.Dataset(jsonld=exported(tmp_path, file_format))
    rows = pandas.DataFrame(dataset.records("boards"))
    assert list(rows.columns) == [f"boards/{column.name}" for column in COLUMNS]
    assert list(rows["boards/score"]) == [91.5, 12.0]


def test_a_data_package_describes_every_column() -> None:
    table = ExportedTable("boards", "boards.csv", "Boards.", COLUMNS, "0" * 64)
    (resource,) = data_package([table], "csv", NAMED)["resources"]
    assert [field["type"] for field in resource["schema"]["fields"]] == ["string", "number", "boolean", "array"]


def test_who_is_left_out_is_not_credited_but_said() -> None:
    page = attributions(NAMED, KEPT_OUT)
    assert "- Arena, CC BY 4.0.\n" in page
    assert "- Secret Bench" not in page
    assert page.endswith("on like this: secret.\n")
