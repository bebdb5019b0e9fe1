"""A model has one ability, a benchmark a difficulty and a sharpness: the fit that explains the scores that there are."""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

# A residual beyond this is the publisher's oddity rather than the model's: it counts by its size, not by its square.
USUAL_RESIDUAL = 0.1
# How strongly a parameter is held to its usual value where scores say little: as much as a residual of the root of this.
HOLD_ABILITY = 1e-3
HOLD_DIFFICULTY = 1e-3
HOLD_SHARPNESS = 1e-2
MOST_STEPS = 60
# A step that betters the fit by a smaller share of what is left ends it.
SETTLED = 1e-6


@dataclass(frozen=True)
class Table:
    """Scores as a list: `value` (0 to 1, more is better) of model `model` on benchmark `benchmark`, both counted from 0."""

    model: Integers
    benchmark: Integers
    value: Floats
    models: int
    benchmarks: int

    def only(self, chosen: NDArray[np.bool_]) -> Self:
        """The chosen scores, of as many models and benchmarks."""
        return type(self)(self.model[chosen], self.benchmark[chosen], self.value[chosen], self.models, self.benchmarks)

    @cached_property
    def pairs(self) -> tuple[Integers, Integers]:
        """Every two scores of one model, in both orders and each with itself, as places in the list."""
        by_model = np.argsort(self.model, kind="stable")
        count = np.bincount(self.model, minlength=self.models)
        # For each score in the order of models: how many its model has, where they begin, where its own pairs begin.
        partners = np.repeat(count, count)
        begin = np.repeat(np.cumsum(count) - count, count)
        offset = begin - (np.cumsum(partners) - partners)
        second = np.arange(partners.sum()) + np.repeat(offset, partners)
        return np.repeat(by_model, partners), by_model[second]


@dataclass(frozen=True, slots=True)
class Fit:
    """A predicted score is expit(sharpness * (ability - difficulty)); `log_sharpness` is kept, since none is negative."""

    ability: Floats
    difficulty: Floats
    log_sharpness: Floats

    def predicted(self, model: Integers, benchmark: Integers) -> Floats:
        """The expected score of each `model` on the `benchmark` beside it, 0 to 1."""
        reach = self.ability[model] - self.difficulty[benchmark]
        values: Floats = expit(np.exp(self.log_sharpness[benchmark]) * reach)
        return values

    def expected_mean(self) -> Floats:
        """What each model would score on average if it had taken every benchmark, 0 to 1."""
        reach = self.ability[:, None] - self.difficulty[None, :]
        mean: Floats = expit(np.exp(self.log_sharpness)[None, :] * reach).mean(axis=1)
        return mean


def fit(table: Table, weight: Floats | None = None, start: Fit | None = None, steps: int = MOST_STEPS) -> Fit:
    """The parameters that explain `table` best, by damped Gauss-Newton steps with a soft L1 loss.

    `weight` is how much each benchmark counts (1 by default), `start` a fit of nearly the same scores.
    """
    weights = np.ones(table.value.size) if weight is None else weight[table.benchmark]
    now = start or _first_guess(table)
    least, damping = cost(table, weights, now), 1e-3
    for _ in range(steps):
        ability, benchmark = _step(table, weights, now, damping)
        count = table.benchmarks
        then = Fit(now.ability + ability, now.difficulty + benchmark[:count], now.log_sharpness + benchmark[count:])
        reached = cost(table, weights, then)
        if reached <= least:
            settled = least - reached <= SETTLED * least
            now, least, damping = then, reached, max(damping / 10, 1e-9)
            if settled:
                break
        elif damping > 1e6:
            break
        else:
            damping *= 10
    return now


def _first_guess(table: Table) -> Fit:
    """Models by how far they are above the others on the same benchmarks, a few times over."""
    odds = logit(np.clip(table.value, 0.02, 0.98))
    takers = np.maximum(np.bincount(table.benchmark, minlength=table.benchmarks), 1)
    taken = np.maximum(np.bincount(table.model, minlength=table.models), 1)
    ability: Floats = np.zeros(table.models)
    difficulty: Floats = np.zeros(table.benchmarks)
    for _ in range(20):
        difficulty = -_sums(table.benchmark, odds - ability[table.model], table.benchmarks) / takers
        ability = _sums(table.model, odds + difficulty[table.benchmark], table.models) / taken
    return Fit(ability, difficulty, np.zeros(table.benchmarks))


