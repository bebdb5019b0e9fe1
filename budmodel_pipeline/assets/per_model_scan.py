"""Whether the files of each model are safe: the asset `security_scan`."""

from collections import Counter
from collections.abc import Sequence

import dagster as dg

from budmodel_pipeline.assets.per_model_events import (
    GROUP,
    INFO,
    SCAN,
    Work,
    materialize,
    severity,
    tell_failure,
    troubles_of,
)
from budmodel_pipeline.assets.scan_presentation import findings_table, verdict_of
from budmodel_pipeline.assets.upkeep import OWNERS
from budmodel_pipeline.workflows.model_loop import Outcome
from budmodel_pipeline.workflows.model_reading import ModelReading
from budmodel_pipeline.workflows.model_scanning import Scanned, Scanning, scan_models
from budmodel_scanner.verdict import Verdict

SPEC = dg.AssetSpec(
    SCAN,
    deps=[INFO],
    skippable=True,
    kinds={"python", "postgres"},
    owners=OWNERS,
    group_name=GROUP,
    description="Whether the files of a model are safe: each is examined to its last byte in a limited process; "
    "what could not be looked at is never safe. Content is examined once for each version of the rules and engines.",
    metadata={"dagster/table_name": "budmodel.scans"},
)
FILES_ARE_SAFE = dg.AssetCheckSpec(
    "files_are_safe", asset=SCAN, description="No file is malicious (an error), suspicious or unscanned (a warning)."
)


def scan(context: dg.AssetExecutionContext, targets: Sequence[str], reading: ModelReading, how: Scanning) -> Work:
    """Scans the files of each of `targets`."""
    outcomes: list[Outcome[Scanned]] = []
    for outcome in scan_models(targets, reading, how, context.log.info):
        outcomes.append(outcome)
        tell_failure(context, SCAN, outcome)
        if (found := outcome.result) is not None:
            told = {"verdict": found.verdict.value, "scanned_files": len(found.reports), "unchanged": found.unchanged}
            findings = dg.MetadataValue.md(findings_table([outcome]))
            materialize(context, SCAN, outcome.target, {**told, "findings": findings})
    troubles = troubles_of(outcomes)
    malicious = [outcome for outcome in outcomes if verdict_of(outcome) is Verdict.MALICIOUS]
    doubtful = [outcome for outcome in outcomes if verdict_of(outcome) is not Verdict.SAFE]
    yield dg.AssetCheckResult(
        asset_key=SCAN,
        check_name=FILES_ARE_SAFE.name,
        passed=not doubtful,
        severity=dg.AssetCheckSeverity.ERROR if malicious else severity(troubles),
        description=f"{len(outcomes) - len(doubtful)} of {len(outcomes)} models are safe, {len(malicious)} are malicious",
        metadata={
            "findings": dg.MetadataValue.md(findings_table(doubtful)),
            "verdicts": dict(Counter(verdict_of(outcome).value for outcome in outcomes)),
            "versions": {**how.versions},
        },
    )
    return troubles
