"""95% confidence intervals of scores, and of differences between scores on the same rows.

Shares have Wilson's interval, areas under the ROC curve DeLong's. Every other score is computed a
thousand times with random weights of the rows (Rubin 1981, "The Bayesian bootstrap"), always from
the same seed; the percentiles are those of Student's t (Hesterberg 2015, "What teachers should know
about the bootstrap", section 4.3).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, logit
from scipy.stats import binomtest, norm, rankdata, t

Interval = tuple[float, float]
Measure = Callable[[np.ndarray], np.ndarray]
"""Weights, shape (n_draws, n_rows) → scores, shape (n_draws,)."""

SEED = 0
DRAWS, DRAWS_AT_ONCE = 1000, 50
TAIL = 0.025
NEAR = 1e-12
Z = float(norm.ppf(1 - TAIL))
# Rows that were never seen, half of them right and half wrong: with two classes, Jeffreys' prior.
UNSEEN_ROWS = 2.0
# Half a wrong row, spread over four: measured, it makes intervals of near-perfect scores hold.
UNSEEN_WRONG, UNSEEN_KINDS = 0.5, 4


def of_share(right: int, rows: int) -> Interval:
    """Return Wilson's interval of a share (Wilson 1927); of no rows nothing is known."""
    if rows == 0:
        return 0.0, 1.0
    found = binomtest(right, rows).proportion_ci(method="wilson")
    return float(found.low), float(found.high)


@dataclass(frozen=True)
class Area:
    """A part of a metric that is an average of areas under ROC curves."""

    rows: np.ndarray
    """Places of the rows of both sides."""
    positive: np.ndarray
    score: np.ndarray
    weight: float
    """All add up to 1."""


def of_areas(areas: Sequence[Area], size: int, groups: np.ndarray | None = None) -> Interval:
    """Return the interval of an average of areas, on the scale of log-odds.

    Where DeLong's variance is zero, as at an area of 1, it is that of Newcombe (2006, method 5).
    `groups`: by row, the number of its group; then groups are drawn, not rows.
    """
    value, influence = _average(areas, size)
    error = _error(influence, groups)
    if not 0 < value < 1 or error == 0:
        sides = [
            (_count(area, area.positive, groups), _count(area, ~area.positive, groups))
            for area in areas
        ]
        limits = np.array([_newcombe(value, *side) for side in sides])
        low, high = np.average(limits, axis=0, weights=[area.weight for area in areas])
        return float(low), float(high)
    margin = _width(groups) * error / (value * (1 - value))
    return float(expit(logit(value) - margin)), float(expit(logit(value) + margin))


def of_areas_lead(
    ours: Sequence[Area], theirs: Sequence[Area], size: int, groups: np.ndarray | None = None
) -> Interval:
    """Return the interval of our average minus theirs on the same rows (DeLong 1988)."""
    (mine, influence), (other, others) = _average(ours, size), _average(theirs, size)
    margin = _width(groups) * _error(influence - others, groups)
    return mine - other - margin, mine - other + margin


def _error(influence: np.ndarray, groups: np.ndarray | None) -> float:
    """Return the standard error; of groups, their parts are summed (Obuchowski 1997).

    "Nonparametric analysis of clustered ROC curve data".
    """
    if groups is None:
        return float(np.sqrt((influence**2).sum()))
    sums = np.bincount(groups, weights=influence)
    return float(np.sqrt((sums**2).sum() * len(sums) / max(len(sums) - 1, 1)))


def _width(groups: np.ndarray | None) -> float:
    """Return half a 95% interval in standard errors: Student's t by the number of groups."""
    return Z if groups is None else float(t.ppf(1 - TAIL, max(int(groups.max()), 1)))


def _count(area: Area, side: np.ndarray, groups: np.ndarray | None) -> int:
    """Return how many rows, or groups, are on a side of an area."""
    return int(side.sum()) if groups is None else len(np.unique(groups[area.rows[side]]))


def _average(areas: Sequence[Area], size: int) -> tuple[float, np.ndarray]:
    """Return the average area, and each row's part in it; their squares add up to its variance.

    DeLong's components, by ranks (Sun & Xu 2014, "Fast implementation of DeLong's algorithm").
    """
    value, influence = 0.0, np.zeros(size)
    for area in areas:
        here, ranks = area.positive, rankdata(area.score)
        above = (ranks[here] - rankdata(area.score[here])) / (~here).sum()
        below = 1 - (ranks[~here] - rankdata(area.score[~here])) / here.sum()
        mean = float(above.mean())
        value += area.weight * mean
        for side, parts in ((here, above), (~here, below)):
            rows = max(len(parts), 2)
            influence[area.rows[side]] += area.weight * (parts - mean) / np.sqrt(rows * (rows - 1))
    return value, influence


def _newcombe(area: float, positives: int, negatives: int) -> Interval:
    """Return the areas from which the observed one is Z standard errors away."""
    pairs, more = positives * negatives, (positives + negatives) / 2 - 1

    def away(true: float, sign: int) -> float:
        spread = 1 + more * ((1 - true) / (2 - true) + true / (1 + true))
        return sign * (area - true) - Z * float(np.sqrt(true * (1 - true) * spread / pairs))

    # At 0 and 1 the error is zero too, which is no answer.
    low = brentq(away, 0, min(area, 1 - NEAR), (1,)) if area > 0 else 0.0
    high = brentq(away, max(area, NEAR), 1, (-1,)) if area < 1 else 1.0
    return float(low), float(high)


