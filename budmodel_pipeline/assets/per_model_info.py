"""What each model is: the asset `model_info`."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from budmodel_pipeline.assets.markdown import table
from budmodel_pipeline.assets.per_model_events import GROUP, INFO, Trouble, Work, materialize, severity, tell_failure
from budmodel_pipeline.assets.upkeep import OWNERS
from budmodel_pipeline.workflows.model_loop import Failure, Outcome
from budmodel_pipeline.workflows.model_reading import ModelReading, Read, extract_models

SPEC = dg.AssetSpec(
    INFO,
    skippable=True,
    kinds={"python", "postgres", "huggingface"},
    owners=OWNERS,
    group_name=GROUP,
    description="What a model is: maker, tasks, architecture, parameters, memory, lineage. Read from config, card "
    "and headers, never from weights; each field with its method and evidence, or the reason why it is not known.",
    metadata={"dagster/table_name": "budmodel.model_info"},
)
ALL_EXTRACTED = dg.AssetCheckSpec(
    "every_model_was_extracted",
    asset=INFO,
    description="Each model of the run was read; the others keep their last good state.",
)
_SHOWN = 100


def read(context: dg.AssetExecutionContext, targets: Sequence[str], reading: ModelReading) -> Work:
    """Reads what each of `targets` is."""
    outcomes: list[Outcome[Read]] = []
    for outcome in extract_models(targets, reading, context.log.info):
        outcomes.append(outcome)
        tell_failure(context, INFO, outcome)
        if outcome.result is not None:
            told = {"revision": outcome.result.revision, "fields": outcome.result.facts}
            materialize(context, INFO, outcome.target, {**told, **_shown(outcome.result.highlights)})
    failed = [(outcome.target, outcome.failure) for outcome in outcomes if outcome.failure]
    # The reason why a model cannot be had names it.
    troubles = [Trouble(f"{target}: {why.reason}" if why.defect else why.reason, why.defect) for target, why in failed]
    yield dg.AssetCheckResult(
        asset_key=INFO,
        check_name=ALL_EXTRACTED.name,
        passed=not failed,
        severity=severity(troubles),
        description=f"{len(outcomes) - len(failed)} of {len(outcomes)} models",
        metadata={
            "failures": dg.MetadataValue.md(_failures(failed)),
            "states": dict(Counter(why.state for _, why in failed)),
        },
    )
    return troubles


def _shown(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Facts as metadata: pages as links, lists as words."""
    pages = {name: dg.MetadataValue.url(value) for name, value in facts.items() if str(value).startswith("https://")}
    words = {name: ", ".join(value) if isinstance(value, list) else value for name, value in facts.items()}
    return {**words, **pages}


def _failures(failed: Sequence[tuple[str, Failure]]) -> str:
    if not failed:
        return "None."
    rows = [
        (target, why.state, why.reason, f"{why.retried_at:%Y-%m-%d %H:%M} UTC" if why.retried_at else "no")
        for target, why in failed[:_SHOWN]
    ]
    return table(("model", "state", "what happened", "tried again"), rows)
