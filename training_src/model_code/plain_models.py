"""A linear model and a guess, in the race beside AutoGluon's trees.

What they have learned is arrays and texts, which any version of scikit-learn leaves alone: a model
is trained in AWS's container and predicts on laptops that have another one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from autogluon.common.features.types import R_BOOL, R_CATEGORY, R_FLOAT, R_INT
from autogluon.core.models import AbstractModel
from scipy.special import expit, logit, softmax

SEED = 0
MOST_ROWS, MOST_COLUMNS, MOST_VALUES = 20_000, 200, 20
# A value that fewer rows have says nothing that lasts.
FEWEST_OF_A_VALUE = 2
TRIES = 200
# The log-odds of a class that the rows lack, and the least share of a class.
NEVER, LEAST_SHARE = -30.0, 1e-6


@dataclass(frozen=True)
class Number:
    """A column of numbers, as a linear model reads it."""

    name: str
    usual: float
    """What stands for a missing value: the median."""
    low: float
    high: float
    """What it has seen; beyond that nothing changes any more."""
    mean: float
    scale: float

    def features(self, values: pd.Series) -> np.ndarray:
        """Return the standardized numbers, and which are missing, shape (n_rows, 2)."""
        numbers = values.astype(float).to_numpy()
        lacks = ~np.isfinite(numbers)
        clipped = np.clip(np.where(lacks, self.usual, numbers), self.low, self.high)
        return np.column_stack([(clipped - self.mean) / self.scale, lacks])


@dataclass(frozen=True)
class Category:
    """A column of categories, as a linear model reads it."""

    name: str
    values: tuple[str, ...]
    """The frequent ones, each a feature; all others are none of them."""

    def features(self, values: pd.Series) -> np.ndarray:
        """Return which value each row has, shape (n_rows, n_values)."""
        cells = values if values.dtype == "category" else values.astype(str).astype("category")
        # The last of the codes is a missing cell's, which is -1.
        codes = [*range(len(cells.cat.categories)), -1]
        texts = pd.Series(pd.Categorical.from_codes(codes, cells.cat.categories)).astype(str)
        place = {value: number for number, value in enumerate(self.values)}
        places = np.array([place.get(text, len(place)) for text in texts])
        # As wide as needed, and one more for values that are none of them.
        found: np.ndarray = np.eye(len(place) + 1, len(place))[places[cells.cat.codes.to_numpy()]]
        return found


@dataclass(frozen=True)
class LinearWeights:
    """What each feature of each column weighs, by score: one, or one per class of several."""

    columns: tuple[Number | Category, ...]
    weights: np.ndarray
    """Shape (n_features, n_scores)."""
    means: np.ndarray
    """Of the features over the rows that it learned from, shape (n_features,)."""
    intercepts: np.ndarray
    """Shape (n_scores,)."""

    def scores(self, rows: pd.DataFrame) -> np.ndarray:
        """Return log-odds or numbers, shape (n_rows, n_scores)."""
        found: np.ndarray = self._features(rows) @ self.weights + self.intercepts
        return found

    def moved(self, rows: pd.DataFrame) -> tuple[list[str], np.ndarray]:
        """Return names of columns, and what each adds to the average row's scores.

        Shape (n_rows, n_scores, n_columns + 1); the average row's scores are the last column.
        These are the Shapley values of a linear model: a weight times the distance to the mean.
        """
        away = self._features(rows) - self.means
        moved = np.empty((len(rows), self.weights.shape[1], len(self.columns) + 1))
        place = 0
        for number, column in enumerate(self.columns):
            own = slice(place, place := place + _width(column))
            moved[:, :, number] = away[:, own] @ self.weights[own]
        moved[:, :, -1] = self.means @ self.weights + self.intercepts
        return [column.name for column in self.columns], moved

    def _features(self, rows: pd.DataFrame) -> np.ndarray:
        return features_of(self.columns, rows)


def learn_weights(rows: pd.DataFrame, target: np.ndarray, classes: int) -> LinearWeights:
    """Learn a regularized logistic regression, or a ridge regression, from at most MOST_ROWS rows.

    `target` has class numbers, or numbers where `classes` is 0.
    """
    # Only learning needs it.
    from sklearn.linear_model import LogisticRegression, Ridge

    if len(rows) > MOST_ROWS:
        some = np.sort(np.random.default_rng(SEED).choice(len(rows), MOST_ROWS, replace=False))
        rows, target = rows.iloc[some], target[some]
    columns = tuple(found for name in rows.columns[:MOST_COLUMNS] if (found := _read(rows[name])))
    features = features_of(columns, rows)
    means = features.mean(axis=0)
    if not classes:
        ridge = Ridge(random_state=SEED).fit(features, target)
        return LinearWeights(columns, ridge.coef_[:, None], means, np.array([ridge.intercept_]))
    model = LogisticRegression(max_iter=TRIES, random_state=SEED).fit(features, target)
    if classes == 2:
        return LinearWeights(columns, model.coef_.T, means, model.intercept_)
    weights, intercepts = np.zeros((len(means), classes)), np.full(classes, NEVER)
    known = model.classes_.astype(int)
    # Of two classes that are left of several, scikit-learn gives the scores of the second.
    weights[:, known[-len(model.coef_) :]] = model.coef_.T
    intercepts[known] = 0.0
    intercepts[known[-len(model.coef_) :]] = model.intercept_
    return LinearWeights(columns, weights, means, intercepts)


def chances_of(scores: np.ndarray) -> np.ndarray:
    """Return the probability of each class, of its scores; of two classes there is one score."""
    if scores.shape[1] == 1:
        chance = expit(scores[:, 0])
        return np.column_stack([1 - chance, chance])
    shares: np.ndarray = softmax(scores, axis=1)
    return shares


def features_of(columns: Sequence[Number | Category], rows: pd.DataFrame) -> np.ndarray:
    """Return the features of all columns side by side, shape (n_rows, n_features)."""
    made = [column.features(rows[column.name]) for column in columns]
    return np.hstack([np.empty((len(rows), 0)), *made])


def _width(column: Number | Category) -> int:
    return 2 if isinstance(column, Number) else len(column.values)


def _read(values: pd.Series) -> Number | Category | None:
    """How a column is read; None when it says the same of all rows."""
    if values.dtype == "category" or values.dtype == object:
        counts = values.astype(str).value_counts()
        usual = counts[counts >= FEWEST_OF_A_VALUE].head(MOST_VALUES)
        return Category(str(values.name), tuple(usual.index)) if len(usual) else None
    numbers = values.astype(float)
    numbers = numbers[np.isfinite(numbers)]
    if numbers.nunique() < 2:
        return None
    filled = values.astype(float).where(np.isfinite(values.astype(float)), numbers.median())
    return Number(
        str(values.name),
        float(numbers.median()),
        float(numbers.min()),
        float(numbers.max()),
        float(filled.mean()),
        float(filled.std(ddof=0)),
    )


class PlainModel(AbstractModel):  # type: ignore[misc]
    """What both models tell AutoGluon."""

    _supported_problem_types: ClassVar = ["binary", "multiclass", "regression"]
    _default_auxiliary_params_extra: ClassVar = {
        "valid_raw_types": [R_BOOL, R_INT, R_FLOAT, R_CATEGORY]
    }

    def _predict_proba(self, X: pd.DataFrame, **kwargs: Any) -> np.ndarray:
        scores = self.scores(self.preprocess(X, **kwargs))
        if self.problem_type == "regression":
            return scores[:, 0]
        chances = chances_of(scores)
        return chances[:, 1] if self.problem_type == "binary" else chances

    def scores(self, rows: pd.DataFrame) -> np.ndarray:
        """Return log-odds or numbers, shape (n_rows, n_scores)."""
        raise NotImplementedError

    def contributions(self, rows: pd.DataFrame) -> tuple[list[str], np.ndarray]:
        """Return names of columns and what each adds, as `LinearWeights.moved` does."""
        raise NotImplementedError

    def _more_tags(self) -> dict[str, Any]:
        # Else a refit is a copy of the folds, and no model has learned from all rows.
        return {"can_refit_full": True}

    def _classes(self) -> int:
        return 0 if self.problem_type == "regression" else int(self.num_classes)


class Linear(PlainModel):
    """A linear model of all columns."""

    ag_key = "LINEAR"
    ag_name = "Linear"

    def _fit(self, X: pd.DataFrame, y: pd.Series, **kwargs: Any) -> None:
        self.model = learn_weights(self.preprocess(X), y.to_numpy(), self._classes())

    def scores(self, rows: pd.DataFrame) -> np.ndarray:
        found: np.ndarray = self.model.scores(rows)
        return found

    def contributions(self, rows: pd.DataFrame) -> tuple[list[str], np.ndarray]:
        found: tuple[list[str], np.ndarray] = self.model.moved(rows)
        return found


class Guess(PlainModel):
    """The shares of the classes, or the mean, whatever a row holds."""

    ag_key = "GUESS"
    ag_name = "Guess"

    def _fit(self, X: pd.DataFrame, y: pd.Series, **kwargs: Any) -> None:
        del X
        classes = self._classes()
        if not classes:
            self.model = np.array([float(y.mean())])
            return
        shares = np.bincount(y.to_numpy(int), minlength=classes) / len(y)
        shares = np.clip(shares, LEAST_SHARE, 1 - LEAST_SHARE)
        self.model = np.array([logit(shares[1])]) if classes == 2 else np.log(shares)

    def scores(self, rows: pd.DataFrame) -> np.ndarray:
        return np.tile(self.model, (len(rows), 1))

    def contributions(self, rows: pd.DataFrame) -> tuple[list[str], np.ndarray]:
        return [], self.scores(rows)[:, :, None]


PLAIN_MODELS = (Linear, Guess)
PLAIN_NAMES = tuple(model.ag_name for model in PLAIN_MODELS)
