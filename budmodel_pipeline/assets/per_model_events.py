"""What the assets of each model have in common: how outcomes become events of a run, and its failures what people read."""

from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from budmodel_pipeline.assets.markdown import inert
from budmodel_pipeline.workflows.model_loop import Outcome

GROUP = "models"
INFO = dg.AssetKey("model_info")
SCAN = dg.AssetKey("security_scan")
FILES = dg.AssetKey("model_files")
LICENSE = dg.AssetKey("license")
_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that a run could not do, in words. `defect`: this program is to blame."""

    what: str
    defect: bool = False


# What an asset does for the models of a run: its checks, and in the end its troubles.
Work = Generator[dg.AssetCheckResult, None, Sequence[Trouble]]


def materialize(context: dg.AssetExecutionContext, key: dg.AssetKey, target: str, metadata: Mapping[str, Any]) -> None:
    """Notes that `key` of one model is there now. An event rather than a result: a batch has one for each of its models."""
    context.log_event(dg.AssetMaterialization(asset_key=key, partition=target, metadata=metadata))


def tell_failure(context: dg.AssetExecutionContext, key: dg.AssetKey, outcome: Outcome[Any]) -> None:
    """Notes at the partition of a model that `key` could not be made of it: what was there stands."""
    if outcome.problem is not None:
        reason = dg.MetadataValue.text(outcome.problem)
        context.log_event(dg.AssetObservation(asset_key=key, partition=outcome.target, metadata={"failure": reason}))


def troubles_of(outcomes: Iterable[Outcome[Any]]) -> list[Trouble]:
    """Those of the models whose work failed."""
    failures = [(outcome.target, outcome.failure) for outcome in outcomes if outcome.failure]
    return [Trouble(f"{target}: {failure.reason}", failure.defect) for target, failure in failures]


def severity(troubles: Iterable[Trouble]) -> dg.AssetCheckSeverity:
    """A model that cannot be had is a warning, a failure of this program an error."""
    defects = any(trouble.defect for trouble in troubles)
    return dg.AssetCheckSeverity.ERROR if defects else dg.AssetCheckSeverity.WARN


def listed(troubles: Sequence[Trouble]) -> dg.MarkdownMetadataValue:
    """Troubles as a list for people."""
    return dg.MetadataValue.md("\n".join(f"- {inert(trouble.what)}" for trouble in troubles[:_SHOWN]))
