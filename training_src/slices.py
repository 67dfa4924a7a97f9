"""Where the model is weak: scores of parts of the rows, each beside all other rows."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.stats import t, ttest_ind

from contract.messages import score_text
from intervals import Interval, Z
from metrics import ALIKE, BETTER, WORSE, Predictions, higher_is_better
from model_code.preprocessor import DAYS, Preprocessor
from reading.column import CATEGORY, DATE, NUMBERS, TEXT, Column
from report.numbers import numbers, positive_class
from sampling import random_rows

MOST_ROWS, FEWEST_ROWS = 10_000, 20
MOST_COLUMNS, MOST_VALUES = 3, 6
QUARTERS = 4
# From the coarsest to the finest; how many of them are few enough to look at.
PERIODS, MOST_PERIODS = ("Y", "Q", "M"), 8
# That a report marks any of equally good parts; at 0.05 and not 0.04, 5.7 % of 600 did.
CHANCE = 0.04
TOO_HIGH, TOO_LOW = "too_high", "too_low"


@dataclass(frozen=True)
class Slice:
    """The rows that share a value of a column."""

    column: str
    value: str | None
    """A category, a range, or a period; None where the value is missing."""
    rows: int
    score: float | None
    interval: Interval | None
    """Of the score, 95%."""
    actual: float | None
    """The mean, or the share of the positive class; None with more than two classes."""
    predicted: float | None
    """The mean prediction, or the mean probability of the positive class."""
    against_rest: str = ALIKE
    """BETTER or WORSE than all other rows where chance does not explain it, else ALIKE."""
    bias: str = ALIKE
    """TOO_HIGH or TOO_LOW beside all other rows where chance does not explain it, else ALIKE."""


_Scored = tuple[float | None, Interval | None]


@dataclass(frozen=True)
class _Tested:
    slice: Slice
    better: bool
    chance_of_score: float
    higher: bool
    chance_of_bias: float


def find_slices(
    predictions: Predictions,
    parts: Mapping[str, pd.Series],
    metric: str,
    seconds: float,
    spread: float = 1.0,
) -> list[Slice]:
    """Return scores by column and value, the most rows first; columns for which there is time.

    `parts`: column → the value of each row as text, missing where it is, with the labels of the
    predictions. `spread` widens intervals, for what these rows do not show. What differs from all
    other rows is tested with Holm's correction for the number of tests.
    """
    end, tested, longest = time.monotonic() + seconds, list[_Tested](), 0.0
    chosen = predictions.target.index[random_rows(len(predictions), MOST_ROWS)]
    some = predictions.of_rows(chosen)
    for column, values in parts.items():
        start = time.monotonic()
        if tested and start + longest > end:
            break
        tested += _of_column(some, column, values.loc[chosen], metric, spread)
        longest = max(longest, time.monotonic() - start)
    count = len(tested)
    chances = [one.chance_of_score for one in tested] + [one.chance_of_bias for one in tested]
    beyond = beyond_chance(chances)
    return [
        replace(
            one.slice,
            against_rest=(BETTER if one.better else WORSE) if beyond[n] else ALIKE,
            bias=(TOO_HIGH if one.higher else TOO_LOW) if beyond[count + n] else ALIKE,
        )
        for n, one in enumerate(tested)
    ]


def beyond_chance(chances: Sequence[float]) -> list[bool]:
    """Return which differences chance does not explain: in CHANCE of all cases any one of them.

    Holm (1979), "A simple sequentially rejective multiple test procedure".
    """
    found = [False] * len(chances)
    for place, number in enumerate(sorted(range(len(chances)), key=lambda n: chances[n])):
        if chances[number] * (len(chances) - place) > CHANCE:
            break
        found[number] = True
    return found


def _of_column(
    predictions: Predictions, column: str, values: pd.Series, metric: str, spread: float
) -> Iterator[_Tested]:
    labels = values.astype(object).where(values.notna(), None)
    counts, off = labels.value_counts(dropna=False), _off(predictions)
    for value, rows in counts.head(MOST_VALUES).items():
        missing = not isinstance(value, str)
        here = (labels.isna() if missing else labels == value).to_numpy()
        if rows < FEWEST_ROWS or len(here) - rows < FEWEST_ROWS:
            continue
        index = predictions.target.index
        inside, rest = (predictions.of_rows(index[part]) for part in (here, ~here))
        ours, theirs = (_scored(part, metric, spread) for part in (inside, rest))
        lead, chance = _lead(ours, theirs, int(rows))
        bias, chance_of_bias = 0.0, 1.0
        if off is not None and off[here].std() + off[~here].std() > 0:
            bias = float(off[here].mean() - off[~here].mean())
            chance_of_bias = float(ttest_ind(off[here], off[~here], equal_var=False).pvalue)
        name = None if missing else str(value)
        found = Slice(column, name, int(rows), *ours, *_means(inside))
        better = (lead > 0) == higher_is_better(metric, predictions.problem)
        yield _Tested(found, better, chance, bias > 0, chance_of_bias)


def _scored(part: Predictions, metric: str, spread: float) -> _Scored:
    return part.score(metric), part.interval(metric, spread)


def _lead(ours: _Scored, theirs: _Scored, rows: int) -> tuple[float, float]:
    """Return the difference of two scores of different rows, and how likely chance explains it.

    The interval of the difference is made of the intervals of both (Zou & Donner 2008,
    "Construction of confidence limits about effect measures"), its errors estimated from `rows`.
    """
    (score, interval), (other, others) = ours, theirs
    if score is None or interval is None or other is None or others is None:
        return 0.0, 1.0
    lead = score - other
    # The end of each that is nearer to the other.
    near, far = (0, 1) if lead > 0 else (1, 0)
    margin = float(np.hypot(interval[near] - score, others[far] - other))
    return lead, float(2 * t.sf(Z * abs(lead) / margin, rows - 1)) if margin > 0 else 1.0


def _off(predictions: Predictions) -> np.ndarray | None:
    """Predicted minus actual of each row; None with more than two classes."""
    if predictions.problem.type == "multiclass":
        return None
    actual, predicted = _actual_and_predicted(predictions)
    off: np.ndarray = predicted - actual
    return off


def _means(predictions: Predictions) -> tuple[float | None, float | None]:
    if predictions.problem.type == "multiclass":
        return None, None
    actual, predicted = _actual_and_predicted(predictions)
    return float(actual.mean()), float(predicted.mean())


def _actual_and_predicted(predictions: Predictions) -> tuple[np.ndarray, np.ndarray]:
    if predictions.problem.type == "binary":
        actual, chance = positive_class(predictions)
        return actual.astype(float), chance
    return numbers(predictions)


def parts_of(
    rows: pd.DataFrame, preprocessor: Preprocessor, strongest: Sequence[str]
) -> dict[str, pd.Series]:
    """Column → the part that each row is in: of the strongest columns, categories first, numbers by
    quarters where there are too few categories, and the first date by period."""
    known = {column.name: column for column in preprocessor.columns}
    whole = [known[name] for name in strongest if name in known]
    columns = [column for column in whole if column.kind not in (NUMBERS, TEXT)]
    features = {column.name: rows[_feature(column, preprocessor)] for column in columns}
    # Numbers with few values, such as a class of tickets, are categories to people.
    columns.sort(key=lambda column: not _is_category(column, features[column.name]))
    found: dict[str, pd.Series] = {}
    dates: dict[str, pd.Series] = {}
    for column in columns:
        into, most = (dates, 1) if column.kind == DATE else (found, MOST_COLUMNS)
        if len(into) < most and _divides(parts := _parts(column, features[column.name])):
            into[column.name] = parts
    return {**found, **dates}


def _feature(column: Column, preprocessor: Preprocessor) -> str:
    name = preprocessor.feature_of(column.name)
    return f"{name}_{DAYS}" if column.kind == DATE else name


def _is_category(column: Column, values: pd.Series) -> bool:
    return column.kind == CATEGORY or values.nunique() <= MOST_VALUES


def _divides(parts: pd.Series) -> bool:
    """Whether there are two parts or more that are large enough to be compared."""
    return int((parts.value_counts() >= FEWEST_ROWS).sum()) > 1


def _parts(column: Column, values: pd.Series) -> pd.Series:
    if column.kind == DATE:
        return _periods(values + column.offset)
    if column.kind == CATEGORY:
        return values.astype(object)
    numbers = values.astype(float) + column.offset
    if _is_category(column, values):
        return numbers.map(score_text, na_action="ignore").astype(object)
    return _ranges(numbers)


def _periods(days: pd.Series) -> pd.Series:
    """Years, quarters, or months, whichever are at least two and not too many; else ranges."""
    dates = pd.to_datetime(days, unit="D", errors="coerce")
    for period in PERIODS:
        found = dates.dt.to_period(period)
        if 1 < found.nunique() <= MOST_PERIODS:
            return found.astype(str).where(dates.notna()).astype(object)
    codes = _quarters(days)
    ends = dates.groupby(codes).agg(["min", "max"])
    names = {n: f"{low:%Y-%m-%d} – {high:%Y-%m-%d}" for n, low, high in ends.itertuples()}
    return codes.map(names).astype(object)


def _ranges(numbers: pd.Series) -> pd.Series:
    codes = _quarters(numbers)
    ends = numbers.groupby(codes).agg(["min", "max"])
    names = {n: f"{score_text(low)} – {score_text(high)}" for n, low, high in ends.itertuples()}
    return codes.map(names).astype(object)


def _quarters(numbers: pd.Series) -> pd.Series:
    """Four parts with about as many rows each; missing where the number is."""
    return pd.Series(pd.qcut(numbers, QUARTERS, labels=False, duplicates="drop"), numbers.index)
