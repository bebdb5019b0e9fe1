"""What each model is, and its files: one partition per model, worked on in batches.

A run works on the partitions it was given; what became of each model is in `budmodel.extraction_targets`. In a batch the
models that failed stay unmaterialized and the rest is kept; a run for one model fails with it.
"""

import warnings
from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import dagster as dg

from budmodel_pipeline.assets.leaderboards import OWNERS
from budmodel_pipeline.assets.scan_presentation import findings_table
from budmodel_pipeline.resources.file_policy import FilePolicy
from budmodel_pipeline.resources.models import NO_HUB, ModelsResource
from budmodel_pipeline.resources.object_storage import ObjectStorageResource
from budmodel_pipeline.resources.postgres import PostgresResource
from budmodel_pipeline.resources.scanning import ScanningResource
from budmodel_pipeline.services.object_store import ObjectStore, ObjectStoreError
from budmodel_pipeline.targets.opening import Providers
from budmodel_pipeline.targets.provider import ProviderError
from budmodel_pipeline.warehouse.model_records import FileRecord
from budmodel_pipeline.warehouse.model_states import states_of
from budmodel_pipeline.workflows.file_copies import Progress
from budmodel_pipeline.workflows.model_discovery import MODELS_A_RUN, catalogued_models
from budmodel_pipeline.workflows.model_licensing import license_models
from budmodel_pipeline.workflows.model_reading import FileCopying, ModelReading, Outcome, copy_model_files, extract_models
from budmodel_pipeline.workflows.model_scanning import Scanning, ScanOutcome, scan_models
from budmodel_scanner.verdict import Verdict

# Chosen knowingly: without it a backfill in the UI starts a process for each model.
warnings.filterwarnings("ignore", message="Parameter `backfill_policy`", category=dg.BetaWarning)

GROUP = "models"
MODELS = dg.DynamicPartitionsDefinition(name="models")
BACKFILL = dg.BackfillPolicy.multi_run(max_partitions_per_run=MODELS_A_RUN)
INFO = dg.AssetKey("model_info")
FILES = dg.AssetKey("model_files")
LICENSE = dg.AssetKey("license")
SCAN = dg.AssetKey("security_scan")
FILES_ARE_SAFE = "files_are_safe"
ALL_LICENSED = "every_license_was_looked_for"
ALL_EXTRACTED = "every_model_was_extracted"
ALL_COPIED = "every_file_is_accounted_for"
REPORT_EVERY_BYTES = 256 * 1024 * 1024


class FilesConfig(dg.Config):
    """`policy` is what is copied: none, metadata or all; without it the deployment's own."""

    policy: str | None = None


def reading_of(postgres: PostgresResource, models: ModelsResource) -> ModelReading:
    """How this run reads models."""
    providers = Providers(
        hub=models.hub,
        hub_pages=models.hub_pages,
        no_hub=NO_HUB,
        disk_roots=models.roots,
        # Names are resolved once for all closed models of a run.
        catalogs=cache(lambda: catalogued_models(models.catalog_records())),
    )
    return ModelReading(postgres.engine, providers, models.origin.value, models.llm, models.threads)


