"""Two assets per source: the snapshot of its bytes, and the scores parsed from it.

Everything is built from the catalog, so a new file in `sources/` is a new pair of assets.
"""

from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

import dagster as dg
from pydantic import Field

from budmodel_pipeline.assets.presentation import scores_metadata, snapshot_metadata
from budmodel_pipeline.assets.run_config import refuse_environment
from budmodel_pipeline.assets.upkeep import OWNERS, freshness
from budmodel_pipeline.resources.leaderboard_http import LeaderboardHttpResource
from budmodel_pipeline.resources.object_storage import ObjectStorageResource
from budmodel_pipeline.resources.postgres import PostgresResource
from budmodel_pipeline.sources.contract import Source
from budmodel_pipeline.sources.quality import CHECKS, Outcome
from budmodel_pipeline.warehouse.changes import changes_between
from budmodel_pipeline.warehouse.publish import register_sources
from budmodel_pipeline.workflows.extraction import Accepted, ExtractionError, publish_scores, take_snapshot

GROUP = "leaderboards"
# Fetching retries each request by itself; this is for a site that is down for minutes.
RETRY = dg.RetryPolicy(max_retries=1, delay=120)


class ScoresConfig(dg.Config):
    """For a person who has looked at the source.

    `accept` says why a snapshot may be published that tells another story about the same entries than the last one;
    `accept_shrinkage`: publish although rows are gone; `set_aside` names entries to publish without.
    """

    accept: str | None = None
    accept_shrinkage: bool = False
    set_aside: list[str] = Field(default_factory=list)

    def accepted(self) -> Accepted:
        return Accepted(self.accept or None, self.accept_shrinkage, tuple(self.set_aside))


def leaderboard_assets(source: Source, retry: dg.RetryPolicy | None = RETRY) -> Sequence[dg.AssetsDefinition]:
    """The pair of assets of one source."""
    return [_snapshot_asset(source, retry), _scores_asset(source)]


def _snapshot_asset(source: Source, retry: dg.RetryPolicy | None) -> dg.AssetsDefinition:
    @dg.asset(
        key=["snapshots", source.slug],
        group_name=GROUP,
        kinds={"http", "s3"},
        owners=OWNERS,
        retry_policy=retry,
        # One visitor per host, whatever runs at the same time.
        pool=urlsplit(source.endpoints[0].url).hostname,
        freshness_policy=freshness(source.cadence),
        code_version=str(source.parser_version),
        description=f"The exact bytes that {source.publisher} publishes as {source.title}.\n\n{source.homepage}",
        metadata={
            "homepage": dg.MetadataValue.url(source.homepage),
            "license": source.license or "none stated",
            "allowed": source.terms.allowed.value,
            "allowed_for_money": source.terms.commercial.value,
            "attribution": source.terms.attribution,
        },
    )
    def snapshot(
        postgres: PostgresResource, object_storage: ObjectStorageResource, leaderboard_http: LeaderboardHttpResource
    ) -> dg.MaterializeResult[None]:
        with postgres.engine.begin() as connection:
            register_sources(connection, {source.slug: source})
        try:
            taken = take_snapshot(
                source,
                engine=postgres.engine,
                store=object_storage.store,
                fetch=leaderboard_http.fetch,
                origin=leaderboard_http.origin,
            )
        except ExtractionError as error:
            raise dg.Failure(str(error), allow_retries=error.transient) from error
        return dg.MaterializeResult(
            metadata=snapshot_metadata(taken), data_version=dg.DataVersion(f"sha256:{taken.snapshot.content_sha256}")
        )

    return snapshot


def _scores_asset(source: Source) -> dg.AssetsDefinition:
    key = dg.AssetKey(["scores", source.slug])

    @dg.asset(
        key=key,
        deps=[["snapshots", source.slug]],
        group_name=GROUP,
        kinds={"python", "postgres"},
        owners=OWNERS,
        freshness_policy=freshness(source.cadence),
        code_version=str(source.parser_version),
        check_specs=[
            dg.AssetCheckSpec(check.name, asset=key, description=check.description, blocking=check.blocking)
            for check in CHECKS
        ],
        description=f"The scores of {source.title}, as published and in canonical units.",
        metadata={"dagster/table_name": "budmodel.scores", "homepage": dg.MetadataValue.url(source.homepage)},
    )
    def scores(
        context: dg.AssetExecutionContext,
        config: ScoresConfig,
        postgres: PostgresResource,
        object_storage: ObjectStorageResource,
    ) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
        refuse_environment(context)
        try:
            published = publish_scores(
                source,
                engine=postgres.engine,
                store=object_storage.store,
                accepted=config.accepted(),
            )
        except ExtractionError as error:
            yield from _check_results(key, error.outcomes)
            raise dg.Failure(str(error), allow_retries=False) from error
        snapshot = published.snapshot
        with postgres.engine.connect() as connection:
            changes = changes_between(connection, snapshot.previous_snapshot_id, snapshot.snapshot_id)
            metadata = scores_metadata(connection, source, published, changes)
        context.log.info(f"{source.slug}: {'unchanged' if published.unchanged else changes.sentence()}")
        yield from _check_results(key, published.outcomes)
        yield dg.MaterializeResult(
            asset_key=key, metadata=metadata, data_version=dg.DataVersion(f"sha256:{snapshot.content_sha256}")
        )

    return scores


def _check_results(key: dg.AssetKey, outcomes: Sequence[Outcome]) -> Iterator[dg.AssetCheckResult]:
    for outcome in outcomes:
        yield dg.AssetCheckResult(
            asset_key=key,
            check_name=outcome.check.name,
            passed=outcome.passed,
            severity=dg.AssetCheckSeverity.ERROR if outcome.check.blocking else dg.AssetCheckSeverity.WARN,
            description=outcome.found,
        )
