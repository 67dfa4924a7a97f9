"""Whether more rows would help: quick trees that learn from an eighth, a quarter, … of the rows."""

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from lightgbm import LGBMClassifier, LGBMRegressor

from fit import ROWS_FOR_ONE_CORE, split
from intervals import Interval
from metrics import ALIKE, Predictions
from problem import Problem
from sampling import random_rows

SEED = 0
MOST_ROWS, MOST_ROWS_SCORED, MOST_COLUMNS = 20_000, 5000, 200
FEWEST_ROWS = 200
PARTS = (8, 4, 2, 1)
ROUNDS, FEWEST_IN_A_LEAF = 60, 5
# Trees on twice as many rows take at most so many times as long.
GROWTH = 2.0


@dataclass(frozen=True)
class LearningPoint:
    """What quick trees reach that learned from so many rows."""

    rows: int
    score: float
    interval: Interval
    """95%."""


@dataclass(frozen=True)
class LearningCurve:
    """Scores by rows learned from, all on the same rows, which none has learned from."""

    points: list[LearningPoint]
    doubling: str
    """Whether the last point is BETTER than the one before, WORSE, or ALIKE within chance."""


def learning_curve(
    rows: pd.DataFrame, target: str, problem: Problem, seconds: float
) -> LearningCurve | None:
    """Return the curve as far as time allows; None where that is no curve, and for quantiles."""
    if problem.type == "quantile" or len(rows) < FEWEST_ROWS:
        return None
    end = time.monotonic() + seconds
    some = rows.iloc[random_rows(len(rows), MOST_ROWS)].reset_index(drop=True)
    names = [name for name in some.columns if name != target][:MOST_COLUMNS]
    learned, scored = split(some[[*names, target]], target, problem)
    learned = learned.sample(frac=1, random_state=SEED)
    scored = scored.iloc[random_rows(len(scored), MOST_ROWS_SCORED)]
    points: list[LearningPoint] = []
    answers: list[Predictions] = []
    took = 0.0
    for part in PARTS:
        if points and time.monotonic() + GROWTH * took > end:
            break
        start = time.monotonic()
        few = learned.head(len(learned) // part)
        found = _predictions(few, scored, names, target, problem)
        score = found.score(problem.metric) if found else None
        interval = found.interval(problem.metric) if found else None
        took = time.monotonic() - start
        if found and score is not None and interval is not None:
            points.append(LearningPoint(len(few), score, interval))
            answers.append(found)
    if len(points) < 2:
        return None
    doubled = points[-1].rows < 3 * points[-2].rows
    lead = answers[-1].compared_with(answers[-2], problem.metric) if doubled else ALIKE
    return LearningCurve(points, lead)


def _predictions(
    learned: pd.DataFrame, scored: pd.DataFrame, names: list[str], target: str, problem: Problem
) -> Predictions | None:
    """What quick trees say of the scored rows; None where there is one class to learn only."""
    if learned[target].nunique() < 2:
        return None
    settings: Any = {
        "n_estimators": ROUNDS,
        "min_child_samples": FEWEST_IN_A_LEAF,
        "random_state": SEED,
        "n_jobs": 1 if len(learned) <= ROWS_FOR_ONE_CORE else None,
        "verbose": -1,
    }
    if not problem.has_classes:
        said = LGBMRegressor(**settings).fit(learned[names], learned[target]).predict(scored[names])
        return Predictions(problem, scored[target], pd.Series(np.asarray(said), scored.index), None)
    model = LGBMClassifier(**settings).fit(learned[names], learned[target].astype(str))
    chances = pd.DataFrame(
        np.asarray(model.predict_proba(scored[names])), scored.index, list(model.classes_)
    )
    known = sorted({*scored[target].astype(str), *chances.columns})
    chances = chances.reindex(columns=known, fill_value=0.0)
    return Predictions(problem, scored[target].astype(str), chances.idxmax(axis=1), chances)
