"""Which columns matter."""

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from fit import Fitted
from metrics import Predictions, higher_is_better
from model_code.predictions import Model
from model_code.reasons import child_weights
from problem import Problem
from sampling import random_rows
from scoring import as_predictions

SEED = 0
ROWS, SHUFFLES, FEWEST_SHUFFLES = 1000, 5, 3
MOST_FEATURES, ROWS_TO_CHOOSE_BY = 100, 100
# Of the strongest column's importance.
SOME_SHARE = 0.01


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
            as_predictions(fitted.predictor, answer, target, problem, fitted.groups)
            for answer in predict(copies)
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


def that_matter(importance: pd.DataFrame) -> list[str]:
    """Return the columns, strongest first, of some importance that chance does not explain.

    Where there was no time for intervals, chance is not considered.
    """
    some = importance["importance"] > max(0.0, SOME_SHARE * importance["importance"].max())
    beyond_chance = (importance["low"] > 0) | importance["low"].isna()
    return list(importance["feature"][some & beyond_chance])


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
    # What some presets fit once more on all rows has seen them all.
    for name, weight in child_weights(predictor, fitted.best.removesuffix("_FULL")).items():
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