@dataclass(frozen=True)
class Units:
    """What is drawn: rows, or whole groups of them."""

    shapes: np.ndarray
    """How many units each unit stands for."""
    of_row: np.ndarray | None = None
    """By row, the place of its unit; None when each row is one."""
    times: np.ndarray | None = None
    """By row, how often it is there."""

    def weights(self, random: np.random.Generator, draws: int) -> np.ndarray:
        """Return random weights of the rows, shape (draws, n_rows)."""
        weights: np.ndarray = random.standard_gamma(self.shapes, (draws, len(self.shapes)))
        if self.of_row is not None:
            weights = weights[:, self.of_row]
        return weights if self.times is None else weights * self.times


def drawn(
    measures: list[Measure],
    shapes: np.ndarray | Units,
    size: int,
    value: float,
    scale: float = 1.0,
) -> Interval | None:
    """Return the interval of a measure, or of the first minus the second.

    `shapes`: how many rows each row stands for; `size`: rows, or groups where those are drawn;
    `value`: the measure on all rows. `scale` narrows the interval when these rows are a part of
    all. None where it is undefined.
    """
    random = np.random.default_rng(SEED)
    units = shapes if isinstance(shapes, Units) else Units(shapes)
    found = []
    for _ in range(DRAWS // DRAWS_AT_ONCE):
        weights = units.weights(random, DRAWS_AT_ONCE)
        with np.errstate(divide="ignore", invalid="ignore"):
            first, *rest = (measure(weights) for measure in measures)
        found.append(first - rest[0] if rest else first)
    values = np.concatenate(found)
    values = values[np.isfinite(values)]
    if len(values) < DRAWS / 2 or size < 2:
        return None
    widened = np.sqrt((size + 1) / (size - 1)) * t.ppf(TAIL, size - 1)
    tail = max(float(norm.cdf(widened)), 1 / DRAWS)
    low, high = value + (np.quantile(values, [tail, 1 - tail]) - value) * scale
    return float(min(low, value)), float(max(high, value))


def out_of_fold_spread(folds: int) -> float:
    """How much wider an interval out of fold is than its rows alone show.

    Other rows would have given other models too (Nadeau & Bengio 2003, "Inference for the
    generalization error"): the variance 1/folds of the mean is in truth 1/folds + 1/(folds - 1).
    """
    return float((1 + folds / (folds - 1)) ** 0.5)


def cells(*labels: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
    """Return the distinct rows of actual and predicted labels, and how many rows each stands for.

    UNSEEN_ROWS are added, so that no share is certain, and no lead rests on one row. The first
    array is the actual labels, one or two others the predicted ones.
    """
    table = np.stack(labels, axis=1)
    known = np.unique(table)
    if len(known) == 1:
        return list(known[:, None].repeat(len(labels), 1).T), np.array([float(len(table))])
    after = dict(zip(known, np.roll(known, -1), strict=True))
    unseen = []
    for right in np.unique(table[:, 0]):
        wrong = after[right]
        said = [(right,), (wrong,)] if len(labels) == 2 else [(right, wrong), (wrong, right)]
        unseen += [(right, *one) for one in said]
    rows, counts = np.unique(table, axis=0, return_counts=True)
    shapes = np.append(counts, np.full(len(unseen), UNSEEN_ROWS / len(unseen)))
    return list(np.vstack([rows, unseen]).T), shapes


def grouped(groups: np.ndarray, shapes: np.ndarray) -> Units:
    """Return the units of rows in groups, with the unseen rows behind them.

    An unseen row stands for as many rows as a group has on average.
    """
    unseen, count = shapes[len(groups) :], int(groups.max()) + 1
    of_row = np.append(groups, count + np.arange(len(unseen)))
    times = np.append(np.ones(len(groups)), np.full(len(unseen), len(groups) / count))
    return Units(np.append(np.ones(count), unseen), of_row, times)


def unseen_labels(*labels: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
    """Return the rows themselves, not counted as in `cells`, with the same unseen rows behind."""
    (*columns,), shapes = cells(*labels)
    behind = len(np.unique(np.stack(labels, axis=1), axis=0))
    return (
        [np.append(own, column[behind:]) for own, column in zip(labels, columns, strict=True)],
        np.append(np.ones(len(labels[0])), shapes[behind:]),
    )


def with_unseen(
    actual: np.ndarray, predicted: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return rows, predictions, and how many rows each stands for, with UNSEEN_WRONG more.

    Those are of all classes, or sizes, and have the predictions of each other.
    """
    order = np.argsort(actual, kind="stable")
    some = order[np.linspace(0, len(order) - 1, UNSEEN_KINDS).astype(int)]
    shapes = np.append(np.ones(len(actual)), np.full(UNSEEN_KINDS, UNSEEN_WRONG / UNSEEN_KINDS))
    exchanged = predicted[np.roll(some, 1)]
    return np.append(actual, actual[some]), np.concatenate([predicted, exchanged]), shapes
