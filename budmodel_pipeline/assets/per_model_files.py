"""The files of each model: the asset `model_files`."""

from collections.abc import Sequence
from typing import Any

import dagster as dg

from budmodel_pipeline.assets.per_model_events import (
    FILES,
    GROUP,
    INFO,
    SCAN,
    Trouble,
    Work,
    listed,
    materialize,
    severity,
    tell_failure,
    troubles_of,
)
from budmodel_pipeline.assets.upkeep import OWNERS
from budmodel_pipeline.warehouse.model_records import FileRecord
from budmodel_pipeline.workflows.file_copies import FileCopying, copy_models
from budmodel_pipeline.workflows.model_loop import Outcome
from budmodel_pipeline.workflows.model_reading import ModelReading

SPEC = dg.AssetSpec(
    FILES,
    deps=[INFO, SCAN],
    skippable=True,
    kinds={"python", "s3"},
    owners=OWNERS,
    group_name=GROUP,
    description="The files of a model at the revision that was read: listed, and copied into the object store as "
    "the policy says (none, metadata or all). Content is stored and moved once, whoever else has it.",
    metadata={"dagster/table_name": "budmodel.model_files"},
)
ALL_COPIED = dg.AssetCheckSpec(
    "every_file_is_accounted_for", asset=FILES, description="No file that the policy selects is missing in the store."
)


def copy(context: dg.AssetExecutionContext, targets: Sequence[str], reading: ModelReading, copying: FileCopying) -> Work:
    """Copies the files of each of `targets`."""
    outcomes: list[Outcome[list[FileRecord]]] = []
    troubles: list[Trouble] = []
    for outcome in copy_models(targets, reading, copying, context.log.info):
        outcomes.append(outcome)
        tell_failure(context, FILES, outcome)
        if outcome.result is not None:
            missing = [file for file in outcome.result if file.outcome == "failed"]
            troubles += [Trouble(f"{outcome.target}: {file.path}: {file.reason}") for file in missing]
            materialize(context, FILES, outcome.target, _figures(outcome.result))
    troubles += troubles_of(outcomes)
    yield dg.AssetCheckResult(
        asset_key=FILES,
        check_name=ALL_COPIED.name,
        passed=not troubles,
        severity=severity(troubles),
        description=f"{len(troubles)} problems with the files of {len(outcomes)} models",
        metadata={"problems": listed(troubles)},
    )
    return troubles


def _figures(files: Sequence[FileRecord]) -> dict[str, Any]:
    sizes = [file.size_bytes or 0 for file in files]
    kept = [file.size_bytes or 0 for file in files if file.outcome in ("stored", "present")]
    return {"files": len(files), "bytes": sum(sizes), "files_in_store": len(kept), "bytes_in_store": sum(kept)}
