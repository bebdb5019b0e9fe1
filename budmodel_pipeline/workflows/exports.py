"""All marts as files for others: without what may not be passed on, with the attributions, and with a hash of every file."""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, text

from budmodel_pipeline.warehouse.built_marts import expect_built, marts
from budmodel_pipeline.workflows.export_formats import BATCH, FORMATS, ExportColumn, TooLongError
from budmodel_pipeline.workflows.export_metadata import ExportedTable, attributions, croissant, data_package
from budmodel_pipeline.workflows.published_evaluations import records
from budmodel_pipeline.workflows.withholding import Withheld, credited, rule_of, terms_of_all, withheld

ATTRIBUTIONS, PACKAGE, CROISSANT, MANIFEST = "ATTRIBUTIONS.md", "datapackage.json", "croissant.json", "manifest.json"
EVALUATIONS = "every_eval_ever.jsonl"

_COLUMNS = text("""
    select relname as mart, obj_description(pg_class.oid, 'pg_class') as about, attname as name,
           format_type(atttypid, null) as type, coalesce(col_description(pg_class.oid, attnum), '') as description
    from pg_class join pg_attribute on attrelid = pg_class.oid
    where attrelid = any(cast(:marts as regclass[])) and attnum > 0 and not attisdropped
    order by relname, attnum
""")
_NEWEST = text("select max(fetched_at)::date from marts.leaderboard")
# With what the marts have no place for. Terms of a benchmark of its own stand before those of its source.
_SCORES = """
    select whole.*, benchmarks.benchmark_title, metrics.minimum, metrics.maximum,
           sources.title as source_title, sources.publisher, sources.homepage,
           coalesce(nullif(own.attribution, ''), common.attribution) as attribution
    from (select * from marts.leaderboard where ({}) is not true) as whole
    inner join marts.benchmarks using (metric_id)
    inner join budmodel.metrics using (metric_id)
    inner join budmodel.sources on sources.source = whole.source
    left join budmodel.data_terms as own on own.source = whole.source and own.benchmark_id = whole.benchmark_id
    left join budmodel.data_terms as common on common.source = whole.source and common.benchmark_id = ''
    order by whole.source, whole.entry_key collate "C", whole.metric_id collate "C"
"""


class ExportError(Exception):
    """Nothing was exported; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Exported:
    """A mart that was written: its rows, and how many were left out because their publishers forbid to pass them on."""

    mart: str
    path: str
    rows: int
    left_out: int


def export(engine: Engine, folder: Path, file_format: str, *, noncommercial: bool) -> list[Exported]:
    """Writes all marts as of one moment into `folder`, which must be new or empty; it is there as a whole or not at all.

    What may not be used for money is left out unless the export is `noncommercial`. Raises ExportError, and MartsError
    where the marts are not those of this code.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ExportError(f"{folder} is not empty: an export goes into a folder of its own")
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = folder.with_name(f".{folder.name}.unfinished")
    # One that was killed.
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    try:
        with engine.connect().execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True) as connection:
            written = _write_all(connection, unfinished, file_format, noncommercial=noncommercial)
        unfinished.rename(folder)
    except TooLongError as error:
        raise ExportError(str(error)) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return written


def _write_all(connection: Connection, folder: Path, file_format: str, *, noncommercial: bool) -> list[Exported]:
    connection.execute(text("set local time zone 'UTC'"))
    # Not what else lies beside them: an older version may have left a mart behind that nothing builds any more.
    expect_built(connection, *marts())
    columns: dict[str, list[ExportColumn]] = {}
    about: dict[str, str] = {}
    for row in connection.execute(_COLUMNS, {"marts": [f"marts.{mart}" for mart in marts()]}):
        columns.setdefault(row.mart, []).append(ExportColumn(row.name, row.type, row.description))
        about[row.mart] = row.about or ""
    kept_out = withheld(connection, noncommercial=noncommercial)
    written = [_write(connection, folder, file_format, mart, held, kept_out) for mart, held in columns.items()]
    named = credited(terms_of_all(connection), kept_out)
    hashes = {path: _sha256(folder / path) for path in {one.path for one in written}}
    tables = [ExportedTable(one.mart, one.path, about[one.mart], columns[one.mart], hashes[one.path]) for one in written]
    (folder / ATTRIBUTIONS).write_text(attributions(named, kept_out), encoding="utf-8")
    _write_json(folder / PACKAGE, data_package(tables, file_format, named))
    _write_json(folder / CROISSANT, croissant(tables, file_format, named, connection.execute(_NEWEST).scalar()))
    _write_evaluations(connection, folder / EVALUATIONS, kept_out)
    files = [
        {"path": place.name, "bytes": place.stat().st_size, "sha256": _sha256(place)} for place in sorted(folder.iterdir())
    ]
    counts = [{"mart": one.mart, "rows": one.rows, "left_out": one.left_out} for one in written]
    _write_json(folder / MANIFEST, {"format": file_format, "tables": counts, "files": files})
    return written


def _write(
    connection: Connection,
    folder: Path,
    file_format: str,
    mart: str,
    columns: Sequence[ExportColumn],
    kept_out: Withheld,
) -> Exported:
    rule = rule_of(mart, (column.name for column in columns))
    asked = kept_out.values(rule)
    counted = text(f"select count(*) from marts.{mart} where {rule}")
    left_out: int = connection.execute(counted, asked).scalar_one()
    chosen = ", ".join(f'"{one.name}"::text' if one.type == "jsonb" else f'"{one.name}"' for one in columns)
    # By the bytes of the whole row: the order is the same in every database and language.
    query = text(f'select {chosen} from marts.{mart} as whole where ({rule}) is not true order by whole::text collate "C"')
    rows = connection.execute(query, asked, execution_options={"yield_per": BATCH})
    place, count = FORMATS[file_format](folder, mart, columns, rows)
    return Exported(mart, place.name, count, left_out)


def _write_evaluations(connection: Connection, place: Path, kept_out: Withheld) -> None:
    """The scores of the leaderboards as a line for each record of Every Eval Ever."""
    rule = rule_of("leaderboard", ("metric_id", "source"))
    rows = connection.execute(
        text(_SCORES.format(rule)), kept_out.values(rule), execution_options={"yield_per": BATCH}
    ).mappings()
    with place.open("w", encoding="utf-8") as file:
        for record in records(dict(row) for row in rows):
            file.write(json.dumps(record, ensure_ascii=False) + "\n")


def _write_json(place: Path, content: Mapping[str, Any]) -> None:
    place.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _sha256(place: Path) -> str:
    with place.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
