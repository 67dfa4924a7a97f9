"""How the values of a column are spread, in so little that a model can carry it along."""

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MOST_POINTS, MOST_SHARES = 100, 50
# Of the distance of two spreads: what is worth a warning, and how often chance may reach it.
FAR, CHANCE = 0.25, 0.01
FEWEST = 50
# The same of the share of missing cells, up or down, and of cells that are odd.
OTHER_MISSING, WORTH_A_WARNING = 0.2, 0.05
# A column whose values repeat less often than this has names, and every file has others.
REPEATS = 20


@dataclass(frozen=True)
class Spread:
    """A sample of values: numbers at even steps of their order, or how often each category is."""

    size: int
    """How many values were looked at."""
    points: tuple[float, ...] = ()
    """In ascending order; none of categories."""
    shares: tuple[tuple[str, float], ...] = ()
    """The most common categories and the share of each; none of numbers, and of names."""


def spread_of_numbers(values: Sequence[float]) -> Spread:
    """Values without missing ones; infinite ones are left out."""
    ordered = sorted(value for value in values if math.isfinite(value))
    size = len(ordered)
    if size <= MOST_POINTS:
        return Spread(size, tuple(ordered))
    step = size / MOST_POINTS
    return Spread(size, tuple(ordered[int((place + 0.5) * step)] for place in range(MOST_POINTS)))


def spread_of_categories(counts: Mapping[str, int], most: int | None = None) -> Spread:
    """How often each category is, of at most so many; none where most of them are unique."""
    size = sum(counts.values())
    if most is not None and len(counts) * REPEATS > size:
        return Spread(size)
    common = Counter(counts).most_common(most)
    return Spread(size, shares=tuple((name, count / size) for name, count in common))


def distance(before: Spread, after: Spread) -> float:
    """From 0, alike, to 1, nothing in common; 0 where there is too little to compare.

    The statistic of Kolmogorov and Smirnov of numbers, exact to two steps of their order, and of
    categories the total variation. `after` names them all; all that `before` lacks count as one.
    """
    if min(before.size, after.size) < FEWEST:
        return 0.0
    if before.points and after.points:
        return _gap_of_numbers(before.points, after.points)
    if before.shares:
        return _gap_of_shares(dict(before.shares), dict(after.shares))
    return 0.0


def is_far(before: Spread, after: Spread, comparisons: int) -> bool:
    """Whether two spreads differ more than one of so many comparisons does by chance.

    The limit is that of the two-sample test of Kolmogorov and Smirnov.
    """
    if min(before.size, after.size) < FEWEST:
        return False
    sizes = (before.size + after.size) / (before.size * after.size)
    by_chance = math.sqrt(-math.log(CHANCE / comparisons / 2) / 2 * sizes)
    return distance(before, after) > max(FAR, by_chance)


def farthest(
    before: Sequence[Spread], after: Sequence[Spread], comparisons: int
) -> tuple[float, bool]:
    """The largest distance of the spreads of one column, and whether any of them is far."""
    pairs = list(zip(before, after, strict=False))
    return (
        max((distance(*pair) for pair in pairs), default=0.0),
        any(is_far(*pair, comparisons) for pair in pairs),
    )


def spread_from_json(content: Mapping[str, Any]) -> Spread:
    shares = tuple((str(name), float(share)) for name, share in content["shares"])
    return Spread(int(content["size"]), tuple(map(float, content["points"])), shares)


def _gap_of_numbers(before: Sequence[float], after: Sequence[float]) -> float:
    return max(
        abs(bisect_right(before, point) / len(before) - bisect_right(after, point) / len(after))
        for point in (*before, *after)
    )


def _gap_of_shares(before: Mapping[str, float], after: Mapping[str, float]) -> float:
    now = {name: after.get(name, 0.0) for name in before}
    others = abs(sum(before.values()) - sum(now.values()))
    return (sum(abs(share - now[name]) for name, share in before.items()) + others) / 2
