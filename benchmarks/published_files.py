"""What benchmarks read: the files of every source, as published or many times over."""

import csv
import json
import zipfile
from collections.abc import Iterator, Mapping
from functools import cache
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import yaml

from budmodel_pipeline.commands.published_files import files_of
from budmodel_pipeline.sources.contract import Endpoint, Shape, Source
from budmodel_pipeline.sources.ledger import Ledger
from budmodel_pipeline.sources.reading import load_json

PROJECT = Path(__file__).parent.parent
MIRROR = PROJECT.parent / "shared" / "mirror"
SAMPLES = PROJECT / "samples"
# Between a name and the number of its copy.
COPY = "_copy"

Files = Mapping[str, bytes]


@cache
def directory() -> Path:
    """Where published files lie by host and path."""
    return MIRROR if MIRROR.is_dir() else SAMPLES


def where_from() -> str:
    """Which files are read, in a sentence."""
    if directory() == MIRROR:
        return "Real files of every source of which there are any, from the mirror beside this checkout."
    return "There is no mirror beside this checkout: the samples are read, which are too small for figures that mean much."


def published(source: Source) -> dict[str, bytes]:
    """The bytes of each file of `source`; those of the sample where nobody has seen a real one."""
    return files_of(source, SAMPLES if source.shape is Shape.DOCUMENTED else directory())


def stock_parse(endpoint: Endpoint, content: bytes) -> object:
    """The bytes read by the fastest parser that is to be had, and nothing done with them."""
    match endpoint.format:
        case "csv":
            # One leaderboard publishes rows that are shorter than its header.
            options = pyarrow.csv.ParseOptions(newlines_in_values=True, invalid_row_handler=lambda _: "skip")
            return pyarrow.csv.read_csv(pa.BufferReader(content), parse_options=options)
        case "parquet":
            return pyarrow.parquet.read_table(pa.BufferReader(content))
        case "json":
            # orjson, or json where the publisher writes NaN, which orjson refuses.
            return load_json(content, endpoint.name, Ledger())
        case "yaml":
            return yaml.load(content, Loader=yaml.CBaseLoader)
        case "zip":
            with zipfile.ZipFile(BytesIO(content)) as archive:
                tables = [archive.read(name) for name in archive.namelist() if name.endswith(".csv")]
            options = pyarrow.csv.ParseOptions(newlines_in_values=True)
            return [pyarrow.csv.read_csv(pa.BufferReader(table), parse_options=options) for table in tables]
        case "markdown" | "javascript":
            return content.decode().splitlines()


def multiplied(source: Source, files: Files, times: int) -> dict[str, bytes]:
    """`files` with every row `times` over. In a copy each published name has a suffix, so that keys stay unique."""
    parsed = source.parse(files)
    # Keys that are made of a board and a name have the name as their last part.
    names = frozenset(
        name for entry in parsed.entries for name in (entry.key, entry.published_name, entry.key.split(" | ")[-1])
    )
    multiply = {
        "csv": _multiplied_csv,
        "javascript": _multiplied_javascript,
        "json": _multiplied_json,
        "markdown": _multiplied_markdown,
        "parquet": _multiplied_parquet,
        "yaml": _multiplied_yaml,
        "zip": _multiplied_zip,
    }
    multiples = {
        endpoint.name: multiply[endpoint.format](files[endpoint.name], names, times)
        for endpoint in source.endpoints
        if endpoint.name in files
    }
    for endpoint in source.all_endpoints(multiples)[len(source.endpoints) :]:
        multiples[endpoint.name] = files[endpoint.name.rpartition(COPY)[0]]
    found, expected = source.parse(multiples).score_count, times * parsed.score_count
    if found != expected:
        raise RuntimeError(f"{source.slug}: {times} copies gave {found} scores where {expected} were expected")
    return multiples


def _suffixed(value: Any, names: frozenset[str], copy: int) -> Any:
    """`value` with a suffix to every name in it, keys of objects included."""
    if isinstance(value, str):
        return f"{value}{COPY}{copy}" if value.strip() in names else value
    if isinstance(value, list):
        return [_suffixed(item, names, copy) for item in value]
    if isinstance(value, dict):
        return {_suffixed(key, names, copy): _suffixed(item, names, copy) for key, item in value.items()}
    return value


