"""All marts as files for others: without what may not be passed on, with the attributions, and with a hash of every file."""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, text

from budmodel_pipeline.workflows.export_formats import BATCH, FORMATS, ExportColumn, TooLongError
from budmodel_pipeline.workflows.export_metadata import Credits, ExportedTable, attributions, croissant, data_package
from budmodel_pipeline.workflows.published_evaluations import records

ATTRIBUTIONS, PACKAGE, CROISSANT, MANIFEST = "ATTRIBUTIONS.md", "datapackage.json", "croissant.json", "manifest.json"
EVALUATIONS = "every_eval_ever.jsonl"

_COLUMNS = text("""
    select relname as mart, obj_description(pg_class.oid, 'pg_class') as about, attname as name,
           format_type(atttypid, null) as type, coalesce(col_description(pg_class.oid, attnum), '') as description
    from pg_class join pg_attribute on attrelid = pg_class.oid
    where relnamespace = to_regnamespace('marts') and relkind in ('r', 'v') and attnum > 0 and not attisdropped
    order by relname, attnum
""")
_TERMS = text("select * from marts.data_terms order by source, benchmark_id nulls first")
_NEWEST = text("select max(fetched_at)::date from marts.leaderboard")
# With what the marts have no place for. Terms of a benchmark of its own stand before those of its source.
_SCORES = """
    select whole.*, benchmarks.benchmark_title, metrics.minimum, metrics.maximum,
           sources.title as source_title, sources.publisher, sources.homepage,
           coalesce(nullif(own.attribution, ''), common.attribution) as attribution
    from marts.leaderboard as whole
    inner join marts.benchmarks using (metric_id)
    inner join budmodel.metrics using (metric_id)
    inner join budmodel.sources on sources.source = whole.source
    left join budmodel.data_terms as own on own.source = whole.source and own.benchmark_id = whole.benchmark_id
    left join budmodel.data_terms as common on common.source = whole.source and common.benchmark_id = ''
    where coalesce(whole.metric_id = any(:metrics), whole.source = any(:sources)) is not true
    order by whole.source, whole.entry_key collate "C", whole.metric_id collate "C"
"""
# A benchmark with terms of its own is under these, whatever those of its source.
_WITHHELD = text("""
    with terms as (
        select source, benchmark_id,
               allowed = 'forbidden' or (commercial = 'forbidden' and not :noncommercial) as is_withheld
        from budmodel.data_terms
    )
    select
        array(select source from terms where benchmark_id = '' and is_withheld) as sources,
        array(
            select metric_id from budmodel.metrics
            left join terms as own using (source, benchmark_id)
            left join terms as common on common.source = metrics.source and common.benchmark_id = ''
            where coalesce(own.is_withheld, common.is_withheld)
        ) as metrics
""")
# What says that a row is of a source, the first of these that a mart has.
_OF_A_SOURCE = (
    ({"metric_id", "source"}, "coalesce(metric_id = any(:metrics), source = any(:sources))"),
    ({"metric_id"}, "metric_id = any(:metrics)"),
    ({"source"}, "source = any(:sources)"),
    ({"catalog"}, "catalog = any(:sources)"),
)
# Terms are told of everyone; a group of models is known beyond a source, and a rank is made of all that it stands on.
_BY_MART = {
    "data_terms": "false",
    "model_groups": "sources <@ cast(:sources as text[])",
    "model_choice": "sources && cast(:sources as text[]) or coalesce(price_catalog = any(:sources), false)",
    "model_ranking": "sources && cast(:sources as text[])",
    "self_reported_gap": "claimed_metric_id = any(:metrics) or measured_metric_id = any(:metrics)",
}


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

    What may not be used for money is left out unless the export is `noncommercial`. Raises ExportError.
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
    marts: dict[str, list[ExportColumn]] = {}
    about: dict[str, str] = {}
    for row in connection.execute(_COLUMNS):
        marts.setdefault(row.mart, []).append(ExportColumn(row.name, row.type, row.description))
        about[row.mart] = row.about or ""
    if "data_terms" not in marts:
        raise ExportError("the marts are not built, so that nothing can be exported: budmodel run --rebuild-marts")
    terms = [dict(row) for row in connection.execute(_TERMS).mappings()]
    withheld = dict(connection.execute(_WITHHELD, {"noncommercial": noncommercial}).mappings().one())
    written = [_write(connection, folder, file_format, mart, columns, withheld) for mart, columns in marts.items()]
    owed = Credits(terms, frozenset(withheld["sources"]))
    hashes = {path: _sha256(folder / path) for path in {one.path for one in written}}
    tables = [ExportedTable(one.mart, one.path, about[one.mart], marts[one.mart], hashes[one.path]) for one in written]
    (folder / ATTRIBUTIONS).write_text(attributions(owed), encoding="utf-8")
    _write_json(folder / PACKAGE, data_package(tables, file_format, owed))
    _write_json(folder / CROISSANT, croissant(tables, file_format, owed, connection.execute(_NEWEST).scalar()))
    _write_evaluations(connection, folder / EVALUATIONS, withheld)
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
    withheld: Mapping[str, Any],
) -> Exported:
    names = {column.name for column in columns}
    rule = _BY_MART.get(mart) or next((rule for needed, rule in _OF_A_SOURCE if needed <= names), "false")
    asked = {name: ids for name, ids in withheld.items() if f":{name}" in rule}
    counted = text(f"select count(*) from marts.{mart} where {rule}")
    left_out: int = connection.execute(counted, asked).scalar_one()
    chosen = ", ".join(f'"{one.name}"::text' if one.type == "jsonb" else f'"{one.name}"' for one in columns)
    # By the bytes of the whole row: the order is the same in every database and language.
    query = text(f'select {chosen} from marts.{mart} as whole where ({rule}) is not true order by whole::text collate "C"')
    rows = connection.execute(query, asked, execution_options={"yield_per": BATCH})
    place, count = FORMATS[file_format](folder, mart, columns, rows)
    return Exported(mart, place.name, count, left_out)


def _write_evaluations(connection: Connection, place: Path, withheld: Mapping[str, Any]) -> None:
    """The scores of the leaderboards as a line for each record of Every Eval Ever."""
    rows = connection.execute(text(_SCORES), withheld, execution_options={"yield_per": BATCH}).mappings()
    with place.open("w", encoding="utf-8") as file:
        for record in records(dict(row) for row in rows):
            file.write(json.dumps(record, ensure_ascii=False) + "\n")


def _write_json(place: Path, content: Mapping[str, Any]) -> None:
    place.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _sha256(place: Path) -> str:
    with place.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
