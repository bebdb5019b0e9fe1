"""What stands beside exported tables: what they are, for programs (Data Package, Croissant), and whom to name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any

from budmodel_pipeline.workflows.export_formats import ExportColumn
from budmodel_pipeline.workflows.withholding import Term, Withheld

NAME, TITLE = "budmodel", "Public evidence about AI models"
ABOUT = "What leaderboards, model cards, license texts and files say about AI models, every number with its source."
ENCODINGS: Mapping[str, str] = MappingProxyType(
    {
        "parquet": "application/x-parquet",
        "csv": "text/csv",
        "sqlite": "application/vnd.sqlite3",
        "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    }
)
# Formats whose columns a reader of Croissant can take out.
READABLE = frozenset({"parquet", "csv"})
# The types of Croissant that the fields of Table Schema are.
_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "string": "sc:Text",
        "boolean": "sc:Boolean",
        "integer": "sc:Integer",
        "number": "sc:Float",
        "date": "sc:Date",
        "datetime": "sc:DateTime",
        "object": "sc:Text",
    }
)
# The context that the specification prescribes, in its version 1.0.
_CONTEXT: Mapping[str, Any] = MappingProxyType(
    {
        "@language": "en",
        "@vocab": "https://schema.org/",
        "citeAs": "cr:citeAs",
        "column": "cr:column",
        "conformsTo": "dct:conformsTo",
        "cr": "http://mlcommons.org/croissant/",
        "data": {"@id": "cr:data", "@type": "@json"},
        "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
        "dct": "http://purl.org/dc/terms/",
        "examples": {"@id": "cr:examples", "@type": "@json"},
        "extract": "cr:extract",
        "field": "cr:field",
        "fileObject": "cr:fileObject",
        "fileProperty": "cr:fileProperty",
        "fileSet": "cr:fileSet",
        "format": "cr:format",
        "includes": "cr:includes",
        "isLiveDataset": "cr:isLiveDataset",
        "jsonPath": "cr:jsonPath",
        "key": "cr:key",
        "md5": "cr:md5",
        "parentField": "cr:parentField",
        "path": "cr:path",
        "rai": "http://mlcommons.org/croissant/RAI/",
        "recordSet": "cr:recordSet",
        "references": "cr:references",
        "regex": "cr:regex",
        "repeated": "cr:repeated",
        "replace": "cr:replace",
        "sc": "https://schema.org/",
        "separator": "cr:separator",
        "source": "cr:source",
        "subField": "cr:subField",
        "transform": "cr:transform",
    }
)


@dataclass(frozen=True, slots=True)
class ExportedTable:
    """A mart in an export: its file, what it is, its columns and the SHA-256 of the file."""

    mart: str
    path: str
    about: str
    columns: Sequence[ExportColumn]
    sha256: str


def data_package(tables: Sequence[ExportedTable], file_format: str, named: Sequence[Term]) -> dict[str, Any]:
    """A Data Package (https://datapackage.org): what each file is, with type and description of every column."""
    resources = [
        {
            "name": one.mart,
            "path": one.path,
            "format": file_format,
            "description": one.about,
            "schema": {
                "fields": [
                    {"name": column.name, "type": column.kind.field, "description": column.description}
                    for column in one.columns
                ]
            },
            **({"dialect": {"table": one.mart}} if file_format == "sqlite" else {}),
        }
        for one in tables
    ]
    sources = [{"title": row["attribution"]} for row in named]
    return {"name": NAME, "title": TITLE, "resources": resources, "sources": sources}


def croissant(
    tables: Sequence[ExportedTable], file_format: str, named: Sequence[Term], as_of: date | None
) -> dict[str, Any]:
    """Croissant metadata 1.0 (https://docs.mlcommons.org/croissant): the same for loaders and search of data sets.

    `as_of` is the day of the newest data, `named` whom to name. Tables are described where a loader could read them.
    """
    files = {one.path: one for one in tables}
    described = tables if file_format in READABLE else ()
    return {
        "@context": dict(_CONTEXT),
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": NAME,
        "description": ABOUT,
        # The tables are from many publishers: each has terms of its own.
        "license": "Those of each publisher, in ATTRIBUTIONS.md and in the table data_terms",
        "citeAs": "; ".join(row["attribution"] for row in named),
        **({"datePublished": as_of.isoformat(), "version": f"{as_of:%Y.%-m.%-d}"} if as_of else {}),
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": path,
                "name": path,
                "contentUrl": path,
                "encodingFormat": ENCODINGS[file_format],
                "sha256": one.sha256,
            }
            for path, one in files.items()
        ],
        "recordSet": [
            {
                "@type": "cr:RecordSet",
                "@id": one.mart,
                "name": one.mart,
                "description": one.about,
                "field": [_field(one, column, file_format) for column in one.columns],
            }
            for one in described
        ],
    }


def _field(table: ExportedTable, column: ExportColumn, file_format: str) -> dict[str, Any]:
    # Lists are lists in Parquet, and JSON in a text elsewhere.
    is_list = column.kind.field == "array"
    return {
        "@type": "cr:Field",
        "@id": f"{table.mart}/{column.name}",
        "name": column.name,
        "description": column.description,
        "dataType": "sc:Text" if is_list else _TYPES[column.kind.field],
        **({"repeated": True} if is_list and file_format == "parquet" else {}),
        "source": {"fileObject": {"@id": table.path}, "extract": {"column": column.name}},
    }


def attributions(named: Sequence[Term], kept_out: Withheld) -> str:
    """Whom to name, and what was left out, as a page."""
    said = {"permitted": "", "unclear": " The publisher states no terms.", "forbidden": " The publisher forbids it."}
    lines = [
        "# Attributions",
        "",
        "These tables are made from what others publish. Name them wherever you pass it on.",
        "",
        "\n".join(f"- {row['attribution']}.{said[row['allowed']]}" for row in named),
    ]
    if kept_out.sources:
        names = ", ".join(kept_out.sources)
        lines += ["", f"Left out, since their publishers do not permit it to be passed on like this: {names}."]
    return "\n".join([*lines, ""])
