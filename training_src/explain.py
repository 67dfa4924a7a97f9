"""Which columns matter, and what the strongest of them do to the prediction."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from fit import Fitted
from metrics import Predictions, higher_is_better
from model_code.columns import CATEGORY, DATE, Column
from model_code.predictions import Model
from model_code.preprocessor import Preprocessor
from model_code.reasons import child_weights
from prepare import Prepared
from problem import Problem
from sampling import random_rows
from scoring import as_predictions

SEED = 0
ROWS, SHUFFLES, FEWEST_SHUFFLES = 1000, 5, 3
MOST_FEATURES, ROWS_TO_CHOOSE_BY = 100, 100
EFFECT_COLUMNS, EFFECT_POINTS, EFFECT_ROWS = 6, 12, 150
MOST_CLASSES_DRAWN = 4
UNITS = {DATE: "date", CATEGORY: "category"}


@dataclass(frozen=True)
class Effect:
    """The mean prediction when all rows had one value of a column."""

    column: str
    values: list[str] | list[float]
    """Numbers in ascending order, or the usual categories."""
    curves: dict[str, list[float]]
    """Class → probability, or the name of the target → number."""
    unit: str
    """`number`, `date` or `category`."""


def importance(fitted: Fitted, model: Model, problem: Problem, seconds: float) -> pd.DataFrame:
    """How much worse the metric gets when a column is shuffled, with 95 % intervals.

    Columns: feature, importance, low, high, shuffles. On the scored rows, which no model has seen.
    """
    if fitted.scored_on == "out-of-fold":
        rows, predict = _of_folds(fitted)
    else:
        rows = fitted.scored.drop(columns=fitted.predictor.label)
        predict = partial(_of_best, fitted)
    rows = rows.iloc[random_rows(len(rows), ROWS)]
    names: dict[str, list[str]] = {}
    for name in _worth_shuffling(fitted, model) or rows.columns:
        names.setdefault(model.preprocessor.made_of(str(name)), []).append(name)
    target = fitted.scored[fitted.predictor.label]

    def scorable(copies: list[pd.DataFrame]) -> list[Predictions]:
        return [
            as_predictions(fitted.predictor, answer, target, problem) for answer in predict(copies)
        ]

    return shuffled_importance(scorable, rows, names, problem.fit_metric, seconds)


def shuffled_importance(
    predict: Callable[[list[pd.DataFrame]], list[Predictions]],
    rows: pd.DataFrame,
    columns: Mapping[str, Sequence[str]],
    metric: str,
    seconds: float,
) -> pd.DataFrame:
    """Return how much worse the metric gets when features are shuffled together, by column.

    `predict` answers copies of `rows`, which no model has learned from, all at once, because each
    call takes milliseconds; `columns`: name → its features. Other rows and other shuffles would
    give other numbers; the interval covers both, as each row is shuffled for itself. It is NaN
    after fewer than FEWEST_SHUFFLES.
    """
    random, end = np.random.default_rng(SEED), time.monotonic() + seconds
    # An interval is worth waiting for.
    last_end = end + (FEWEST_SHUFFLES - 1) * seconds
    (whole,) = predict([rows])
    answers: dict[str, list[Predictions]] = {name: [] for name in columns}
    shuffles, longest = 0, 0.0
    while shuffles < SHUFFLES:
        limit = end if shuffles >= FEWEST_SHUFFLES else last_end
        if shuffles and time.monotonic() + longest > limit:
            break
        start = time.monotonic()
        order = random.permutation(len(rows))
        copies = [
            rows.assign(**{feature: rows[feature].array.take(order) for feature in features})
            for features in columns.values()
        ]
        for name, answer in zip(columns, predict(copies), strict=True):
            answers[name].append(answer)
        shuffles, longest = shuffles + 1, max(longest, time.monotonic() - start)
    sign = 1 if higher_is_better(metric, whole.problem) else -1
    found = []
    for name, shuffled in answers.items():
        value, (low, high) = whole.lead_of_mean(shuffled, metric)
        low, high = sorted((sign * low, sign * high))
        if shuffles < FEWEST_SHUFFLES:
            low = high = float("nan")
        found.append((name, sign * value, low, high, shuffles))
    table = pd.DataFrame(found, columns=["feature", "importance", "low", "high", "shuffles"])
    return table.sort_values("importance", ascending=False, kind="stable").reset_index(drop=True)


def _worth_shuffling(fitted: Fitted, model: Model) -> list[str] | None:
    """Return all features, or only the strongest when shuffling all would take too long."""
    names = [name for name in fitted.scored.columns if name != model.preprocessor.target]
    if len(names) <= MOST_FEATURES or not model.reasons.possible:
        return None
    sample = fitted.scored[names].head(ROWS_TO_CHOOSE_BY)
    moved = model.reasons.contributions(sample, None).abs().mean()
    strongest = set(moved.nlargest(MOST_FEATURES).index)
    return [name for name in names if model.preprocessor.made_of(name) in strongest]


def _of_best(fitted: Fitted, copies: list[pd.DataFrame]) -> list[Any]:
    predictor, size = fitted.predictor, len(copies[0])
    stacked = pd.concat(copies, ignore_index=True)
    ask = predictor.predict_proba if predictor.can_predict_proba else predictor.predict
    answer = ask(stacked, model=fitted.best)
    starts = range(0, len(stacked), size)
    return [answer.iloc[start : start + size].set_axis(copies[0].index) for start in starts]


def _of_folds(fitted: Fitted) -> tuple[pd.DataFrame, Callable[[list[pd.DataFrame]], list[Any]]]:
    """Return the features that AutoGluon made of the rows, and what answers them out of fold.

    AutoGluon predicts rows out of fold only as they are, not with a shuffled column.
    """
    predictor = fitted.predictor
    trainer, learner = predictor._trainer, predictor._learner
    x, y = trainer.load_X(), trainer.load_y()
    members = []
    for name, weight in child_weights(predictor, fitted.best).items():
        bagged = trainer.load_model(name)
        folds = [rows for _, rows in bagged._cv_splitters[0].split(X=x, y=y)]
        for child, rows in zip(bagged.models, folds, strict=True):
            members.append((bagged.load_child(child), weight, x.index[rows]))

    def predict(copies: list[pd.DataFrame]) -> list[Any]:
        index, parts = copies[0].index, []
        for member, weight, rows in members:
            here = index.intersection(rows)
            if len(here):
                answer = member.predict_proba(pd.concat([copy.loc[here] for copy in copies]))
                numbers = np.repeat(np.arange(len(copies)), len(here))
                labels = pd.MultiIndex.from_arrays([numbers, np.tile(here, len(copies))])
                parts.append(pd.DataFrame(answer * weight, labels))
        summed = pd.concat(parts).groupby(level=[0, 1]).sum()
        values = summed.to_numpy() if summed.shape[1] > 1 else summed.to_numpy()[:, 0]
        answers = learner._post_process_predict_proba(values, index=summed.index)
        return [answers.xs(n).reindex(index) for n in range(len(copies))]

    return x, predict


def effects(model: Model, prepared: Prepared, columns: list[str]) -> list[Effect]:
    """Return partial dependence of the given columns, from one prediction for all values."""
    rows, preprocessor = prepared.rows, prepared.preprocessor
    sample = rows.sample(min(len(rows), EFFECT_ROWS), random_state=SEED)
    sample = sample.drop(columns=preprocessor.target)
    features = {name: feature for feature, name in preprocessor.labels.items()}
    known = {column.name: column for column in preprocessor.columns}
    chosen = [known[name] for name in columns if name in known and name in features]
    chosen = chosen[:EFFECT_COLUMNS]
    grids = {column.name: _grid(rows[features[column.name]]) for column in chosen}
    copies = [
        _with_value(sample, column, value, preprocessor)
        for column in chosen
        for value in grids[column.name]
    ]
    if not copies:
        return []
    answers = _means(model, pd.concat(copies, ignore_index=True), len(sample))
    made, place = [], 0
    for column in chosen:
        grid = grids[column.name]
        means = answers.iloc[place : place + len(grid)]
        place += len(grid)
        curves = {str(label): means[label].tolist() for label in means}
        unit = UNITS.get(column.kind, "number")
        made.append(Effect(column.name, _shown(column, grid), curves, unit))
    return made


def _with_value(
    sample: pd.DataFrame, column: Column, value: object, preprocessor: Preprocessor
) -> pd.DataFrame:
    """The rows as if all had this value of a column."""
    feature = preprocessor.feature_of(column.name)
    if column.kind == DATE:
        days = pd.Series(_date(column, float(value)), sample.index)  # type: ignore[arg-type]
        return sample.assign(**preprocessor.of_date(column, days))
    return sample.assign(**{feature: _filled(sample[feature], value)})


def _date(column: Column, days: float) -> pd.Timestamp:
    return (pd.Timestamp(0) + pd.Timedelta(days=days + column.offset)).as_unit("us")


def _means(model: Model, rows: pd.DataFrame, size: int) -> pd.DataFrame:
    """Return the mean prediction of each block of `size` rows.

    Shape (n_blocks, n): the probability of the positive class, at most MOST_CLASSES_DRAWN
    classes, each quantile, or the number.
    """
    predictor = model.predictor
    if predictor.problem_type == "binary":
        positive = predictor.positive_class
        found = predictor.predict_proba(rows)[[positive]]
    elif predictor.problem_type == "multiclass":
        found = predictor.predict_proba(rows)
        usual = found.mean().nlargest(MOST_CLASSES_DRAWN).index
        found = found[sorted(usual)]
    else:
        answer = predictor.predict(rows)
        found = answer if isinstance(answer, pd.DataFrame) else answer.to_frame(predictor.label)
    means: pd.DataFrame = found.groupby(np.arange(len(rows)) // size).mean()
    return means


def _grid(values: pd.Series) -> list[object]:
    """Return values from the 2nd to the 98th percentile, or the most frequent categories."""
    present = values.dropna()
    if values.dtype == "category":
        return list(present.astype(object).value_counts().index[:8])
    if present.nunique() <= EFFECT_POINTS:
        return sorted(present.unique())
    shares = np.linspace(0.02, 0.98, EFFECT_POINTS)
    return list(dict.fromkeys(present.quantile(shares, interpolation="nearest")))


def _filled(values: pd.Series, value: object) -> pd.Series:
    if values.dtype == "category":
        return pd.Series(pd.Categorical([value] * len(values), values.cat.categories), values.index)
    return pd.Series(value, values.index).astype(values.dtype)


def _shown(column: Column, grid: list[object]) -> list[str] | list[float]:
    """The values as people write them."""
    if column.kind == CATEGORY:
        return [str(value) for value in grid]
    numbers = [float(value) for value in grid]  # type: ignore[arg-type]
    if column.kind == DATE:
        return [f"{_date(column, number):%Y-%m-%d}" for number in numbers]
    return [number + column.offset for number in numbers]
