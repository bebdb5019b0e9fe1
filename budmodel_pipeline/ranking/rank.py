"""A ranking: models with score, interval, rank and tier, the benchmarks behind it, and what explains each score."""

from collections import Counter
from collections.abc import Container, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse
from scipy.sparse.csgraph import connected_components

from budmodel_pipeline.ranking.evidence import Evidence
from budmodel_pipeline.ranking.fit import Fit, Floats, Integers, Table, fit
from budmodel_pipeline.ranking.intervals import Draws, draw

DRAWS = 200
SEED = 20_260_101
# With fewer benchmarks that others than its maker measured, a model has a score and an interval, but no rank. What makers
# say of their own models explains scores like any other; it gives nobody a place, since they choose what they publish.
LEAST_BENCHMARKS = 3
# With fewer models a benchmark tells nothing of any, and a ranking nothing at all.
LEAST_MODELS = 3
LEAST_RANKED = 5
# A benchmark that fewer models took is thin; one on which the middle of the best quarter has this is saturated.
THIN = 10
SATURATED = 0.9


@dataclass(frozen=True, slots=True)
class Ranked:
    """A model group in a ranking.

    `score` is what it would have on average over all benchmarks of the ranking, had it taken every one (percent), with the
    interval of 90 %. Groups that cannot be told apart share a tier; `rank` and `tier` are None with too little evidence.
    `self_reported` is the number of its benchmarks for which there is only its maker's word.
    """

    group_id: str
    score: float
    lower: float
    upper: float
    rank: int | None
    tier: int | None
    benchmark_ids: tuple[str, ...]
    sources: tuple[str, ...]
    self_reported: int


@dataclass(frozen=True, slots=True)
class Explained:
    """A score that speaks for a group, and what the ranking expects of it there; all from 0 to 1, more is better."""

    evidence: Evidence
    predicted: float

    @property
    def residual(self) -> float:
        return self.evidence.seen - self.predicted


@dataclass(frozen=True, slots=True)
class BenchmarkUse:
    """A benchmark of a ranking: how many groups it tells of, and why it says little or nothing."""

    benchmark_id: str
    groups: int
    is_used: bool
    is_saturated: bool = False
    is_thin: bool = False
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Ranking:
    """Groups from the best to the worst, those without a rank last."""

    ranked: list[Ranked]
    explained: list[Explained]
    benchmarks: list[BenchmarkUse]


def rank(evidence: Sequence[Evidence], *, makers_word: bool = False, draws: int = DRAWS, seed: int = SEED) -> Ranking:
    """Ranks the groups that benchmarks connect; a ranking is empty where these are too few.

    With `makers_word`, what makers say of their own models counts for a place as what others measured does. Groups that
    share no benchmark with the others, over however many steps, cannot be compared with them and are left out.
    """
    connected, benchmarks = _connected(evidence)
    counts = Counter(one.score.group_id for one in connected if makers_word or not one.is_self_reported)
    enough = {group for group, count in counts.items() if count >= LEAST_BENCHMARKS}
    if len(enough) < LEAST_RANKED:
        by_others = "" if makers_word else ", measured by others than their makers"
        few = f"fewer than {LEAST_RANKED} groups have {LEAST_BENCHMARKS} of the benchmarks that connect them{by_others}"
        return Ranking([], [], [*benchmarks, *(_unused(name, connected, few) for name in _names(connected))])
    groups, names = sorted({one.score.group_id for one in connected}), _names(connected)
    place_of_group = {group: place for place, group in enumerate(groups)}
    place_of_name = {name: place for place, name in enumerate(names)}
    table = Table(
        model=np.array([place_of_group[one.score.group_id] for one in connected], dtype=np.int64),
        benchmark=np.array([place_of_name[one.score.benchmark_id] for one in connected], dtype=np.int64),
        value=np.array([one.seen for one in connected]),
        models=len(groups),
        benchmarks=len(names),
    )
    fitted = fit(table)
    ranked = _ranked(groups, connected, enough, fitted, draw(table, fitted, draws, seed))
    predicted = fitted.predicted(table.model, table.benchmark)
    explained = [Explained(one, float(value)) for one, value in zip(connected, predicted, strict=True)]
    return Ranking(ranked, explained, [*benchmarks, *_used(names, table, fitted)])


