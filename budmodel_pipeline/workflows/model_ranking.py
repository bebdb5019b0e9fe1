"""Ranks models by everything that the sources say now: over all of it, and by domain."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Engine

from budmodel_pipeline.ranking.evidence import EVERYTHING, PublishedScore, Switches, evidence_of, in_scope, scopes_of
from budmodel_pipeline.ranking.rank import DRAWS, BenchmarkUse, Ranking, rank
from budmodel_pipeline.warehouse.ranking_records import current_scores, replace_rankings


def rankings_of(
    scores: Iterable[PublishedScore], switches: Switches = EVERYTHING, only: Sequence[str] = (), draws: int = DRAWS
) -> dict[str, Ranking]:
    """The ranking of each scope in which there is something to rank, or of `only` these; pure.

    Each names the benchmarks of its domain that take no part, and why.
    """
    evidence, left_out = evidence_of(scores, switches)
    made = {}
    for scope in only or scopes_of(evidence):
        ranking = rank(in_scope(evidence, scope), makers_word=switches.makers_word, draws=draws)
        without = [
            BenchmarkUse(one.benchmark_id, 0, is_used=False, reason=one.reason) for one in left_out if one.domain == scope
        ]
        made[scope] = Ranking(ranking.ranked, ranking.explained, [*ranking.benchmarks, *without])
    return made


def rank_models(engine: Engine) -> dict[str, Ranking]:
    """Makes all rankings anew and keeps them, in place of those before."""
    with engine.connect() as connection:
        scores = current_scores(connection)
    made = rankings_of(scores)
    with engine.begin() as connection:
        replace_rankings(connection, made)
    return made
