"""Every metric of weighted rows, for many draws of weights at once.

AutoGluon's scorers take milliseconds each and most take no weights; these give the same scores.
"""

from collections.abc import Callable
from functools import partial
from itertools import permutations
from typing import Any

import numpy as np
from scipy.sparse import csr_array
from scipy.stats import rankdata

from intervals import Area, Measure
from problem import QUANTILES

SMALLEST = np.finfo(float).eps
# AutoGluon's of two classes; of more, scikit-learn's is SMALLEST.
SMALLEST_OF_TWO = 1e-15
POSITIVE = 1
OF_LABELS = (
    *("accuracy", "balanced_accuracy", "mcc", "quadratic_kappa", "f1", "precision", "recall"),
    *(
        f"{score}_{average}"
        for score in ("f1", "precision", "recall")
        for average in ("macro", "micro", "weighted")
    ),
)
LOSSES: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "root_mean_squared_error": lambda actual, said: (actual - said) ** 2,
    "mean_squared_error": lambda actual, said: (actual - said) ** 2,
    "mean_absolute_error": lambda actual, said: np.abs(actual - said),
    "mean_absolute_percentage_error": lambda actual, said: (
        np.abs(actual - said) / np.maximum(np.abs(actual), SMALLEST)
    ),
    "symmetric_mean_absolute_percentage_error": lambda actual, said: (
        np.abs(actual - said) / np.maximum(np.abs(actual) + np.abs(said), SMALLEST)
    ),
    "pinball_loss": lambda actual, said: _pinball(actual, said),
    "log_loss": lambda actual, said: _log_loss(actual, said),
}


def measure_of(metric: str, actual: np.ndarray, predicted: np.ndarray) -> Measure:
    """Return what scores these rows under weights; arrays as AutoGluon's metrics expect them.

    Raises KeyError for a metric that is not AutoGluon's.
    """
    if metric in OF_LABELS:
        return partial(_of_labels, metric, _Confusion(actual, predicted))
    if metric in LOSSES:
        loss = LOSSES[metric](actual, predicted)
        root = metric == "root_mean_squared_error"
        return lambda weights: np.sqrt(_mean(weights, loss)) if root else _mean(weights, loss)
    others: dict[str, Callable[[np.ndarray, np.ndarray], Measure]] = {
        "r2": _r2,
        "pearsonr": _correlation,
        "spearmanr": lambda actual, said: _correlation(rankdata(actual), rankdata(said)),
        "median_absolute_error": _median,
        "average_precision": _average_precision,
    }
    return others[metric](actual, predicted)


def _mean(weights: np.ndarray, values: np.ndarray) -> np.ndarray:
    mean: np.ndarray = weights @ values / weights.sum(1)
    return mean


def _log_loss(actual: np.ndarray, said: np.ndarray) -> np.ndarray:
    if said.ndim == 1:
        chance = np.where(actual == POSITIVE, said, 1 - said)
        smallest = SMALLEST_OF_TWO
    else:
        chance, smallest = said[np.arange(len(actual)), actual], SMALLEST
    loss: np.ndarray = -np.log(np.clip(chance, smallest, 1 - smallest))
    return loss


def _pinball(actual: np.ndarray, said: np.ndarray) -> np.ndarray:
    levels, error = np.array(QUANTILES), actual[:, None] - said
    loss: np.ndarray = np.maximum(levels * error, (levels - 1) * error).mean(1)
    return loss


def _r2(actual: np.ndarray, said: np.ndarray) -> Measure:
    error, centered = (actual - said) ** 2, actual - actual.mean()

    def r2(weights: np.ndarray) -> np.ndarray:
        spread = _mean(weights, centered**2) - _mean(weights, centered) ** 2
        score: np.ndarray = 1 - _mean(weights, error) / spread
        return score

    return r2


def _correlation(actual: np.ndarray, said: np.ndarray) -> Measure:
    x, y = actual - actual.mean(), said - said.mean()

    def correlation(weights: np.ndarray) -> np.ndarray:
        x_mean, y_mean = _mean(weights, x), _mean(weights, y)
        shared = _mean(weights, x * y) - x_mean * y_mean
        spreads = (_mean(weights, x * x) - x_mean**2) * (_mean(weights, y * y) - y_mean**2)
        score: np.ndarray = shared / np.sqrt(spreads)
        return score

    return correlation