def _connected(evidence: Sequence[Evidence]) -> tuple[list[Evidence], list[BenchmarkUse]]:
    """The evidence of the largest set of groups that benchmarks connect, and the benchmarks that take no part."""
    takers: dict[str, list[Evidence]] = {}
    for one in evidence:
        takers.setdefault(one.score.benchmark_id, []).append(one)
    lonely = f"fewer than {LEAST_MODELS} groups have a score"
    left_out = [_unused(name, ones, lonely) for name, ones in takers.items() if len(ones) < LEAST_MODELS]
    enough = [one for one in evidence if len(takers[one.score.benchmark_id]) >= LEAST_MODELS]
    if not enough:
        return [], left_out
    groups, group = np.unique([one.score.group_id for one in enough], return_inverse=True)
    names, name = np.unique([one.score.benchmark_id for one in enough], return_inverse=True)
    size = groups.size + names.size
    edges = scipy.sparse.coo_matrix((np.ones(len(enough)), (group, groups.size + name)), shape=(size, size))
    _, component = connected_components(edges, directed=False)
    largest = int(np.bincount(component[: groups.size]).argmax())
    apart = "no group that has it has another benchmark of the ranking"
    alone = [str(names[place]) for place in range(names.size) if component[groups.size + place] != largest]
    left_out += [_unused(benchmark, takers[benchmark], apart) for benchmark in alone]
    return [one for one, place in zip(enough, group, strict=True) if component[place] == largest], left_out


def _names(evidence: Sequence[Evidence]) -> list[str]:
    return sorted({one.score.benchmark_id for one in evidence})


def _unused(name: str, evidence: Sequence[Evidence], reason: str) -> BenchmarkUse:
    groups = sum(one.score.benchmark_id == name for one in evidence)
    return BenchmarkUse(name, groups, is_used=False, reason=reason)


def _used(names: Sequence[str], table: Table, fitted: Fit) -> list[BenchmarkUse]:
    uses = []
    for place, name in enumerate(names):
        took = table.benchmark == place
        abilities, values = fitted.ability[table.model[took]], table.value[took]
        best = values[abilities >= np.quantile(abilities, 0.75)]
        saturated = bool(np.median(best) >= SATURATED)
        uses.append(BenchmarkUse(name, int(took.sum()), True, saturated, bool(took.sum() < THIN)))
    return uses


def _ranked(
    groups: Sequence[str], evidence: Sequence[Evidence], placed: Container[str], fitted: Fit, draws: Draws
) -> list[Ranked]:
    by_group: dict[str, list[Evidence]] = {}
    for one in evidence:
        by_group.setdefault(one.score.group_id, []).append(one)
    lower, upper = draws.bounds()
    scores, lowers, uppers = (100 * _expected_means(fitted, ability) for ability in (fitted.ability, lower, upper))
    enough = np.array([group in placed for group in groups])
    best_first = np.argsort(-fitted.ability, kind="stable")
    ranks, tiers = _places(best_first[enough[best_first]], fitted.ability, draws)
    return [
        Ranked(
            group_id=groups[place],
            score=float(scores[place]),
            lower=float(min(lowers[place], scores[place])),
            upper=float(max(uppers[place], scores[place])),
            rank=ranks.get(place),
            tier=tiers.get(place),
            benchmark_ids=tuple(sorted(one.score.benchmark_id for one in by_group[groups[place]])),
            sources=tuple(sorted({one.score.source for one in by_group[groups[place]]})),
            self_reported=sum(one.is_self_reported for one in by_group[groups[place]]),
        )
        for place in (int(place) for place in [*best_first[enough[best_first]], *best_first[~enough[best_first]]])
    ]


def _places(best_first: Integers, ability: Floats, draws: Draws) -> tuple[dict[int, int], dict[int, int]]:
    """Ranks, which equal abilities share, and tiers, in which nobody can be told apart from the first."""
    ranks: dict[int, int] = {}
    tiers: dict[int, int] = {}
    tier, first, before = 0, -1, -1
    for position, place in enumerate(map(int, best_first), start=1):
        ranks[place] = ranks[before] if before >= 0 and ability[before] == ability[place] else position
        if first < 0 or draws.is_above(first, place):
            tier, first = tier + 1, place
        tiers[place], before = tier, place
    return ranks, tiers


def _expected_means(fitted: Fit, ability: Floats) -> Floats:
    return Fit(ability, fitted.difficulty, fitted.log_sharpness).expected_mean()
