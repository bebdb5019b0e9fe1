"""What may speak for a model in a ranking: one published score per model group and benchmark, on a scale from 0 to 1."""

import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

OVERALL = "overall"
# What other kinds of models are measured by, or what is no ability at all: these have rankings of their own, or none.
NOT_OVERALL = frozenset({"embedding", "image_generation", "politics", "sensitive_topics", "serving", "video_generation"})
NEVER = frozenset({"politics", "serving"})

# Who vouches, best first. What is in neither never speaks for a model: it saw the answers, or is something around models.
INDEPENDENT = ("verified", "community", "unknown")
SELF_REPORTED = "self_reported"
# Of a variant such as `agent=OpenHands; effort=high`, what makes a run one of a system, and not of the model alone.
AROUND_MODELS = ("agent", "samples")
ONE_SAMPLE = "samples=1"

SHARES = frozenset({"percent", "fraction"})
ELO = "elo"
POINTS = "points"
# An Elo difference of so many points is odds of ten to one.
ELO_SCALE = 400.0


@dataclass(frozen=True, slots=True)
class PublishedScore:
    """A current score of a source, with what its metric and benchmark say about it.

    `value` is canonical (percents are fractions); `minimum` and `maximum` are the bounds of the published value. `part_of`
    is the benchmark that counts this one in already.
    """

    group_id: str
    benchmark_id: str
    domain: str
    metric_id: str
    source: str
    unit: str
    value: float
    standing: str
    run_by: str
    published_name: str
    higher_is_better: bool | None
    minimum: float | None = None
    maximum: float | None = None
    part_of: str | None = None
    variant: str | None = None
    as_of: date | None = None


@dataclass(frozen=True, slots=True)
class Switches:
    """What is let in: the words of makers about their own models, data older than `since`, sources other than `sources`.

    With `makers_word`, those words are enough for a place; else a place needs what others measured. Sources that give no
    date of their data are no older than anything.
    """

    self_reported: bool = True
    since: date | None = None
    sources: frozenset[str] = frozenset()
    makers_word: bool = False

    def let_in(self, score: PublishedScore) -> bool:
        return (
            (self.self_reported or not is_self_reported(score))
            and (self.since is None or score.as_of is None or score.as_of >= self.since)
            and (not self.sources or score.source in self.sources)
        )


@dataclass(frozen=True, slots=True)
class Evidence:
    """The published score that speaks for a group on a benchmark; `seen` is it from 0 to 1, more is better."""

    score: PublishedScore
    seen: float

    @property
    def is_self_reported(self) -> bool:
        return is_self_reported(self.score)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A benchmark that takes no part in any ranking, and why."""

    benchmark_id: str
    domain: str
    reason: str


EVERYTHING = Switches()


def is_self_reported(score: PublishedScore) -> bool:
    return score.standing == SELF_REPORTED or score.run_by == "maker"


def evidence_of(scores: Iterable[PublishedScore], switches: Switches = EVERYTHING) -> tuple[list[Evidence], list[LeftOut]]:
    """For each group and benchmark the best of its plain runs that are best vouched for, and the benchmarks that have none.

    However many sources carry a benchmark, a group has one score of it. The order of `scores` decides nothing.
    """
    by_metric: dict[str, list[PublishedScore]] = defaultdict(list)
    reasons: dict[str, LeftOut] = {}
    for score in scores:
        if reason := _why_not(score):
            reasons.setdefault(score.benchmark_id, LeftOut(score.benchmark_id, score.domain, reason))
        elif _speaks(score) and switches.let_in(score):
            by_metric[score.metric_id].append(score)
    chosen: dict[tuple[str, str], tuple[tuple[object, ...], Evidence]] = {}
    for of_metric in by_metric.values():
        for place, evidence in _on_one_scale(of_metric):
            key = (evidence.score.group_id, evidence.score.benchmark_id)
            if key not in chosen or place < chosen[key][0]:
                chosen[key] = (place, evidence)
    used = {benchmark for _, benchmark in chosen}
    found = [evidence for _, (_, evidence) in sorted(chosen.items(), key=lambda item: item[0])]
    return found, [reasons[name] for name in sorted(reasons.keys() - used)]


def in_scope(evidence: Sequence[Evidence], scope: str) -> list[Evidence]:
    """The evidence that counts in `scope`: all of it, or a domain's.

    A whole and its parts never count together: over all, a board counts once and its parts not; in a domain its parts that
    are of the domain do, and then the whole does not.
    """
    if scope == OVERALL:
        there = {one.score.benchmark_id for one in evidence if one.score.domain not in NOT_OVERALL}
        return [one for one in evidence if one.score.benchmark_id in there and one.score.part_of not in there]
    ours = [one for one in evidence if one.score.domain == scope]
    wholes = {one.score.part_of for one in ours}
    return [one for one in ours if one.score.benchmark_id not in wholes]


def scopes_of(evidence: Iterable[Evidence]) -> list[str]:
    """Overall and every domain that models can be better or worse at."""
    return [OVERALL, *sorted({one.score.domain for one in evidence} - NEVER)]


def _why_not(score: PublishedScore) -> str | None:
    """Why the figures of a metric cannot be compared with those of others."""
    if score.higher_is_better is None:
        return "the publisher gives the figure no good end"
    if score.unit in SHARES or score.unit == ELO:
        return None
    if score.unit == POINTS and score.minimum is not None and score.maximum is not None:
        return None
    return f"{score.unit.replace('_', ' ')} have no declared place between 0 and 1"


def _speaks(score: PublishedScore) -> bool:
    settings = (score.variant or "").split("; ")
    around = any(said.partition("=")[0] in AROUND_MODELS and said != ONE_SAMPLE for said in settings)
    return not around and score.standing in (*INDEPENDENT, SELF_REPORTED)


def _on_one_scale(of_metric: Sequence[PublishedScore]) -> Iterable[tuple[tuple[object, ...], Evidence]]:
    """The scores of one metric with their place among those that may speak for a group; the least place does."""
    best: dict[str, float] = {}
    for score in of_metric:
        known = best.setdefault(score.group_id, score.value)
        best[score.group_id] = max(known, score.value) if score.higher_is_better else min(known, score.value)
    middle = statistics.median(best.values())
    for score in of_metric:
        seen = _share(score, middle)
        vouched = len(INDEPENDENT) if is_self_reported(score) else INDEPENDENT.index(score.standing)
        copied = score.run_by == "other"
        yield (is_self_reported(score), copied, vouched, -seen, score.metric_id, score.published_name), Evidence(score, seen)


def _share(score: PublishedScore, middle: float) -> float:
    """The score from 0 to 1: a share, points between their bounds, Elo as the probability to beat the middle model."""
    value = score.value
    if score.unit == ELO:
        value = 1 / (1 + math.pow(10, (middle - value) / ELO_SCALE))
    elif score.unit == POINTS and score.minimum is not None and score.maximum is not None:
        value = (value - score.minimum) / (score.maximum - score.minimum)
    value = min(1.0, max(0.0, value))
    return value if score.higher_is_better else 1 - value