def _median(actual: np.ndarray, said: np.ndarray) -> Measure:
    error = np.abs(actual - said)
    order = np.argsort(error)

    def median(weights: np.ndarray) -> np.ndarray:
        sums = weights[:, order].cumsum(1)
        middle: np.ndarray = error[order][(sums < sums[:, -1:] / 2).sum(1)]
        return middle

    return median


class _Confusion:
    """Rows as (actual class, predicted class), each summed over weights."""

    def __init__(self, actual: np.ndarray, predicted: np.ndarray) -> None:
        self.names, numbers = np.unique(np.append(actual, predicted), return_inverse=True)
        actual, predicted = numbers[: len(actual)], numbers[len(actual) :]
        self._right = self._sums(actual, actual == predicted)
        self._actual, self._predicted = self._sums(actual), self._sums(predicted)
        self.distance = (self.names[actual] - self.names[predicted]).astype(float) ** 2

    def _sums(self, labels: np.ndarray, which: np.ndarray | None = None) -> csr_array:
        """Return classes by rows: 1 where the row is of the class."""
        rows = np.arange(len(labels)) if which is None else np.flatnonzero(which)
        shape = (len(self.names), len(labels))
        return csr_array((np.ones(len(rows)), (labels[rows], rows)), shape)

    def of(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return per draw and class: rightly predicted, actual, and predicted weight."""
        right, actual, predicted = (
            (sums @ weights.T).T for sums in (self._right, self._actual, self._predicted)
        )
        return right, actual, predicted


def _of_labels(metric: str, confusion: _Confusion, weights: np.ndarray) -> Any:
    right, actual, predicted = confusion.of(weights)
    total = actual.sum(1)
    if metric == "mcc":
        shared = total * right.sum(1) - (actual * predicted).sum(1)
        spreads = (total**2 - (actual**2).sum(1)) * (total**2 - (predicted**2).sum(1))
        return np.where(spreads > 0, shared / np.sqrt(spreads), 0.0)
    if metric == "quadratic_kappa":
        distances = (confusion.names[:, None] - confusion.names).astype(float) ** 2
        by_chance = ((actual @ distances) * predicted).sum(1) / total
        return 1 - weights @ confusion.distance / by_chance
    if metric == "accuracy" or metric.endswith("_micro"):
        return right.sum(1) / total
    if metric == "balanced_accuracy":
        return np.nanmean(np.where(actual > 0, right / actual, np.nan), axis=1)
    name, _, average = metric.partition("_")
    below = {"precision": predicted, "recall": actual, "f1": (actual + predicted) / 2}[name]
    score = np.where(below > 0, right / below, 0.0)
    if average == "macro":
        return score.mean(1)
    if average == "weighted":
        return (score * actual).sum(1) / total
    (place,) = np.flatnonzero(confusion.names == POSITIVE)
    return score[:, place]


def _average_precision(actual: np.ndarray, said: np.ndarray) -> Measure:
    order = np.argsort(-said, kind="stable")
    ordered, positive = said[order], actual[order] == POSITIVE
    # Rows with the same score are one step.
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))

    def precision(weights: np.ndarray) -> np.ndarray:
        right = np.add.reduceat(weights[:, order] * positive, starts, axis=1)
        flagged = np.add.reduceat(weights[:, order], starts, axis=1)
        share = right.cumsum(1) / flagged.cumsum(1)
        mean: np.ndarray = (right * share).sum(1) / right.sum(1)
        return mean

    return precision


def areas_of(metric: str, actual: np.ndarray, predicted: np.ndarray) -> list[Area]:
    """Return the areas under ROC curves whose average the metric is; every class has rows."""
    everywhere = np.arange(len(actual))
    if metric == "roc_auc":
        return [Area(everywhere, actual == POSITIVE, predicted, 1.0)]
    classes = range(predicted.shape[1])
    against_all = metric.startswith("roc_auc_ovr")
    pairs = [(one, one) for one in classes] if against_all else list(permutations(classes, 2))
    counts = np.bincount(actual, minlength=len(classes))
    shares = [counts[one] + counts[other] for one, other in pairs]
    weighted = metric.endswith("_weighted")
    found = []
    for (one, other), share in zip(pairs, shares, strict=True):
        rows = everywhere if against_all else np.flatnonzero(np.isin(actual, (one, other)))
        weight = float(share / sum(shares)) if weighted else 1 / len(pairs)
        found.append(Area(rows, actual[rows] == one, predicted[rows, one], weight))
    return found
