"""What one gets without AutoGluon: guessing, and a linear model."""

import numpy as np
import pandas as pd
from sklearn.model_selection import KFold, PredefinedSplit, StratifiedKFold

from metrics import Predictions
from model_code.plain_models import chances_of, learn_weights
from problem import QUANTILES, Problem
from sampling import random_rows
from splits import Structure, fold_numbers

SEED = 0
MOST_ROWS, MOST_ROWS_SCORED, MOST_COLUMNS = 5000, 20_000, 200
FOLDS = 5


def guessed(problem: Problem, train: pd.Series, target: pd.Series) -> Predictions:
    """Predict the most frequent class with the class shares, or the mean, for every row."""
    if problem.has_classes:
        shares = train.value_counts(normalize=True).sort_index()
        probabilities = pd.DataFrame(
            np.tile(shares.to_numpy(), (len(target), 1)),
            target.index,
            [str(c) for c in shares.index],
        )
        usual = pd.Series(str(shares.idxmax()), target.index)
        return Predictions(problem, target, usual, probabilities)
    if problem.type == "quantile":
        values = np.tile(train.quantile(QUANTILES).to_numpy(), (len(target), 1))
        return Predictions(problem, target, pd.DataFrame(values, target.index, QUANTILES), None)
    return Predictions(problem, target, pd.Series(float(train.mean()), target.index), None)


def linear(
    problem: Problem,
    train: pd.DataFrame,
    scored: pd.DataFrame,
    target: str,
    same_rows: bool,
    groups: pd.Series | None = None,
) -> Predictions | None:
    """A regularised linear model on at most 5,000 rows; None for quantiles.

    It predicts the scored rows, or 20,000 of them.

    `same_rows`: it is scored on the rows that it learns from, out of fold. `groups`: of the scored
    rows, which are never in two folds.
    """
    if problem.type == "quantile":
        return None
    learned = train.sample(min(len(train), MOST_ROWS), random_state=SEED).sort_index()
    names = [name for name in train.columns if name != target][:MOST_COLUMNS]
    rows = learned if same_rows else scored.iloc[random_rows(len(scored), MOST_ROWS_SCORED)]
    goal = learned[target].to_numpy()
    classes = [str(name) for name in np.unique(goal)] if problem.has_classes else []
    if classes:
        goal = np.unique(goal, return_inverse=True)[1]
    if same_rows:
        found = np.empty((len(rows), max(1, len(classes))))
        for learn, score in _folds(learned[target], problem, groups).split(goal, goal):
            some = learned[names].iloc[learn]
            found[score] = _answers(some, goal[learn], learned[names].iloc[score], len(classes))
    else:
        found = _answers(learned[names], goal, rows[names], len(classes))
    if not classes:
        return Predictions(problem, rows[target], pd.Series(found[:, 0], rows.index), None)
    probabilities = pd.DataFrame(found, rows.index, classes)
    return Predictions(problem, rows[target], probabilities.idxmax(axis=1), probabilities)


def _answers(
    learned: pd.DataFrame, goal: np.ndarray, asked: pd.DataFrame, classes: int
) -> np.ndarray:
    """What the linear model in the race says: chances, shape (n_rows, n_classes), or a number."""
    scores = learn_weights(learned, goal, classes).scores(asked)
    return chances_of(scores) if classes else scores


def _folds(
    target: pd.Series, problem: Problem, groups: pd.Series | None
) -> KFold | StratifiedKFold | PredefinedSplit:
    if groups is not None:
        own = groups.loc[target.index]
        numbers = fold_numbers(target, problem, Structure(own), FOLDS)
        if numbers is None:
            raise ValueError("no folds of whole groups have every class")
        return PredefinedSplit(numbers.to_numpy())
    enough = problem.has_classes and target.value_counts().min() >= FOLDS
    kind = StratifiedKFold if enough else KFold
    return kind(FOLDS, shuffle=True, random_state=SEED)
