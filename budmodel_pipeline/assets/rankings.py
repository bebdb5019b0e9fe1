"""Which models are better, over all leaderboards and by domain, and how sure that is."""

import dagster as dg

from budmodel_pipeline.assets.marts import GROUP
from budmodel_pipeline.assets.upkeep import FRESHNESS, OWNERS
from budmodel_pipeline.resources.postgres import PostgresResource


@dg.asset(
    key="ranking",
    deps=["models"],
    group_name=GROUP,
    kinds={"python", "postgres"},
    owners=OWNERS,
    freshness_policy=FRESHNESS,
    description="One fit to all current scores, and one to those of each domain: what each model would score on average if "
    "it had taken every benchmark, with an interval of 90 % and a tier of those that cannot be told apart.",
    metadata={"dagster/table_name": "budmodel.rankings"},
)
def ranking(postgres: PostgresResource) -> dg.MaterializeResult[None]:
    # SciPy takes longer to import than the definitions may.
    from budmodel_pipeline.workflows.model_ranking import rank_models

    made = rank_models(postgres.engine)
    scopes = [
        dg.TableRecord(
            {
                "scope": scope,
                "models_ranked": sum(ranked.rank is not None for ranked in one.ranked),
                "benchmarks": sum(use.is_used for use in one.benchmarks),
                "saturated": sum(use.is_saturated for use in one.benchmarks),
                "first": one.ranked[0].group_id,
                "in_first_tier": sum(ranked.tier == 1 for ranked in one.ranked),
            }
        )
        for scope, one in made.items()
        if one.ranked
    ]
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": sum(len(one.ranked) for one in made.values()),
            **({"rankings": dg.MetadataValue.table(scopes)} if scopes else {}),
        }
    )