@dg.multi_asset(
    name="per_model_work",
    specs=[
        dg.AssetSpec(
            INFO,
            skippable=True,
            kinds={"python", "postgres", "huggingface"},
            owners=OWNERS,
            group_name=GROUP,
            description="What a model is: maker, tasks, architecture, parameters, memory, lineage. Read from config, card "
            "and headers, never from weights; each field with its method and evidence, or the reason why it is not known.",
            metadata={"dagster/table_name": "budmodel.model_info"},
        ),
        dg.AssetSpec(
            SCAN,
            deps=[INFO],
            skippable=True,
            kinds={"python", "postgres"},
            owners=OWNERS,
            group_name=GROUP,
            description="Whether the files of a model are safe: each is examined to its last byte in a limited process; "
            "what could not be looked at is never safe. Content is examined once for each version of the rules and engines.",
            metadata={"dagster/table_name": "budmodel.scans"},
        ),
        dg.AssetSpec(
            FILES,
            deps=[INFO, SCAN],
            skippable=True,
            kinds={"python", "s3"},
            owners=OWNERS,
            group_name=GROUP,
            description="The files of a model at the revision that was read: listed, and copied into the object store as "
            "the policy says (none, metadata or all). Content is stored and moved once, whoever else has it.",
            metadata={"dagster/table_name": "budmodel.model_files"},
        ),
        dg.AssetSpec(
            LICENSE,
            deps=[INFO],
            skippable=True,
            kinds={"python", "postgres"},
            owners=OWNERS,
            group_name=GROUP,
            description="The license of a model: identified from its license file, else from what its card links to or "
            "names, with 22 answers about what it permits, each with a quote that stands in the text where there is one.",
            metadata={"dagster/table_name": "budmodel.model_licenses"},
        ),
    ],
    check_specs=[
        dg.AssetCheckSpec(
            ALL_EXTRACTED, asset=INFO, description="Each model of the run was read; the others keep their last good state."
        ),
        dg.AssetCheckSpec(ALL_LICENSED, asset=LICENSE, description="Each model could be searched for a license."),
        dg.AssetCheckSpec(
            FILES_ARE_SAFE, asset=SCAN, description="No file is malicious (an error), suspicious or unscanned (a warning)."
        ),
        dg.AssetCheckSpec(ALL_COPIED, asset=FILES, description="No file that the policy selects is missing in the store."),
    ],
    # One step for all: a step after one that leaves out failed models would be left out as a whole.
    can_subset=True,
    partitions_def=MODELS,
    backfill_policy=BACKFILL,
)
def per_model_work(
    context: dg.AssetExecutionContext,
    config: FilesConfig,
    postgres: PostgresResource,
    models: ModelsResource,
    object_storage: ObjectStorageResource,
    file_policy: FilePolicy,
    scanning: ScanningResource,
) -> Iterator[dg.AssetCheckResult]:
    reading = reading_of(postgres, models)
    targets = context.partition_keys
    troubles: list[str] = []
    if INFO in context.selected_asset_keys:
        troubles += yield from _read(context, targets, reading)
    with postgres.engine.connect() as connection:
        extracted = [state for state in states_of(connection, targets) if state.status == "extracted"]
    if LICENSE in context.selected_asset_keys:
        found = [state.target for state in extracted]
        troubles += yield from _license(context, found, reading, object_storage.store)
    with_files = [state.target for state in extracted if state.provider != "cloud_model"]
    how = scanning.scanning
    if SCAN in context.selected_asset_keys and how is not None:
        troubles += yield from _scan(context, with_files, reading, how)
    if FILES in context.selected_asset_keys:
        troubles += yield from _copy(context, with_files, reading, file_policy.copying(object_storage, config.policy))
    if troubles and len(targets) == 1:
        # Who asked for one model is told that it failed; a batch has its failures in the checks and the table.
        raise dg.Failure("; ".join(troubles[:5]), allow_retries=False)


def _read(
    context: dg.AssetExecutionContext, targets: Sequence[str], reading: ModelReading
) -> Generator[dg.AssetCheckResult, None, list[str]]:
    outcomes: list[Outcome] = []
    for outcome in extract_models(targets, reading):
        outcomes.append(outcome)
        if outcome.problem is None:
            told = {"revision": outcome.revision, "fields": outcome.facts, **_shown(outcome.highlights)}
            context.log_event(_materialized(INFO, outcome.target, told))
        context.log.info(f"{len(outcomes)} of {len(targets)}: {outcome.target}: {outcome.problem or 'extracted'}")
    failed = [outcome for outcome in outcomes if outcome.problem]
    defects = [outcome for outcome in failed if outcome.defect]
    yield dg.AssetCheckResult(
        asset_key=INFO,
        check_name=ALL_EXTRACTED,
        passed=not failed,
        severity=dg.AssetCheckSeverity.ERROR if defects else dg.AssetCheckSeverity.WARN,
        description=f"{len(outcomes) - len(failed)} of {len(outcomes)} models",
        metadata={"failures": dg.MetadataValue.md(_failures(failed)), "states": dict(Counter(o.state for o in failed))},
    )
    if defects:
        raise dg.Failure(f"This program failed: {defects[0].problem}", allow_retries=False)
    return [str(outcome.problem) for outcome in failed]


def _license(
    context: dg.AssetExecutionContext, targets: Sequence[str], reading: ModelReading, store: ObjectStore
) -> Generator[dg.AssetCheckResult, None, list[str]]:
    outcomes = list(license_models(targets, reading, store))
    for outcome in outcomes:
        if outcome.problem is None:
            told = {"license": outcome.license_id or outcome.state, "evidence": outcome.evidence}
            context.log_event(_materialized(LICENSE, outcome.target, told))
    problems = [f"{outcome.target}: {outcome.problem}" for outcome in outcomes if outcome.problem]
    yield dg.AssetCheckResult(
        asset_key=LICENSE,
        check_name=ALL_LICENSED,
        passed=not problems,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{len(outcomes) - len(problems)} of {len(outcomes)} models",
        metadata={
            "problems": dg.MetadataValue.md("\n".join(f"- {problem}" for problem in problems[:100])),
            "evidence": dict(Counter(str(outcome.evidence) for outcome in outcomes)),
        },
    )
    return problems


