"""How sure a translator may be: the share of good translations among those it finds as likely.

Measured on pairs that it has not learned. What it says of itself is their order; the shares are
counted.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from translation.inference import CONFIDENCE, confidence
from translation.score import Example

# Below it, a translation has little in common with that of a person.
GOOD_CHRF = 40.0
# Of fewer pairs, a share says too little.
FEWEST_PAIRS, PAIRS_PER_POINT, MOST_POINTS = 200, 50, 20
Points = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Measured:
    """What goes with the model, and how well it holds."""

    points: Points
    pairs: int
    auc: float
    """How often a good translation is found more likely than a bad one; 0.5 is chance."""
    error: float
    """Mean difference between confidence and share, each half measured by the other half."""

    def to_json(self) -> dict[str, Any]:
        return {
            "points": [[round(likely, 4), round(share, 4)] for likely, share in self.points],
            "good": f"chrF of at least {GOOD_CHRF:g}",
            "pairs": self.pairs,
            "auc": round(self.auc, 3),
            "error": round(self.error, 3),
        }


def measure(examples: Sequence[Example]) -> Measured | None:
    """Count; None where there are too few pairs, or all are good, or all are bad."""
    rated = sorted((one.likely, one.chrf >= GOOD_CHRF) for one in examples)
    good = sum(is_good for _, is_good in rated)
    if len(rated) < FEWEST_PAIRS or good in (0, len(rated)):
        return None
    # Every other one: both halves are spread alike.
    halves = rated[::2], rated[1::2]
    errors = [_error(one, points_of(other)) for one, other in (halves, halves[::-1])]
    return Measured(points_of(rated), len(rated), _auc(rated), sum(errors) / 2)


def points_of(rated: Sequence[tuple[float, bool]]) -> Points:
    """Mean likeliness and share of good ones in groups of as many, pooled until both rise."""
    pooled: list[tuple[float, float, int]] = []
    for group in _groups(rated):
        likely = sum(value for value, _ in group) / len(group)
        pooled.append((likely, sum(is_good for _, is_good in group) / len(group), len(group)))
        while len(pooled) > 1 and (
            pooled[-2][1] >= pooled[-1][1] or pooled[-2][0] >= pooled[-1][0]
        ):
            pooled[-2:] = [_pool(*pooled[-2:])]
    return tuple((likely, share) for likely, share, _ in pooled)


def write(measured: Measured | None, folder: Path) -> None:
    """Beside the model of a translator; without a measurement there is no confidence."""
    if measured:
        content = json.dumps(measured.to_json(), indent=1) + "\n"
        (folder / CONFIDENCE).write_text(content, "utf-8")


def _groups(rated: Sequence[tuple[float, bool]]) -> list[Sequence[tuple[float, bool]]]:
    count = max(1, min(MOST_POINTS, len(rated) // PAIRS_PER_POINT))
    ends = [round(number * len(rated) / count) for number in range(count + 1)]
    return [rated[start:end] for start, end in pairwise(ends)]


def _pool(
    one: tuple[float, float, int], other: tuple[float, float, int]
) -> tuple[float, float, int]:
    count = one[2] + other[2]
    likely = (one[0] * one[2] + other[0] * other[2]) / count
    return likely, (one[1] * one[2] + other[1] * other[2]) / count, count


def _error(rated: Sequence[tuple[float, bool]], points: Points) -> float:
    """Weighted by the size of the groups."""
    off = 0.0
    for group in _groups(rated):
        said = sum(confidence(likely, points) or 0.0 for likely, _ in group)
        off += abs(said - sum(is_good for _, is_good in group))
    return off / len(rated)


def _auc(rated: Sequence[tuple[float, bool]]) -> float:
    """By ranks; of equal ones the mean rank counts."""
    ranks: dict[float, list[int]] = {}
    for rank, (likely, _) in enumerate(rated, start=1):
        ranks.setdefault(likely, []).append(rank)
    good = [likely for likely, is_good in rated if is_good]
    bad = len(rated) - len(good)
    total = sum(sum(ranks[likely]) / len(ranks[likely]) for likely in good)
    return (total - len(good) * (len(good) + 1) / 2) / (len(good) * bad)
