"""Resolving rows and files of rows."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from budmodel_pipeline.identity.groups import groups_of
from budmodel_pipeline.identity.resolve import resolve
from budmodel_pipeline.identity.tokens import UnresolvableName


def resolve_rows(rows: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Each row with model_id, group_id, variant, method and confidence; groups are those of all these models together.

    A name that identifies nothing has the `model_id` None, the method `rejected` and a `reason`.
    """
    resolved = list(_resolved(rows))
    groups = groups_of({row["model_id"] for row in resolved if row["model_id"] is not None})
    return ({**row, "group_id": groups.get(row["model_id"])} for row in resolved)


def _resolved(rows: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for row in rows:
        try:
            found = resolve(
                row.get("source") or "",
                row["published_name"],
                row.get("link"),
                organization=row.get("organization"),
                published_id=row.get("published_id"),
            )
        except UnresolvableName as rejection:
            yield {
                **row,
                "model_id": None,
                "group_id": None,
                "variant": None,
                "method": "rejected",
                "confidence": 0.0,
                "reason": rejection.reason,
            }
        else:
            yield {
                **row,
                "model_id": found.model_id,
                "group_id": None,
                "variant": found.variant,
                "method": found.method,
                "confidence": found.confidence,
            }


def resolve_lines(source: Path, target: Path) -> int:
    """Resolves a file of JSON lines (source, published_name, link, organization) into another; gives the number of rows.

    Raises ValueError for a line that is no such row, naming file and line.
    """
    count = 0
    with source.open(encoding="utf-8") as lines, target.open("w", encoding="utf-8") as output:
        for row in resolve_rows(_rows(source, lines)):
            output.write(json.dumps(row, ensure_ascii=False) + "\n")
            count += 1
    return count


def _rows(source: Path, lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise ValueError(f"{source}, line {number}: expected a JSON object; {error}") from error
        if not isinstance(row, dict) or not isinstance(row.get("published_name"), str):
            raise ValueError(
                f"{source}, line {number}: expected an object with the text published_name; found {line[:80]!r}"
            )
        yield row