def _scan(
    context: dg.AssetExecutionContext, targets: Sequence[str], reading: ModelReading, how: Scanning
) -> Generator[dg.AssetCheckResult, None, list[str]]:
    outcomes: list[ScanOutcome] = []
    for outcome in scan_models(targets, reading, how, context.log.info):
        outcomes.append(outcome)
        if outcome.problem is None:
            told = {"verdict": outcome.verdict.value, "scanned_files": outcome.files, "unchanged": outcome.unchanged}
            findings = dg.MetadataValue.md(findings_table([outcome]))
            context.log_event(_materialized(SCAN, outcome.target, {**told, "findings": findings}))
    malicious = [outcome for outcome in outcomes if outcome.verdict is Verdict.MALICIOUS]
    doubtful = [outcome for outcome in outcomes if outcome.verdict is not Verdict.SAFE]
    yield dg.AssetCheckResult(
        asset_key=SCAN,
        check_name=FILES_ARE_SAFE,
        passed=not doubtful,
        severity=dg.AssetCheckSeverity.ERROR if malicious else dg.AssetCheckSeverity.WARN,
        description=f"{len(outcomes) - len(doubtful)} of {len(outcomes)} models are safe, {len(malicious)} are malicious",
        metadata={
            "findings": dg.MetadataValue.md(findings_table(doubtful)),
            "verdicts": dict(Counter(outcome.verdict.value for outcome in outcomes)),
            "versions": {**how.versions},
        },
    )
    return [f"{outcome.target}: {outcome.problem}" for outcome in outcomes if outcome.problem]


def _copy(
    context: dg.AssetExecutionContext, targets: Sequence[str], reading: ModelReading, copying: FileCopying
) -> Generator[dg.AssetCheckResult, None, list[str]]:
    problems: list[str] = []
    for target in targets:
        try:
            files = copy_model_files(target, reading, copying, _reporter(context, target))
        except (ProviderError, ObjectStoreError, OSError) as error:
            problems.append(f"{target}: {error}")
            continue
        problems += [f"{target}: {file.path}: {file.reason}" for file in files if file.outcome == "failed"]
        context.log_event(_materialized(FILES, target, _file_figures(files)))
    yield dg.AssetCheckResult(
        asset_key=FILES,
        check_name=ALL_COPIED,
        passed=not problems,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{len(problems)} problems with the files of {len(targets)} models",
        metadata={"problems": dg.MetadataValue.md("\n".join(f"- {problem}" for problem in problems[:100]))},
    )
    return problems


def _materialized(key: dg.AssetKey, partition: str, metadata: dict[str, Any]) -> dg.AssetMaterialization:
    return dg.AssetMaterialization(asset_key=key, partition=partition, metadata=metadata)


def _shown(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Facts as metadata: pages as links, lists as words."""
    pages = {name: dg.MetadataValue.url(value) for name, value in facts.items() if str(value).startswith("https://")}
    words = {name: ", ".join(value) if isinstance(value, list) else value for name, value in facts.items()}
    return {**words, **pages}


def _failures(failed: Sequence[Outcome]) -> str:
    if not failed:
        return "None."
    lines = ["| model | state | what happened | tried again |", "|---|---|---|---|"]
    lines += [
        f"| {outcome.target} | {outcome.state} | {str(outcome.problem).replace('|', '/')} | "
        f"{f'{outcome.retried_at:%Y-%m-%d %H:%M} UTC' if outcome.retried_at else 'no'} |"
        for outcome in failed[:100]
    ]
    return "\n".join(lines)


def _file_figures(files: Sequence[FileRecord]) -> dict[str, Any]:
    sizes = [file.size_bytes or 0 for file in files]
    kept = [file.size_bytes or 0 for file in files if file.outcome in ("stored", "present")]
    return {"files": len(files), "bytes": sum(sizes), "files_in_store": len(kept), "bytes_in_store": sum(kept)}


def _reporter(context: dg.AssetExecutionContext, target: str) -> Any:
    """Says how far a copy is, once for every quarter of a gigabyte."""
    said = 0

    def report(progress: Progress) -> None:
        nonlocal said
        if progress.moved - said >= REPORT_EVERY_BYTES:
            said = progress.moved
            context.log.info(f"{target}: {progress.moved:,} of {progress.planned:,} bytes, at {progress.path}")

    return report
