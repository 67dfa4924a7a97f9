"""Score predictions: a metric, its 95% confidence interval, and the baseline of guessing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from autogluon.core.metrics import get_metric

from intervals import (
    Interval,
    Measure,
    Units,
    cells,
    drawn,
    grouped,
    of_areas,
    of_areas_lead,
    of_share,
    unseen_labels,
    with_unseen,
)
from number_intervals import of_numbers
from problem import QUANTILES, Problem
from sampling import SEED, random_rows
from weighted_scores import OF_LABELS, POSITIVE, areas_of, measure_of

MOST_ROWS_DRAWN = 5000
# An interval of this share of the score has no width.
ROUNDING = 1e-9
# The only scores that can be negative.
BELOW_ZERO = ("mcc", "quadratic_kappa", "r2", "pearsonr", "spearmanr")
# A predicted class that the other model does not have; always wrong.
UNKNOWN = -1
BETTER, WORSE, ALIKE = "better", "worse", "alike"


@dataclass(frozen=True)
class Predictions:
    """Predictions for `n_rows` rows whose target is known."""

    problem: Problem
    target: pd.Series
    predicted: pd.Series | pd.DataFrame
    """Labels or numbers, shape (n_rows,); quantiles have shape (n_rows, n_quantiles)."""
    probabilities: pd.DataFrame | None
    """Shape (n_rows, n_classes), a column per class; None without classes."""
    groups: pd.Series | None = None
    """By row, which rows belong together: intervals are of whole groups. None = each row alone."""

    def __len__(self) -> int:
        return len(self.target)

    @property
    def classes(self) -> list[str]:
        assert self.probabilities is not None
        return [str(name) for name in self.probabilities.columns]

    def score(self, metric: str) -> float | None:
        """Return the score in its usual sign; None where the metric is undefined on these rows."""
        return _score(metric, self.problem, *self._arrays(metric))

    def interval(self, metric: str, spread: float = 1.0) -> Interval | None:
        """Return the 95% CI of the score; None where the score is.

        `spread` widens it, for what these rows do not show; not beyond the best possible score.
        """
        found = self._interval(metric)
        if found is None or spread == 1:
            return found
        return self._widened(metric, found, spread)

    def _interval(self, metric: str) -> Interval | None:
        value = self.score(metric)
        if value is None:
            return None
        actual, predicted = self._arrays(metric)
        numbers = self._group_numbers
        if numbers is not None:
            return self._interval_of_groups(metric, actual, predicted, value, numbers)
        if metric in ("accuracy", "precision", "recall"):
            rows = {"precision": predicted == POSITIVE, "recall": actual == POSITIVE}.get(
                metric, np.full(len(actual), True)
            )
            return of_share(int((actual == predicted)[rows].sum()), int(rows.sum()))
        if metric.startswith("roc_auc"):
            return of_areas(areas_of(metric, actual, predicted), len(actual))
        if metric in OF_LABELS:
            (actual, predicted), shapes = cells(actual, predicted)
            return drawn([measure_of(metric, actual, predicted)], shapes, len(self), value)
        rows = random_rows(len(actual), MOST_ROWS_DRAWN)
        actual, predicted, shapes = actual[rows], predicted[rows], np.ones(len(rows))
        if not self.problem.has_classes and (
            found := of_numbers(metric, actual, predicted, value, self._part(len(rows)))
        ):
            return found
        if self.problem.has_classes:
            actual, predicted, shapes = with_unseen(actual, predicted)
        found = self._drawn([measure_of(metric, actual, predicted)], shapes, len(rows), value)
        if found and found[1] - found[0] <= ROUNDING * abs(value):
            actual, predicted, shapes = with_unseen(actual, predicted)
            found = self._drawn([measure_of(metric, actual, predicted)], shapes, len(rows), value)
        return found

    def _interval_of_groups(
        self,
        metric: str,
        actual: np.ndarray,
        predicted: np.ndarray,
        value: float,
        groups: np.ndarray,
    ) -> Interval | None:
        """The same where groups are drawn: rows of one are alike."""
        count = int(groups.max()) + 1
        if count < 2:
            return None
        if metric.startswith("roc_auc"):
            return of_areas(areas_of(metric, actual, predicted), len(actual), groups)
        if metric in OF_LABELS:
            (actual, predicted), shapes = unseen_labels(actual, predicted)
            units = grouped(groups, shapes)
            return drawn([measure_of(metric, actual, predicted)], units, count, value)
        rows, groups, scale = _some_groups(groups)
        actual, predicted, shapes = actual[rows], predicted[rows], np.ones(len(rows))
        if self.problem.has_classes:
            actual, predicted, shapes = with_unseen(actual, predicted)
        units, size = grouped(groups, shapes), int(groups.max()) + 1
        return drawn([measure_of(metric, actual, predicted)], units, size, value, scale)

    @property
    def _group_numbers(self) -> np.ndarray | None:
        """By row, the number of its group, from 0."""
        return None if self.groups is None else pd.factorize(self.groups)[0]

    def expected(
        self, metric: str, interval: Interval, rows: int, groups: int | None = None
    ) -> Interval:
        """Return the 95% prediction interval of the score on a new file of `rows` rows.

        Such a file has noise of its own, as these rows have, by the square root of their number, or
        of the number of groups where rows of one are alike.
        """
        own, numbers = len(self), self._group_numbers
        if groups is not None and numbers is not None:
            own, rows = int(numbers.max()) + 1, groups
        return self._widened(metric, interval, float(np.sqrt(1 + own / rows)))

    def _widened(self, metric: str, interval: Interval, times: float) -> Interval:
        value, best = self.score(metric), float(scorer(metric, self.problem).optimum)
        assert value is not None
        low, high = (value + (end - value) * times for end in interval)
        worst = 0.0 if metric not in BELOW_ZERO else -np.inf
        return max(low, worst), min(high, best) if higher_is_better(metric, self.problem) else high

    def lead(self, other: "Predictions", metric: str) -> Interval | None:
        """Return the 95% CI of the score difference to `other` on the same rows."""
        own, others = self.score(metric), other.score(metric)
        if own is None or others is None:
            return None
        (actual, ours), (_, theirs) = self._arrays(metric), other._like(self)._arrays(metric)
        groups = self._group_numbers
        if metric.startswith("roc_auc"):
            sides = [areas_of(metric, actual, one) for one in (ours, theirs)]
            return of_areas_lead(sides[0], sides[1], len(actual), groups)
        if groups is not None:
            return self._lead_of_groups(metric, (actual, ours, theirs), own - others, groups)
        if metric in OF_LABELS:
            (actual, ours, theirs), shapes = cells(actual, ours, theirs)
            measures = [measure_of(metric, actual, one) for one in (ours, theirs)]
            return drawn(measures, shapes, len(self), own - others)
        rows = random_rows(len(actual), MOST_ROWS_DRAWN)
        measures = [measure_of(metric, actual[rows], one[rows]) for one in (ours, theirs)]
        return self._drawn(measures, np.ones(len(rows)), len(rows), own - others)

    def _lead_of_groups(
        self, metric: str, rows: Sequence[np.ndarray], lead: float, groups: np.ndarray
    ) -> Interval | None:
        """The interval of a lead where groups are drawn; `rows`: actual, ours, theirs."""
        shapes, scale = np.ones(len(groups)), 1.0
        if metric in OF_LABELS:
            rows, shapes = unseen_labels(*rows)
        else:
            some, groups, scale = _some_groups(groups)
            rows, shapes = [one[some] for one in rows], shapes[some]
        measures = [measure_of(metric, rows[0], one) for one in rows[1:]]
        return drawn(measures, grouped(groups, shapes), int(groups.max()) + 1, lead, scale)

    def lead_of_mean(self, others: Sequence["Predictions"], metric: str) -> tuple[float, Interval]:
        """Return the score minus the mean of the others' on the same rows, and its 95% CI.

        Raises ValueError where a score is undefined.
        """
        (actual, ours), pairs = self._arrays(metric), [one._arrays(metric) for one in others]
        size = len(self)
        if metric.startswith("roc_auc"):
            if self.score(metric) is None:
                raise ValueError(f"{metric} is undefined on these rows")
            areas = [
                replace(area, weight=area.weight / len(pairs))
                for _, theirs in pairs
                for area in areas_of(metric, actual, theirs)
            ]
            groups = self._group_numbers
            low, high = of_areas_lead(areas_of(metric, actual, ours), areas, size, groups)
            return (low + high) / 2, (low, high)
        measures = [measure_of(metric, actual, theirs) for _, theirs in pairs]

        def mean(weights: np.ndarray) -> np.ndarray:
            found: np.ndarray = np.mean([measure(weights) for measure in measures], axis=0)
            return found

        sides, once = [measure_of(metric, actual, ours), mean], np.ones((1, size))
        value = float(sides[0](once)[0] - sides[1](once)[0])
        numbers, units = self._group_numbers, Units(np.ones(size))
        if numbers is not None:
            size, units = int(numbers.max()) + 1, grouped(numbers, np.ones(size))
        interval = drawn(sides, units, size, value)
        if interval is None:
            raise ValueError(f"{metric} is undefined on these rows")
        return value, interval

    def _drawn(
        self, measures: list[Measure], shapes: np.ndarray, size: int, value: float
    ) -> Interval | None:
        """The interval from `size` of the rows, as narrow as it is with all of them."""
        return drawn(measures, shapes, size, value, self._part(size))

    def _part(self, size: int) -> float:
        """How much narrower the interval of `size` of the rows is with all of them."""
        return float(np.sqrt(size / len(self)))

    def compared_with(self, other: "Predictions", metric: str, spread: float = 1.0) -> str:
        """Return BETTER, WORSE or ALIKE, from the 95% CI of the difference on the same rows.

        `spread` widens the interval, for what it does not know of.
        """
        low, high = self.lead(other, metric) or (0.0, 0.0)
        middle, half = (low + high) / 2, (high - low) / 2 * spread
        if abs(middle) <= half:
            return ALIKE
        return BETTER if (low > 0) == higher_is_better(metric, self.problem) else WORSE

    def of_rows(self, index: pd.Index) -> "Predictions":
        """Return the predictions of the rows with these labels."""
        chances = None if self.probabilities is None else self.probabilities.loc[index]
        target, predicted = self.target.loc[index], self.predicted.loc[index]
        groups = None if self.groups is None else self.groups.loc[index]
        return Predictions(self.problem, target, predicted, chances, groups)

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
        return actual, self.predicted.map(number).fillna(UNKNOWN).to_numpy(int)

    def _like(self, other: "Predictions") -> "Predictions":
        """Return these with the classes of `other`, in the same order."""
        if self.probabilities is None or other.probabilities is None:
            return self
        table = self.probabilities.rename(columns=str)
        chances = table.reindex(columns=other.probabilities.columns.map(str), fill_value=0.0)
        return Predictions(self.problem, self.target, self.predicted, chances, self.groups)

    def _in_order(self) -> list[str]:
        """Return the classes; in binary problems the positive one is last."""
        if self.problem.type != "binary":
            return self.classes
        return sorted(self.classes, key=lambda name: name == self.problem.positive_class)


def _some_groups(groups: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Return the rows of as many groups as are drawn, their groups' numbers, and the scale."""
    if len(groups) <= MOST_ROWS_DRAWN:
        return np.arange(len(groups)), groups, 1.0
    sizes = np.bincount(groups)
    order = np.random.default_rng(SEED).permutation(len(sizes))
    kept = max(2, int(np.searchsorted(sizes[order].cumsum(), MOST_ROWS_DRAWN)))
    rows = np.flatnonzero(np.isin(groups, order[:kept]))
    scale = float(np.sqrt(min(kept, len(sizes)) / len(sizes)))
    return rows, pd.factorize(groups[rows])[0], scale


def scorer(metric: str, problem: Problem) -> Any:
    return get_metric(metric, problem.type)


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
    levels = {"quantile_levels": QUANTILES} if problem.type == "quantile" else {}
    try:
        found = float(measure.convert_score_to_original(measure(actual, predicted, **levels)))
    except (ValueError, ZeroDivisionError):
        return None
    return found if np.isfinite(found) else None
