"""How sure a fit is: the benchmarks drawn anew, many times, and what a model would come to each time."""

from dataclasses import dataclass

import numpy as np

from budmodel_pipeline.ranking.fit import HOLD_ABILITY, Fit, Floats, Table, fit

CONFIDENCE = 0.9
# A draw starts from the fit and is a little way from it.
STEPS_OF_A_DRAW = 6
# The share of the common straying that is added to what a model's own benchmarks tell. With it, fits to two halves of the
# benchmarks agree as often as their intervals say, on made and on published scores.
AGREED_BY_CHANCE = 0.5


@dataclass(frozen=True, slots=True)
class Draws:
    """The ability of every model in every draw, a row per draw, on the scale of the fit."""

    ability: Floats

    def bounds(self) -> tuple[Floats, Floats]:
        """The interval that holds CONFIDENCE of the draws of each model."""
        tail = (1 - CONFIDENCE) / 2
        lower, upper = np.quantile(self.ability, [tail, 1 - tail], axis=0)
        return lower, upper

    def is_above(self, model: int, other: int) -> bool:
        """Whether `model` is above `other` in so many draws that they can be told apart."""
        return bool((self.ability[:, model] > self.ability[:, other]).mean() >= 1 - (1 - CONFIDENCE) / 2)


def draw(table: Table, fitted: Fit, draws: int, seed: int) -> Draws:
    """Fits `table` anew with benchmarks that count more or less by chance (the Bayesian bootstrap).

    A model whose few benchmarks agree by chance looks surer than it is: every draw also strays as the scores of all models
    stray from what is expected of them.
    """
    chance = np.random.default_rng(seed)
    drawn = np.empty((draws, table.models))
    for row in drawn:
        again = fit(table, chance.exponential(size=table.benchmarks), fitted, STEPS_OF_A_DRAW)
        # Only the order and distances of abilities mean something: every draw has a scale of its own.
        row[:] = _on_scale_of(fitted.ability, again.ability)
    count = np.bincount(table.model, minlength=table.models)
    # What n draws with such weights vary less than n benchmarks would.
    widened = np.sqrt((count + 1) / np.maximum(count - 1, 1))
    drawn = fitted.ability + (drawn - drawn.mean(axis=0)) * widened
    beside = np.sqrt(AGREED_BY_CHANCE * expected_variance(table, fitted))
    return Draws(drawn + chance.standard_normal(drawn.shape) * beside)


def expected_variance(table: Table, fitted: Fit) -> Floats:
    """How far the ability of each model may be off, where its scores stray as those of all models do."""
    predicted = fitted.predicted(table.model, table.benchmark)
    free = max(1, table.value.size - table.models - 2 * table.benchmarks)
    stray = ((predicted - table.value) ** 2).sum() / free
    slope = predicted * (1 - predicted) * np.exp(fitted.log_sharpness[table.benchmark])
    variance: Floats = stray / (np.bincount(table.model, slope**2, table.models) + HOLD_ABILITY)
    return variance


def _on_scale_of(reference: Floats, ability: Floats) -> Floats:
    """`ability` moved and stretched so that it agrees with `reference` best."""
    spread = ability.var()
    if spread == 0:
        return ability
    slope = ((ability - ability.mean()) * (reference - reference.mean())).mean() / spread
    scaled: Floats = reference.mean() + slope * (ability - ability.mean())
    return scaled