def _multiplied_csv(content: bytes, names: frozenset[str], times: int) -> bytes:
    header, *rows = csv.reader(StringIO(content.decode("utf-8-sig"), newline=""))
    out = StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(header)
    for copy in range(times):
        writer.writerows(_suffixed(rows, names, copy))
    return out.getvalue().encode()


def _multiplied_zip(content: bytes, names: frozenset[str], times: int) -> bytes:
    """Each table of an archive."""
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(content)) as before, zipfile.ZipFile(out, "w") as after:
        for name in before.namelist():
            table = before.read(name)
            after.writestr(name, _multiplied_csv(table, names, times) if name.endswith(".csv") else table)
    return out.getvalue()


def _multiplied_javascript(content: bytes, names: frozenset[str], times: int) -> bytes:
    """The table that stands as CSV in a text of a script. Before a name may stand a sign."""
    before, table, after = content.split(b"`", 2)
    signed = frozenset(f"{sign}{name}" for name in names for sign in ("", "*", "!"))
    return b"`".join((before, _multiplied_csv(table, signed, times), after))


def _multiplied_markdown(content: bytes, names: frozenset[str], times: int) -> bytes:
    """The first table of a page."""
    lines = content.decode().splitlines()
    table = [number for number, line in enumerate(lines) if line.startswith("|")]
    start, end = table[0] + 2, table[-1] + 1
    rows = ["|".join(_suffixed(line.split("|"), names, copy)) for copy in range(times) for line in lines[start:end]]
    return "\n".join((*lines[:start], *rows, *lines[end:])).encode()


def _multiplied_yaml(content: bytes, names: frozenset[str], times: int) -> bytes:
    """JSON is YAML as well."""
    rows = yaml.load(content, Loader=yaml.CBaseLoader)
    return "".join(_json_pieces(rows, names, times)).encode()


def _multiplied_parquet(content: bytes, names: frozenset[str], times: int) -> bytes:
    table = pyarrow.parquet.read_table(BytesIO(content))
    copies = []
    for copy in range(times):
        columns = [pa.array(_suffixed(column.to_pylist(), names, copy), column.type) for column in table.columns]
        copies.append(pa.table(columns, table.column_names))
    out = BytesIO()
    # In one row group, as published.
    pyarrow.parquet.write_table(pa.concat_tables(copies).combine_chunks(), out)
    return out.getvalue()


def _multiplied_json(content: bytes, names: frozenset[str], times: int) -> bytes:
    return "".join(_json_pieces(load_json(content, "multiplied", Ledger()), names, times)).encode()


def _json_pieces(value: Any, names: frozenset[str], times: int) -> Iterator[str]:
    """JSON text in pieces. Lists of objects with a name and objects by published name are rows, all else is written once."""
    copies = range(times)
    if isinstance(value, list) and any(_is_row(cell, names) for item in value for cell in _cells(item)):
        yield "[" + ",".join(_dumps(_suffixed(value, names, copy))[1:-1] for copy in copies) + "]"
    elif isinstance(value, list):
        yield "["
        for number, item in enumerate(value):
            yield "," if number else ""
            yield from _json_pieces(item, names, times)
        yield "]"
    elif isinstance(value, dict) and any(key in names for key in value):
        yield "{" + ",".join(_dumps(_suffixed(value, names, copy))[1:-1] for copy in copies) + "}"
    elif isinstance(value, dict):
        for number, (key, item) in enumerate(value.items()):
            yield f"{',' if number else '{'}{_dumps(key)}:"
            yield from _json_pieces(item, names, times)
        yield "}"
    else:
        yield _dumps(value)


def _cells(item: object) -> list[Any]:
    """Those of a row that is a list, or the row."""
    return item if isinstance(item, list) else [item]


def _is_row(value: object, names: frozenset[str]) -> bool:
    if isinstance(value, dict):
        return any(_is_row(item, names) for item in value.values())
    return isinstance(value, str) and value.strip() in names


def _dumps(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
