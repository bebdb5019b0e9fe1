"""Publishing without single entries that a person does not want to publish."""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import replace

from budmodel_pipeline.sources.contract import Entry, Parsed, Rejection, RejectionKind


def digest(entry: Entry) -> str:
    """What stands for the scores of an entry: another digest, other scores."""
    scores = sorted((slug, score.value) for slug, score in entry.scores.items())
    return hashlib.sha256(json.dumps(scores).encode()).hexdigest()


def entries_named(parsed: Parsed, names: Collection[str]) -> tuple[list[Entry], list[str]]:
    """The entries whose key or published name is one of `names`, in any case, and the names that none has."""
    wanted = {name.casefold() for name in names}
    found = [entry for entry in parsed.entries if {entry.key.casefold(), entry.published_name.casefold()} & wanted]
    known = {name.casefold() for entry in found for name in (entry.key, entry.published_name)}
    return found, [name for name in names if name.casefold() not in known]


def without(parsed: Parsed, reasons: Mapping[str, str]) -> Parsed:
    """`parsed` without the entries whose keys are in `reasons`; their rows are counted as set aside."""
    aside = [entry for entry in parsed.entries if entry.key in reasons]
    rejections = [
        Rejection(
            row.endpoint,
            f"set aside by a person: {reasons[entry.key]}",
            1,
            f"{entry.key}, row {row.number}",
            RejectionKind.SET_ASIDE,
        )
        for entry in aside
        for row in entry.rows
    ]
    return replace(
        parsed,
        entries=[entry for entry in parsed.entries if entry.key not in reasons],
        rejections=[*parsed.rejections, *_together(rejections)],
        rows_kept=parsed.rows_kept - len(rejections),
    )


def _together(rejections: list[Rejection]) -> list[Rejection]:
    """One rejection for the rows of a file that share a reason."""
    counted: dict[tuple[str, str], Rejection] = {}
    for rejection in rejections:
        known = counted.get((rejection.endpoint, rejection.reason))
        counted[rejection.endpoint, rejection.reason] = known._replace(rows=known.rows + 1) if known else rejection
    return list(counted.values())