def _sums(group: Integers, values: Floats, count: int) -> Floats:
    """The sum of the values of each group, counted from 0."""
    return np.bincount(group, values, count).astype(np.float64, copy=False)


def cost(table: Table, weights: Floats, at: Fit) -> float:
    """What a fit makes least: the loss of every score, and what holds parameters to their usual values."""
    residual = at.predicted(table.model, table.benchmark) - table.value
    loss = 2 * USUAL_RESIDUAL**2 * (np.sqrt(1 + (residual / USUAL_RESIDUAL) ** 2) - 1)
    held = HOLD_ABILITY * (at.ability**2).sum() + HOLD_DIFFICULTY * (at.difficulty**2).sum()
    return float((weights * loss).sum() + held + HOLD_SHARPNESS * (at.log_sharpness**2).sum())


def _step(table: Table, weights: Floats, at: Fit, damping: float) -> tuple[Floats, Floats]:
    """A step of the abilities and of (difficulties, log sharpnesses).

    No two models share an equation, so that their part of the normal equations is a diagonal: eliminated, it leaves a
    system as large as the benchmarks.
    """
    model, benchmark, models, benchmarks = table.model, table.benchmark, table.models, table.benchmarks
    sharpness = np.exp(at.log_sharpness[benchmark])
    reach = at.ability[model] - at.difficulty[benchmark]
    predicted = expit(sharpness * reach)
    residual = predicted - table.value
    weighted = weights / np.sqrt(1 + (residual / USUAL_RESIDUAL) ** 2)
    slope = predicted * (1 - predicted) * sharpness
    by_ability, by_difficulty, by_sharpness = slope, -slope, slope * reach

    pull = weighted * residual
    ability_pull = _sums(model, pull * by_ability, models) + HOLD_ABILITY * at.ability
    benchmark_pull = np.concatenate(
        [
            _sums(benchmark, pull * by_difficulty, benchmarks) + HOLD_DIFFICULTY * at.difficulty,
            _sums(benchmark, pull * by_sharpness, benchmarks) + HOLD_SHARPNESS * at.log_sharpness,
        ]
    )
    of_ability = (_sums(model, weighted * by_ability**2, models) + HOLD_ABILITY) * (1 + damping)
    of_difficulty = _sums(benchmark, weighted * by_difficulty**2, benchmarks) + HOLD_DIFFICULTY
    of_sharpness = _sums(benchmark, weighted * by_sharpness**2, benchmarks) + HOLD_SHARPNESS
    of_both = _sums(benchmark, weighted * by_difficulty * by_sharpness, benchmarks)
    shared_difficulty = weighted * by_ability * by_difficulty / np.sqrt(of_ability)[model]
    shared_sharpness = weighted * by_ability * by_sharpness / np.sqrt(of_ability)[model]
    first, second = table.pairs
    place = benchmark[first] * benchmarks + benchmark[second]

    def eliminated(one: Floats, other: Floats) -> Floats:
        return _sums(place, one[first] * other[second], benchmarks**2).reshape(benchmarks, benchmarks)

    mixed = -eliminated(shared_difficulty, shared_sharpness)
    mixed[np.diag_indices(benchmarks)] += of_both
    system = np.block(
        [
            [np.diag(of_difficulty * (1 + damping)) - eliminated(shared_difficulty, shared_difficulty), mixed],
            [mixed.T, np.diag(of_sharpness * (1 + damping)) - eliminated(shared_sharpness, shared_sharpness)],
        ]
    )
    pulled = (ability_pull / np.sqrt(of_ability))[model]
    target = -benchmark_pull + np.concatenate(
        [
            _sums(benchmark, shared_difficulty * pulled, benchmarks),
            _sums(benchmark, shared_sharpness * pulled, benchmarks),
        ]
    )
    # Not by Cholesky, although the system is positive: OpenBLAS takes forty times as long for that on a busy machine.
    step: Floats = np.linalg.solve(system, target)
    moved = shared_difficulty * step[:benchmarks][benchmark] + shared_sharpness * step[benchmarks:][benchmark]
    ability_step: Floats = -(ability_pull + np.sqrt(of_ability) * _sums(model, moved, models)) / of_ability
    return ability_step, step
