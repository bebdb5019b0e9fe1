"""The license of each model: the asset `license`."""

from collections import Counter
from collections.abc import Sequence

import dagster as dg

from budmodel_pipeline.assets.per_model_events import (
    GROUP,
    INFO,
    LICENSE,
    Work,
    listed,
    materialize,
    severity,
    tell_failure,
    troubles_of,
)
from budmodel_pipeline.assets.upkeep import OWNERS
from budmodel_pipeline.services.object_store import ObjectStore
from budmodel_pipeline.workflows.model_licensing import Licensed, license_models
from budmodel_pipeline.workflows.model_loop import Outcome
from budmodel_pipeline.workflows.model_reading import ModelReading

SPEC = dg.AssetSpec(
    LICENSE,
    deps=[INFO],
    skippable=True,
    kinds={"python", "postgres"},
    owners=OWNERS,
    group_name=GROUP,
    description="The license of a model: identified from its license file, else from what its card links to or "
    "names, with 22 answers about what it permits, each with a quote that stands in the text where there is one.",
    metadata={"dagster/table_name": "budmodel.model_licenses"},
)
ALL_LICENSED = dg.AssetCheckSpec(
    "every_license_was_looked_for", asset=LICENSE, description="Each model could be searched for a license."
)


def search(context: dg.AssetExecutionContext, targets: Sequence[str], reading: ModelReading, store: ObjectStore) -> Work:
    """Looks for the license of each of `targets`."""
    outcomes: list[Outcome[Licensed]] = []
    for outcome in license_models(targets, reading, store, context.log.info):
        outcomes.append(outcome)
        tell_failure(context, LICENSE, outcome)
        if outcome.result is not None:
            told = {"license": outcome.result.license_id or outcome.result.state, "evidence": outcome.result.evidence}
            materialize(context, LICENSE, outcome.target, told)
    troubles = troubles_of(outcomes)
    yield dg.AssetCheckResult(
        asset_key=LICENSE,
        check_name=ALL_LICENSED.name,
        passed=not troubles,
        severity=severity(troubles),
        description=f"{len(outcomes) - len(troubles)} of {len(outcomes)} models",
        metadata={
            "problems": listed(troubles),
            "evidence": dict(Counter(outcome.result.evidence for outcome in outcomes if outcome.result)),
        },
    )
    return troubles
