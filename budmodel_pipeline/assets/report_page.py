"""The page that people open: the asset `leaderboard_report`."""

from datetime import UTC, datetime

import dagster as dg

from budmodel_pipeline.assets.marts import GROUP
from budmodel_pipeline.assets.upkeep import FRESHNESS, OWNERS
from budmodel_pipeline.resources.object_storage import ObjectStorageResource
from budmodel_pipeline.resources.postgres import PostgresResource
from budmodel_pipeline.workflows.report_content import MARTS, make_report


@dg.asset(
    key="leaderboard_report",
    deps=[dg.AssetKey(["marts", mart]) for mart in MARTS],
    group_name=GROUP,
    kinds={"python", "html"},
    owners=OWNERS,
    freshness_policy=FRESHNESS,
    description="One HTML file that asks no network for anything: the ranking with filters, a page for each model, a "
    "comparison, cost against capability, the week's changes, and where each number comes from. Without what may not be "
    "passed on.",
)
def leaderboard_report(postgres: PostgresResource, object_storage: ObjectStorageResource) -> dg.MaterializeResult[None]:
    report = make_report(postgres.engine, datetime.now(UTC))
    stored = object_storage.store.put_content(report.content)
    folder = object_storage.store.directory
    return dg.MaterializeResult(
        metadata={
            "path": dg.MetadataValue.path(folder / stored.key) if folder else dg.MetadataValue.text(stored.key),
            "place": dg.MetadataValue.text(object_storage.store.place),
            "bytes": dg.MetadataValue.int(stored.size),
            "sha256": dg.MetadataValue.text(stored.sha256),
            "models": dg.MetadataValue.int(report.models),
            "ranked_models": dg.MetadataValue.int(report.ranked),
            "scopes": dg.MetadataValue.int(report.scopes),
            "ranked_models_left_out": dg.MetadataValue.int(report.left_out),
            "sources_left_out": dg.MetadataValue.text(", ".join(report.kept_out) or "none"),
        }
    )
