"""Score predictions: a metric, its 95% confidence interval, and the baseline of guessing."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from autogluon.core.metrics import get_metric

from problem import QUANTILES, Problem

SEED = 0
RESAMPLES, FEWEST_RESAMPLES, BOOTSTRAP_SECONDS = 500, 40, 0.6
MOST_ROWS_RESAMPLED = 20_000


@dataclass(frozen=True)
class Predictions:
    """Predictions for `n_rows` rows whose target is known."""

    problem: Problem
    target: pd.Series
    predicted: pd.Series | pd.DataFrame
    """Labels or numbers, shape (n_rows,); quantiles have shape (n_rows, n_quantiles)."""
    probabilities: pd.DataFrame | None
    """Shape (n_rows, n_classes), a column per class; None without classes."""

    def __len__(self) -> int:
        return len(self.target)

    @property
    def classes(self) -> list[str]:
        assert self.probabilities is not None
        return [str(name) for name in self.probabilities.columns]

    def score(self, metric: str) -> float | None:
        """Return the score in its usual sign; None where the metric is undefined on these rows."""
        return _score(metric, self.problem, *self._arrays(metric))

    def interval(self, metric: str) -> tuple[float, float] | None:
        """Return the bootstrap 95% CI of the score; None where most resamples are undefined."""
        actual, predicted = self._arrays(metric)
        return _interval(
            len(actual), lambda rows: _score(metric, self.problem, actual[rows], predicted[rows])
        )

    def lead(self, other: "Predictions", metric: str) -> tuple[float, float] | None:
        """Return the 95% CI of the score difference to `other` on the same rows."""
        ours, theirs = self._arrays(metric), other._arrays(metric)

        def lead(rows: np.ndarray) -> float | None:
            own, others = (
                _score(metric, self.problem, actual[rows], predicted[rows])
                for actual, predicted in (ours, theirs)
            )
            return None if own is None or others is None else own - others

        return _interval(len(self), lead)

    def _arrays(self, metric: str) -> tuple[np.ndarray, np.ndarray]:
        """Return actual and predicted as AutoGluon's metrics expect them.

        Classes are numbers, shape (n_rows,). Metrics of probabilities get them in shape
        (n_rows, n_classes), or of the positive class in shape (n_rows,).
        """
        if self.probabilities is None:
            return self.target.to_numpy(float), self.predicted.to_numpy(float)
        number = {name: place for place, name in enumerate(self._in_order())}
        actual = self.target.map(number).to_numpy(int)
        if not scorer(metric, self.problem).needs_class:
            values = self.probabilities[self._in_order()].to_numpy(float)
            return actual, values[:, 1] if self.problem.type == "binary" else values
        assert isinstance(self.predicted, pd.Series)
        return actual, self.predicted.map(number).to_numpy(int)

    def _in_order(self) -> list[str]:
        """Return the classes; in binary problems the positive one is last."""
        if self.problem.type != "binary":
            return self.classes
        return sorted(self.classes, key=lambda name: name == self.problem.positive_class)


def _interval(
    count: int, measure: Callable[[np.ndarray], float | None]
) -> tuple[float, float] | None:
    """Return the bootstrap 95% CI of `measure`, which gets row numbers of shape (size,).

    Of many rows only MOST_ROWS_RESAMPLED are drawn; the CI is then narrowed by the square root of
    their share.
    """
    random = np.random.default_rng(SEED)
    size = min(count, MOST_ROWS_RESAMPLED)
    end = time.monotonic() + BOOTSTRAP_SECONDS
    found: list[float] = []
    for n in range(RESAMPLES):
        if n >= FEWEST_RESAMPLES and time.monotonic() > end:
            break
        value = measure(random.integers(0, count, size))
        if value is not None:
            found.append(value)
    whole = measure(np.arange(count))
    if whole is None or len(found) < FEWEST_RESAMPLES / 2:
        return None
    low, high = whole + (np.percentile(found, [2.5, 97.5]) - whole) * np.sqrt(size / count)
    return float(low), float(high)


def scorer(metric: str, problem: Problem) -> Any:
    return get_metric(metric, problem.type, QUANTILES if problem.type == "quantile" else None)


def higher_is_better(metric: str, problem: Problem) -> bool:
    return bool(scorer(metric, problem).greater_is_better_internal)


def all_scores(predictions: Predictions) -> dict[str, float]:
    """Return every defined metric of the problem, by AutoGluon's name."""
    found = {name: predictions.score(name) for name in METRICS[predictions.problem.type]}
    return {name: score for name, score in found.items() if score is not None}


METRICS = {
    "binary": (
        *("accuracy", "balanced_accuracy", "mcc", "roc_auc", "average_precision", "f1"),
        *("precision", "recall", "log_loss"),
    ),
    "multiclass": (
        *("accuracy", "balanced_accuracy", "mcc", "f1_macro", "precision_macro", "recall_macro"),
        *("roc_auc_ovr", "log_loss"),
    ),
    "regression": (
        *("root_mean_squared_error", "mean_absolute_error", "median_absolute_error", "r2"),
        *("mean_absolute_percentage_error", "pearsonr"),
    ),
    "quantile": ("pinball_loss",),
}


def _score(
    metric: str, problem: Problem, actual: np.ndarray, predicted: np.ndarray
) -> float | None:
    measure = scorer(metric, problem)
    try:
        found = float(measure.convert_score_to_original(measure(actual, predicted)))
    except (ValueError, ZeroDivisionError):
        return None
    return found if np.isfinite(found) else None
