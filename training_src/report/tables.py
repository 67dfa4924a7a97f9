"""The tables of the report, from predictions of rows whose target is known."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from sklearn.metrics import precision_recall_fscore_support, roc_auc_score

from intervals import drawn, with_unseen
from metrics import MOST_ROWS_DRAWN, Predictions
from report.numbers import confusion, gain, picture_numbers, positive_class, shown_classes
from sampling import random_rows

COST_RATIOS = (1, 2, 5, 10, 20)
MOST_LINES = 200
SHARES_OF_ROWS = (0.05, 0.1, 0.2, 0.3, 0.5)
MOST_MIXED_UP, FEATURES_SHOWN = 8, 20
# Digits of the largest importance; the others have as many decimals.
DIGITS = 4


@dataclass(frozen=True)
class Threshold:
    """What happens when rows are called positive from this probability on."""

    cost_ratio: int
    """A miss costs so many false alarms."""
    line: float
    flagged: int
    found: int
    missed: int
    false_alarms: int

    @property
    def precision(self) -> float:
        return self.found / self.flagged if self.flagged else 0.0

    @property
    def recall(self) -> float:
        return self.found / max(1, self.found + self.missed)


def thresholds(predictions: Predictions) -> list[Threshold]:
    """For each ratio of costs the line that costs least on these rows."""
    actual, probability = positive_class(predictions)
    if not 0 < actual.mean() < 1:
        return []
    lines = np.unique(np.quantile(probability, np.linspace(0, 1, MOST_LINES)))
    counts = [_at(line, actual, probability) for line in lines]
    best = []
    for ratio in COST_RATIOS:
        costs = [ratio * missed + alarms for _, _, missed, alarms in counts]
        place = int(np.argmin(costs))
        best.append(Threshold(ratio, float(lines[place]), *counts[place]))
    return best


def _at(line: float, actual: np.ndarray, probability: np.ndarray) -> tuple[int, int, int, int]:
    """Called positive, found, missed, false alarms."""
    called = probability >= line
    found = int((called & actual).sum())
    return int(called.sum()), found, int(actual.sum()) - found, int(called.sum()) - found


@dataclass(frozen=True)
class Lift:
    """What is found among the rows with the highest probabilities."""

    share: float
    """Of all rows."""
    rows: int
    found: int
    """How many of them are positive."""
    share_found: float
    """Of all positive rows."""
    lift: float
    """How many times as many as among as many rows by chance."""


def lifts(predictions: Predictions) -> list[Lift]:
    """The top parts of the rows; of rows with the same probability at the end, the mean."""
    actual, probability = positive_class(predictions)
    if not 0 < actual.mean() < 1:
        return []
    curve = gain(actual, probability, len(actual) + 1)
    made = []
    for share in SHARES_OF_ROWS:
        rows = max(1, round(share * len(actual)))
        reached = float(np.interp(rows / len(actual), curve["share_of_rows"], curve["share_found"]))
        found = round(reached * int(actual.sum()))
        made.append(Lift(share, rows, found, reached, reached * len(actual) / rows))
    return made


@dataclass(frozen=True)
class ClassScores:
    """How one class fares."""

    name: str
    rows: int
    precision: float
    recall: float
    auc: float | None
    """Against all others; None when all rows are of one kind."""


def class_scores(predictions: Predictions) -> list[ClassScores]:
    """The most frequent classes, in order."""
    target = predictions.target.astype(str)
    names = shown_classes(predictions)
    precision, recall, _, rows = precision_recall_fscore_support(
        target, predictions.predicted.astype(str), labels=names, zero_division=0.0
    )
    return [
        ClassScores(name, int(rows[n]), precision[n], recall[n], _auc(predictions, target, name))
        for n, name in enumerate(names)
    ]


def _auc(predictions: Predictions, target: "pd.Series[str]", name: str) -> float | None:
    assert predictions.probabilities is not None
    actual = target == name
    if name not in predictions.probabilities or actual.all() or not actual.any():
        return None
    return float(roc_auc_score(actual, predictions.probabilities[name]))


def coverage(predictions: Predictions) -> float | None:
    """The share of actual values between the outer quantiles."""
    ranges = predictions.predicted
    if not isinstance(ranges, pd.DataFrame):
        return None
    inside = predictions.target.between(ranges.iloc[:, 0], ranges.iloc[:, -1])
    return float(inside.mean())


@dataclass(frozen=True)
class MixedUp:
    """Rows of one class that are taken for another."""

    actual: str
    predicted: str
    rows: int
    share: float
    """Of the rows of the actual class."""


def mixed_up(predictions: Predictions) -> list[MixedUp]:
    """The most frequent mistakes among the shown classes."""
    table = confusion(predictions)
    of_class = predictions.target.astype(str).value_counts()
    wrong = [
        MixedUp(str(actual), str(said), int(rows), float(rows / of_class[str(actual)]))
        for actual, counts in table.iterrows()
        for said, rows in counts.items()
        if actual != said and rows
    ]
    return sorted(wrong, key=lambda one: -one.rows)[:MOST_MIXED_UP]


@dataclass(frozen=True)
class ImportanceRow:
    """How much a column matters, as it is written and drawn."""

    name: str
    value: str
    interval: str
    """Empty after too few shuffles."""
    width: float
    """In percent of the longest."""
    low: float
    range: float


def importance_rows(importance: pd.DataFrame | None) -> list[ImportanceRow]:
    """The strongest columns; all amounts with the same decimals."""
    if importance is None or importance.empty:
        return []
    shown = importance.head(FEATURES_SHOWN)
    longest = max(float(shown[["high", "importance"]].max().max()), 1e-12)
    decimals = max(0, DIGITS - 1 - int(np.floor(np.log10(longest))))

    def share(value: float) -> float:
        return round(max(0.0, min(1.0, value / longest)) * 100, 1)

    def text(value: float) -> str:
        # Adding zero makes nothing of what is nothing below zero.
        return f"{round(value, decimals) + 0.0:,.{decimals}f}".replace("-", "\N{MINUS SIGN}")

    rows = []
    for name, *values in shown[["feature", "importance", "low", "high"]].itertuples(index=False):
        value, low, high = map(float, values)
        interval = "" if np.isnan(low) else f"{text(low)} – {text(high)}"
        low, high = (0.0, 0.0) if np.isnan(low) else (share(low), share(high))
        rows.append(
            ImportanceRow(str(name), text(value), interval, share(value), low, round(high - low, 1))
        )
    return rows


@dataclass(frozen=True)
class Brier:
    """The mean squared distance between the predicted probabilities and what came true."""

    score: float
    low: float
    high: float
    """The 95% interval."""
    guessing: float
    """What the shares of the classes get, for every row the same."""

    @property
    def skill(self) -> float:
        """How far from guessing, 0, to perfect, 1."""
        return 1 - self.score / self.guessing if self.guessing else 0.0


def brier(predictions: Predictions) -> Brier:
    """Of two classes 0 to 1, of more 0 to 2: summed over the classes."""
    assert predictions.probabilities is not None
    said = predictions.probabilities.to_numpy(float)
    actual = pd.Index(predictions.classes).get_indexer(pd.Index(predictions.target.astype(str)))
    both = 0.5 if predictions.problem.type == "binary" else 1.0

    def off(classes: np.ndarray, chances: np.ndarray) -> np.ndarray:
        happened = classes[:, None] == np.arange(said.shape[1])
        distances: np.ndarray = both * ((chances - happened) ** 2).sum(axis=1)
        return distances

    shares = np.bincount(actual, minlength=said.shape[1]) / len(actual)
    guessing = float(off(actual, np.tile(shares, (len(actual), 1))).mean())
    score, rows = float(off(actual, said).mean()), random_rows(len(said), MOST_ROWS_DRAWN)
    classes, chances, shapes = with_unseen(actual[rows], said[rows])
    distances = off(classes, chances)

    def mean(weights: np.ndarray) -> np.ndarray:
        found: np.ndarray = weights @ distances / weights.sum(1)
        return found

    scale = float(np.sqrt(len(rows) / len(said)))
    low, high = drawn([mean], shapes, len(rows), score, scale) or (score, score)
    return Brier(score, max(0.0, low), high, guessing)


@dataclass(frozen=True)
class Tables:
    """What report.html and report.json say of scored rows, each computed once for both.

    A table that the kind of problem has no use for is empty.
    """

    predictions: Predictions

    @cached_property
    def pictures(self) -> dict[str, pd.DataFrame]:
        """The numbers behind each picture, by its key."""
        return picture_numbers(self.predictions)

    @cached_property
    def thresholds(self) -> list[Threshold]:
        """Of two classes."""
        return thresholds(self.predictions) if self._kind == "binary" else []

    @cached_property
    def lifts(self) -> list[Lift]:
        """Of two classes."""
        return lifts(self.predictions) if self._kind == "binary" else []

    @cached_property
    def classes(self) -> list[ClassScores]:
        """Of more classes."""
        return class_scores(self.predictions) if self._kind == "multiclass" else []

    @cached_property
    def mistakes(self) -> list[MixedUp]:
        """Of more classes."""
        return mixed_up(self.predictions) if self._kind == "multiclass" else []

    @cached_property
    def coverage(self) -> float | None:
        """Of quantiles."""
        return coverage(self.predictions)

    @cached_property
    def brier(self) -> Brier | None:
        """Of classes."""
        return brier(self.predictions) if self.predictions.problem.has_classes else None

    @property
    def _kind(self) -> str:
        return self.predictions.problem.type
