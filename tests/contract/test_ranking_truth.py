"""Rankings of models whose true abilities are known: found again, with most scores missing, and as surely as is said."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import kendalltau

from budmodel_pipeline.ranking.fit import Fit, Floats, Table, cost, fit
from budmodel_pipeline.ranking.intervals import draw

SEEDS = (1, 2, 3)


def world(
    seed: int, models: int = 100, benchmarks: int = 40, missing: float = 0.7, noise: float = 0.15
) -> tuple[Table, Floats]:
    """Scores of models on benchmarks of all difficulties, and the abilities; each benchmark likes some models better."""
    chance = np.random.default_rng(seed)
    ability, difficulty = chance.normal(0, 1.5, models), chance.normal(0, 1.2, benchmarks)
    sharpness = np.exp(chance.normal(0.3, 0.4, benchmarks))
    odds = sharpness * (ability[:, None] - difficulty) + chance.normal(0, noise, (models, benchmarks))
    # A better model takes more of the hard benchmarks, and fewer of the easy ones: so it is outside.
    taken = chance.random((models, benchmarks)) < 2 * (1 - missing) * expit(ability[:, None] * np.sign(difficulty))
    model, benchmark = np.nonzero(taken)
    return Table(model, benchmark, expit(odds)[taken], models, benchmarks), ability


@pytest.mark.parametrize("seed", SEEDS)
def test_the_truth_is_found_with_70_percent_missing(seed: int) -> None:
    table, ability = world(seed)
    assert table.value.size == pytest.approx(0.3 * 100 * 40, rel=0.15)
    found = kendalltau(fit(table).ability, ability).statistic
    mean = np.bincount(table.model, table.value, table.models) / np.maximum(
        np.bincount(table.model, minlength=table.models), 1
    )
    assert found >= 0.95
    assert kendalltau(mean, ability).statistic < found - 0.05


@pytest.mark.parametrize("seed", SEEDS)
def test_hidden_scores_are_predicted(seed: int) -> None:
    table, _ = world(seed, noise=0.4)
    hidden = np.random.default_rng(seed).random(table.value.size) < 0.1
    shown = table.only(~hidden)
    predicted = fit(shown).predicted(table.model, table.benchmark)
    takers = np.bincount(shown.benchmark, minlength=table.benchmarks)
    mean = np.bincount(shown.benchmark, shown.value, table.benchmarks) / takers
    error = np.abs(predicted - table.value)[hidden].mean()
    assert error < 0.07
    assert error < 0.5 * np.abs(mean[table.benchmark] - table.value)[hidden].mean()


def test_intervals_hold_what_they_say() -> None:
    """Two fits, each to one half of the benchmarks, differ by no more than their intervals say, nine times of ten."""
    held = []
    for seed in SEEDS:
        table, _ = world(seed, noise=0.5)
        half = np.random.default_rng(seed).permutation(table.benchmarks) < table.benchmarks // 2
        one, other = (Half(table, chosen, seed) for chosen in (half, ~half))
        both = (one.count >= 3) & (other.count >= 3)
        # The fits have scales of their own, on which the same models lie equally far apart.
        stretch = one.ability[both].std() / other.ability[both].std()
        difference = one.ability - one.ability[both].mean() - stretch * (other.ability - other.ability[both].mean())
        reach = np.hypot(one.reach, stretch * other.reach)
        held.append((np.abs(difference) <= reach)[both].mean())
    assert 0.85 <= np.mean(held) <= 0.95


class Half:
    """A fit to some of the benchmarks: abilities, half the width of their intervals, benchmarks per model."""

    def __init__(self, table: Table, chosen: NDArray[np.bool_], seed: int) -> None:
        part = table.only(chosen[table.benchmark])
        fitted = fit(part)
        lower, upper = draw(part, fitted, 60, seed).bounds()
        self.ability, self.reach = fitted.ability, (upper - lower) / 2
        self.count = np.bincount(part.model, minlength=part.models)


def test_a_step_goes_downhill_and_the_end_is_flat() -> None:
    """At the end of a fit no parameter can be moved a little without making it worse."""
    table, _ = world(1, models=12, benchmarks=6, missing=0.3)
    weights = np.ones(table.value.size)
    fitted = fit(table)
    least = cost(table, weights, fitted)
    for move in (0.05, -0.05):
        for place in range(table.models):
            moved = fitted.ability + move * (np.arange(table.models) == place)
            assert cost(table, weights, Fit(moved, fitted.difficulty, fitted.log_sharpness)) > least
