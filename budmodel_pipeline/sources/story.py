"""Same entries, same story: whether a metric says of the entries that it had before what can follow from what it said then.

A publisher measures again, adds and removes; it does not multiply all scores by ten, hand each model its neighbour's or turn
the order round. What looks like that is a damaged file, or a change that a person has to look at and can accept.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import isclose, sqrt
from statistics import median
from typing import NamedTuple

FEW = 5
# What holds for this share of the entries is no coincidence.
MOST = 0.6
NEARLY_ALL = 0.9
# A fit over fewer entries has to be exact for all of them.
ENOUGH = 10
# Of the former spread: entries this near to a line lie on it; a shift by less than this is a measurement.
ON_LINE = 0.01
MOVED = 0.05
# Units are confused by powers of ten, and sometimes in a part of the rows only.
POWERS_OF_TEN = tuple(10.0**power for power in (-6, -3, -2, -1, 1, 2, 3, 6))
LEAST_CONFUSED = 0.05
# Of the entries: what became of so many at once is told, even where the others are as they were.
PART = 0.1
# A column that has this share of its former different values was rounded.
COARSER = 0.25
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
    """The former and the present value of entries that a metric had and has, in the former order.

    `of` is how many there are of them in all, and `spread` how far apart their former values lie.
    """

    keys: list[str]
    old: list[float]
    new: list[float]

    of: int
    spread: float

    @property
    def changed(self) -> list[int]:
        return [place for place, pair in enumerate(zip(self.old, self.new, strict=True)) if pair[0] != pair[1]]

    @property
    def moved(self) -> float:
        return median(abs(new - old) for old, new in zip(self.old, self.new, strict=True))

    def at(self, places: Sequence[int]) -> "_Pairs":
        keys = [self.keys[place] for place in places]
        return _Pairs(keys, [self.old[p] for p in places], [self.new[p] for p in places], self.of, self.spread)

    def retold(self, what: str, places: Sequence[int]) -> Retold:
        return Retold(f"{what} ({len(places)} of {self.of} entries)", [self.keys[place] for place in places])


def retold(
    before: Values, now: Values, others_before: Mapping[str, Values], *, is_circumstance: bool = False
) -> Retold | None:
    """What is wrong with how a metric went on, None where nothing is.

    `others_before` are the former values of the source's other metrics. A circumstance is a price, a time or the like.
    """
    if before.items() <= now.items():
        return None
    keys = [key for key in before if key in now]
    old = [before[key] for key in keys]
    if len(keys) < FEW:
        return None
    pairs = _Pairs(keys, old, [now[key] for key in keys], len(keys), max(old) - min(old))
    changed = pairs.changed
    if not changed:
        return None
    found = _no_spread(pairs) or _confused_units(pairs, is_circumstance=is_circumstance)
    if found or len(changed) >= len(keys) / 2:
        return found or _all_retold(pairs, changed, others_before, is_circumstance=is_circumstance)
    # A maker cuts the prices of all its models at once.
    if is_circumstance and len(changed) < len(keys) / 4:
        return None
    return _part_retold(pairs.at(changed), others_before)


def _all_retold(
    pairs: _Pairs, changed: Sequence[int], others_before: Mapping[str, Values], *, is_circumstance: bool
) -> Retold | None:
    return (
        _other_column(pairs, changed, others_before)
        or _shifted(pairs, changed)
        or _shifted(pairs.at(changed), range(len(changed)))
        or _on_another_scale(pairs)
        or _on_another_scale(pairs.at(changed), shifts=False)
        or _rounded(pairs)
        or _out_of_order(pairs, changed, _rank_correlation(pairs.old, pairs.new), is_circumstance=is_circumstance)
    )


def _part_retold(pairs: _Pairs, others_before: Mapping[str, Values]) -> Retold | None:
    """What became of the entries that changed, where most did not."""
    changed = range(len(pairs.keys))
    if len(changed) < max(FEW, PART * pairs.of):
        return None
    many = len(changed) >= ENOUGH
    return (
        _made_alike(pairs)
        or (_other_column(pairs, changed, others_before) if many else None)
        or (_shifted(pairs, changed) if many else None)
        or _on_another_scale(pairs, shifts=False)
    )


def filled(before: Values, now: Values, known: Collection[str]) -> Retold | None:
    """Whether entries that had no value now share one: what is missing was told as 0, say.

    `known` are the keys of all entries that there were before.
    """
    added = [key for key in now if key not in before and key in known]
    if not before or len(added) < max(FEW, PART * len(now)):
        return None
    value, count = Counter(now[key] for key in added).most_common(1)[0]
    usual = sum(old == value for old in before.values()) / len(before)
    if count < NEARLY_ALL * len(added) or usual > PART:
        return None
    keys = [key for key in added if now[key] == value]
    return Retold(f"{len(keys)} entries that had no value have {value:g}", keys)


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


def _made_alike(pairs: _Pairs) -> Retold | None:
    """Most of those that changed were made alike, from wherever they were."""
    value, count = Counter(pairs.new).most_common(1)[0]
    alike = [place for place, new in enumerate(pairs.new) if new == value]
    different = len({pairs.old[place] for place in alike})
    if count < max(FEW, MOST * len(pairs.keys)) or different < count / 2 or pairs.at(alike).moved <= MOVED * pairs.spread:
        return None
    return pairs.retold(f"made alike, they are {value:g}", alike)


def _rounded(pairs: _Pairs) -> Retold | None:
    different, before = len(set(pairs.new)), len(set(pairs.old))
    if before < ENOUGH or different > COARSER * before:
        return None
    return pairs.retold(f"{different} different values where there were {before}", pairs.changed)


def _confused_units(pairs: _Pairs, *, is_circumstance: bool) -> Retold | None:
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
    # Prices are corrected one by one.
    enough = max(3, LEAST_CONFUSED * pairs.of) if is_circumstance else 3
    return pairs.retold(f"a ratio of {power:g}", places) if len(places) >= enough else None


def _on_another_scale(pairs: _Pairs, *, shifts: bool = True) -> Retold | None:
    """Most entries lie on a line over their former values that is not the diagonal, nor beside it unless `shifts`.

    Where they hardly moved, nearly all must lie on it exactly, and it must be steeper or flatter than the diagonal.
    """
    few = len(pairs.keys) < ENOUGH
    slope = _slope(pairs)
    if not pairs.spread or not slope:
        return None
    offset = median(new - slope * old for old, new in zip(pairs.old, pairs.new, strict=True))
    off_line = [abs(new - slope * old - offset) for old, new in zip(pairs.old, pairs.new, strict=True)]
    reach = abs(slope) * pairs.spread * ON_LINE
    is_parallel = isclose(slope, 1, rel_tol=ON_LINE)
    exactly = few or pairs.moved <= MOVED * pairs.spread
    on_line = [place for place, off in enumerate(off_line) if off <= (reach / 10 if exactly else reach)]
    share = 1 if few else NEARLY_ALL if exactly or len(pairs.keys) < 2 * ENOUGH else MOST
    if len(on_line) < len(pairs.keys) * share:
        return None
    if is_parallel and (not shifts or pairs.moved <= MOVED * pairs.spread):
        return None
    if slope < 0:
        return pairs.retold(f"the direction flipped: {offset:g} - {abs(slope):.4g} times the former value", on_line)
    if abs(offset) <= reach:
        return pairs.retold(f"a constant ratio of {slope:.4g}", on_line)
    if is_parallel:
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
        if sum(_same(values.get(pairs.keys[place]), pairs.new[place]) for place in probe) < MOST * len(probe):
            continue
        taken = [place for place in changed if _same(values.get(pairs.keys[place]), pairs.new[place])]
        if len(taken) >= needed:
            return pairs.retold(f"the former values of {other}", taken)
    return None


def _same(one: float | None, other: float) -> bool:
    """Whether two values are the same but for a last digit that was cut off."""
    return one is not None and isclose(one, other, rel_tol=1e-4)


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
    if len(pairs.keys) >= 2 * ENOUGH and correlation > 0.999 and pairs.moved > 4 * MOVED * pairs.spread:
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
