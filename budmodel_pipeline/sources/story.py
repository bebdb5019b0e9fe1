"""Same entries, same story: whether a metric says of the entries that it had before what can follow from what it said then.

A publisher measures again, adds and removes; it does not multiply all scores by ten, hand each model its neighbour's or turn
the order round. What looks like that is a damaged file, or a change that a person has to look at and can accept.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isclose, sqrt
from statistics import median
from typing import NamedTuple

FEW = 5
# What holds for this share of the entries is no coincidence.
MOST = 0.6
# A fit over fewer entries has to be exact for all of them.
ENOUGH = 10
# Of the former spread: entries this near to a line lie on it; a shift by less than this is a measurement.
ON_LINE = 0.01
MOVED = 0.05
# Units are confused by powers of ten, and sometimes in a part of the rows only.
POWERS_OF_TEN = tuple(10.0**power for power in (-6, -3, -2, -1, 1, 2, 3, 6))
LEAST_CONFUSED = 0.05
# Rank correlation with the former scores below which they are not the same measurement. Times have no lasting order: the
# mean latencies of one real leaderboard correlated at 0.19 after it had measured all its models again.
LEAST_CORRELATION = 0.5
FLIPPED = -0.5
SHIFTS = (1, -1, 2, -2, 3, -3)

Values = Mapping[str, float]


class Retold(NamedTuple):
    """What became of a metric, and the keys of entries that show it."""

    what: str
    keys: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Pairs:
    """The former and the present value of each entry that a metric had and has, in the former order."""

    keys: list[str]
    old: list[float]
    new: list[float]

    @property
    def changed(self) -> list[int]:
        return [place for place, pair in enumerate(zip(self.old, self.new, strict=True)) if pair[0] != pair[1]]

    def retold(self, what: str, places: Sequence[int]) -> Retold:
        return Retold(f"{what} ({len(places)} of {len(self.keys)} entries)", [self.keys[place] for place in places])


def retold(
    before: Values, now: Values, others_before: Mapping[str, Values], *, is_circumstance: bool = False
) -> Retold | None:
    """What is wrong with how a metric went on, None where nothing is.

    `others_before` are the former values of the source's other metrics. A circumstance is a price, a time or the like.
    """
    if before.items() <= now.items():
        return None
    keys = [key for key in before if key in now]
    pairs = _Pairs(keys, [before[key] for key in keys], [now[key] for key in keys])
    changed = pairs.changed
    if len(keys) < FEW or not changed:
        return None
    found = _no_spread(pairs) or _confused_units(pairs)
    if found or len(changed) < len(keys) / 2:
        return found
    correlation = _rank_correlation(pairs.old, pairs.new)
    return (
        _other_column(pairs, changed, others_before)
        or _shifted(pairs, changed)
        or _on_another_scale(pairs)
        or _out_of_order(pairs, changed, correlation, is_circumstance=is_circumstance)
    )


def _no_spread(pairs: _Pairs) -> Retold | None:
    """Most entries share one value that far fewer shared before."""
    value, count = Counter(pairs.new).most_common(1)[0]
    before = Counter(pairs.old).most_common(1)[0][1]
    if count < len(pairs.keys) / 2 or count - before < len(pairs.keys) / 4:
        return None
    alike = [place for place, new in enumerate(pairs.new) if new == value]
    # Those that changed show it.
    alike.sort(key=lambda place: pairs.old[place] == value)
    return pairs.retold(f"no spread, all are {value:g}", alike)


def _confused_units(pairs: _Pairs) -> Retold | None:
    """Several entries have a power of ten of what they had."""
    by_power: dict[float, list[int]] = {}
    for place, (old, new) in enumerate(zip(pairs.old, pairs.new, strict=True)):
        if old == new or not old or not new:
            continue
        power = next((power for power in POWERS_OF_TEN if isclose(new / old, power, rel_tol=0.005)), None)
        if power is not None:
            by_power.setdefault(power, []).append(place)
    if not by_power:
        return None
    power, places = max(by_power.items(), key=lambda found: len(found[1]))
    return pairs.retold(f"a ratio of {power:g}", places) if len(places) >= max(3, LEAST_CONFUSED * len(pairs.keys)) else None


def _on_another_scale(pairs: _Pairs) -> Retold | None:
    """Most entries lie on a line over their former values that is not the diagonal."""
    spread = max(pairs.old) - min(pairs.old)
    few = len(pairs.keys) < ENOUGH
    slope = _slope(pairs)
    if not spread or not slope:
        return None
    offset = median(new - slope * old for old, new in zip(pairs.old, pairs.new, strict=True))
    reach = abs(slope) * spread * (ON_LINE / 10 if few else ON_LINE)
    on_line = [
        place
        for place, (old, new) in enumerate(zip(pairs.old, pairs.new, strict=True))
        if abs(new - slope * old - offset) <= reach
    ]
    moved = median(abs(new - old) for old, new in zip(pairs.old, pairs.new, strict=True))
    if len(on_line) < len(pairs.keys) * (1 if few else MOST) or moved <= MOVED * spread:
        return None
    if slope < 0:
        return pairs.retold(f"the direction flipped: {offset:g} - {abs(slope):.4g} times the former value", on_line)
    if abs(offset) <= reach:
        return pairs.retold(f"a constant ratio of {slope:.4g}", on_line)
    if isclose(slope, 1, rel_tol=ON_LINE):
        return pairs.retold(f"all moved by {offset:.4g}", on_line)
    return pairs.retold(f"another scale: {slope:.4g} times the former value {offset:+.4g}", on_line)


def _slope(pairs: _Pairs) -> float | None:
    """The middle slope between entries half the field apart: a few strays do not turn it."""
    order = sorted(range(len(pairs.keys)), key=pairs.old.__getitem__)
    half = len(order) // 2
    steps = [
        (pairs.new[high] - pairs.new[low]) / (pairs.old[high] - pairs.old[low])
        for low, high in zip(order, order[half:], strict=False)
        if pairs.old[high] != pairs.old[low]
    ]
    return median(steps) if steps else None


def _other_column(pairs: _Pairs, changed: Sequence[int], others_before: Mapping[str, Values]) -> Retold | None:
    """Most entries have what another metric said of them."""
    needed = MOST * len(pairs.keys)
    if len(changed) < needed:
        return None
    for other, values in others_before.items():
        # The first few decide for nearly all columns.
        probe = changed[: 2 * FEW]
        if sum(values.get(pairs.keys[place]) == pairs.new[place] for place in probe) < MOST * len(probe):
            continue
        taken = [place for place in changed if values.get(pairs.keys[place]) == pairs.new[place]]
        if len(taken) >= needed:
            return pairs.retold(f"the former values of {other}", taken)
    return None


def _shifted(pairs: _Pairs, changed: Sequence[int]) -> Retold | None:
    """Most entries have what others had: names and scores are not from the same rows."""
    count = len(pairs.keys)
    by_value = sorted(range(count), key=lambda place: -pairs.old[place])
    for order in (range(count), by_value):
        for shift in SHIFTS:
            taken = [
                place
                for here, place in enumerate(order)
                if 0 <= here + shift < count
                and pairs.new[place] == pairs.old[order[here + shift]]
                and pairs.new[place] != pairs.old[place]
            ]
            if len(taken) >= max(FEW - 1, MOST * count):
                rows = "row" if abs(shift) == 1 else "rows"
                return pairs.retold(f"names shifted against scores by {abs(shift)} {rows}", taken)
    # Only where values are fine enough to tell whose they were.
    if count >= ENOUGH and len(set(pairs.old)) >= 0.9 * count:
        former = set(pairs.old)
        taken = [place for place in changed if pairs.new[place] in former]
        if len(taken) >= 0.8 * len(changed):
            return pairs.retold("names shifted against scores: each has what another had", taken)
    return None


def _out_of_order(
    pairs: _Pairs, changed: Sequence[int], correlation: float | None, *, is_circumstance: bool
) -> Retold | None:
    if correlation is None:
        return None
    if correlation <= FLIPPED:
        return pairs.retold(f"the direction flipped, rank correlation {correlation:.2f}", changed)
    if len(pairs.keys) >= ENOUGH and correlation < LEAST_CORRELATION and not is_circumstance:
        return pairs.retold(f"another order, rank correlation {correlation:.2f}", changed)
    spread = max(pairs.old) - min(pairs.old)
    moved = median(abs(new - old) for old, new in zip(pairs.old, pairs.new, strict=True))
    if len(pairs.keys) >= 2 * ENOUGH and correlation > 0.999 and moved > 4 * MOVED * spread:
        return pairs.retold("the same order with other values: another scale", changed)
    return None


def _rank_correlation(old: Sequence[float], new: Sequence[float]) -> float | None:
    """Spearman's, -1 to 1; None where one side has no spread."""
    ranks_old, ranks_new = _ranks(old), _ranks(new)
    middle = (len(old) + 1) / 2
    both = sum((a - middle) * (b - middle) for a, b in zip(ranks_old, ranks_new, strict=True))
    spreads = sqrt(sum((a - middle) ** 2 for a in ranks_old) * sum((b - middle) ** 2 for b in ranks_new))
    return both / spreads if spreads else None


def _ranks(values: Sequence[float]) -> list[float]:
    """The rank of each value from 1; equal values share the mean of theirs."""
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0.0] * len(values)
    start = 0
    while start < len(order):
        end = start
        while end < len(order) and values[order[end]] == values[order[start]]:
            end += 1
        for place in order[start:end]:
            ranks[place] = (start + 1 + end) / 2
        start = end
    return ranks
