"""What others may take along, week by week: the asset `release`."""

from datetime import UTC, datetime

import dagster as dg

from budmodel_pipeline.assets.marts import GROUP, PROJECT_DIRECTORY
from budmodel_pipeline.assets.upkeep import FRESHNESS, OWNERS
from budmodel_pipeline.resources.object_storage import ObjectStorageResource
from budmodel_pipeline.resources.postgres import PostgresResource

MARTS = sorted(file.stem for file in (PROJECT_DIRECTORY / "models" / "marts").glob("*.sql"))


@dg.asset(
    key="release",
    deps=[dg.AssetKey(["marts", mart]) for mart in MARTS],
    group_name=GROUP,
    kinds={"parquet", "s3"},
    owners=OWNERS,
    freshness_policy=FRESHNESS,
    description="All marts as Parquet in a folder of the object store that is named after its day and content, with what "
    "each column means, attributions and hashes. Made once in seven days; without what may not be passed on, or not for "
    "money.",
)
def release(postgres: PostgresResource, object_storage: ObjectStorageResource) -> dg.MaterializeResult[None]:
    # pyarrow takes longer to import than the definitions may.
    from budmodel_pipeline.workflows.dated_exports import release as make_release

    made = make_release(postgres.engine, object_storage.store, datetime.now(UTC))
    return dg.MaterializeResult(
        metadata={
            "manifest": dg.MetadataValue.text(made.manifest),
            "place": dg.MetadataValue.text(object_storage.store.place),
            "made_now": dg.MetadataValue.bool(made.is_new),
            "files": dg.MetadataValue.int(made.files),
            "bytes": dg.MetadataValue.int(made.size),
            "dagster/row_count": made.rows,
            "rows_left_out": dg.MetadataValue.int(made.left_out),
        }
    )
