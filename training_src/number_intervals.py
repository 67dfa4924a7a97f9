"""95% confidence intervals of scores of numbers, whose errors have long tails.

The rows are drawn again a thousand times, and each draw is measured by its own standard error
(Efron & Tibshirani 1993, "An Introduction to the Bootstrap", section 12.5), on a scale on which
scores are nearly symmetric. Ten rows rarely have the largest error that there is: half a row that
was never seen has twice the largest one. Measured, both together make intervals hold.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.stats import binom

from intervals import DRAWS, DRAWS_AT_ONCE, SEED, TAIL, Interval
from weighted_scores import LOSSES

# Each row has so many tickets, and the row that was never seen has one: half a row.
TICKETS = 2
UNSEEN_ERROR = 2.0
SQUARED = ("root_mean_squared_error", "mean_squared_error")
OF_MEANS = (*SQUARED, "mean_absolute_error", "mean_absolute_percentage_error", "pinball_loss")

Estimate = tuple[np.ndarray, np.ndarray]
"""The score on its own scale and its standard error, shapes (n_draws,)."""


@dataclass(frozen=True)
class Scale:
    """Where a score is nearly symmetric, and how to get there and back."""

    to: Callable[[float], float]
    back: Callable[[float], float]
    estimate: Callable[[np.ndarray], Estimate]
    """Of counts of the rows and the unseen one, shape (n_draws, n_rows + 1), equal sums."""


def of_numbers(
    metric: str, actual: np.ndarray, predicted: np.ndarray, value: float, scale: float = 1.0
) -> Interval | None:
    """Return the interval of a score; None for what has none here, and without any error.

    `actual`: numbers, shape (n_rows,); `predicted`: shape (n_rows,), or (n_rows, n_quantiles);
    `value`: the score, of these rows and perhaps more; `scale` narrows the interval then.
    """
    rows = len(actual)
    if metric == "median_absolute_error":
        return _of_median(np.abs(actual - predicted), value, scale)
    with np.errstate(all="ignore"):
        chosen = _scale(metric, actual, predicted)
        if chosen is None or rows < 2:
            return None
        (own,), (error,) = chosen.estimate(np.append(np.ones(rows), 0.0)[None])
        error = float(error * np.sqrt(rows / (rows - 1)))
        around, _ = chosen.estimate(np.append(np.full(rows, TICKETS), 1.0)[None])
        random, found = np.random.default_rng(SEED), []
        for _ in range(DRAWS // DRAWS_AT_ONCE):
            drawn, errors = chosen.estimate(_counts(random, rows))
            found.append((drawn - around) / errors)
        away = np.concatenate(found)
        away = away[np.isfinite(away)]
        if len(away) < DRAWS / 2 or not (np.isfinite(own) and error > 0):
            return None
        low, high = np.quantile(away, [TAIL, 1 - TAIL])
        middle = chosen.to(value)
        ends = sorted(chosen.back(float(middle - end * error * scale)) for end in (high, low))
    if not np.isfinite(ends).all():
        return None
    return min(ends[0], value), max(ends[1], value)


def _counts(random: np.random.Generator, rows: int) -> np.ndarray:
    """Return how often each row, and last the one never seen, is in each of some draws."""
    places = random.integers(0, TICKETS * rows + 1, (DRAWS_AT_ONCE, rows)) // TICKETS
    places += np.arange(DRAWS_AT_ONCE)[:, None] * (rows + 1)
    counts = np.bincount(places.ravel(), minlength=DRAWS_AT_ONCE * (rows + 1))
    return counts.reshape(DRAWS_AT_ONCE, rows + 1).astype(float)


def _of_median(errors: np.ndarray, value: float, scale: float) -> Interval:
    """Return the interval between two of the ordered errors, which needs no scale.

    The number of errors below the median is binomial (Conover 1999, section 3.2).
    """
    ordered, rows = np.sort(errors), len(errors)
    below = int(binom.ppf(TAIL, rows, 0.5))
    # Of so few rows, each may be on one side of it.
    low, high = (
        (ordered[below - 1], ordered[rows - below])
        if below
        else (0.0, UNSEEN_ERROR * float(ordered[-1]))
    )
    ends = value + (np.array([low, high]) - value) * scale
    return float(min(ends[0], value)), float(max(ends[1], value))


def _scale(metric: str, actual: np.ndarray, predicted: np.ndarray) -> Scale | None:
    if metric in OF_MEANS:
        losses = LOSSES[metric](actual, predicted)
        squared = metric in SQUARED
        worst = losses.max() * (UNSEEN_ERROR**2 if squared else UNSEEN_ERROR)
        return _of_mean(np.append(losses, worst), metric == SQUARED[0])
    if metric not in ("r2", "pearsonr"):
        return None
    worst = np.abs(actual - predicted).argmax()
    unseen = predicted[worst] + (actual[worst] - predicted[worst]) * UNSEEN_ERROR
    pairs = np.append(actual, unseen), np.append(predicted, predicted[worst])
    return _r2(*pairs) if metric == "r2" else _correlation(*pairs)


def _of_mean(losses: np.ndarray, root: bool) -> Scale:
    power = 0.5 if root else 1.0

    def estimate(counts: np.ndarray) -> Estimate:
        rows = counts.sum(1)
        mean = counts @ losses / rows
        spread = counts @ losses**2 / rows - mean**2
        return power * np.log(mean), power * np.sqrt(spread / rows) / mean

    return Scale(np.log, np.exp, estimate)


def _r2(actual: np.ndarray, predicted: np.ndarray) -> Scale:
    """On the logarithm of the share of the variance that is left."""
    lost, centered = (actual - predicted) ** 2, actual - actual.mean()

    def estimate(counts: np.ndarray) -> Estimate:
        rows = counts.sum(1)
        means = counts @ np.stack([lost, centered, centered**2], axis=1) / rows[:, None]
        variance = means[:, 2] - means[:, 1] ** 2
        away = (centered - means[:, 1:2]) ** 2 / variance[:, None]
        influence = lost / means[:, :1] - away
        error = np.sqrt((counts * influence**2).sum(1)) / rows
        return np.log(means[:, 0] / variance), error

    return Scale(lambda r2: np.log(1 - r2), lambda end: 1 - np.exp(end), estimate)


def _correlation(actual: np.ndarray, predicted: np.ndarray) -> Scale:
    """On Fisher's scale."""
    x, y = actual - actual.mean(), predicted - predicted.mean()

    def standard(values: np.ndarray, counts: np.ndarray, rows: np.ndarray) -> np.ndarray:
        centered = values - (counts @ values / rows)[:, None]
        scaled: np.ndarray = centered / np.sqrt((counts * centered**2).sum(1) / rows)[:, None]
        return scaled

    def estimate(counts: np.ndarray) -> Estimate:
        rows = counts.sum(1)
        ours, theirs = standard(x, counts, rows), standard(y, counts, rows)
        product = ours * theirs
        found = (counts * product).sum(1) / rows
        influence = product - found[:, None] * (ours**2 + theirs**2) / 2
        error = np.sqrt((counts * influence**2).sum(1)) / rows
        return np.arctanh(found), error / (1 - found**2)

    return Scale(np.arctanh, np.tanh, estimate)
