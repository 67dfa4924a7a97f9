"""A forest of extremely randomized trees, which differs most from the boosted ones.

P. Geurts, D. Ernst, L. Wehenkel, "Extremely randomized trees", Machine Learning 63, 2006.
scikit-learn learns it, but what is kept is arrays, as of the linear model: they open everywhere.
"""

import time
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from autogluon.common.features.types import R_BOOL, R_CATEGORY, R_FLOAT, R_INT
from autogluon.core.models import AbstractModel
from autogluon.core.utils.exceptions import TimeLimitExceeded

from portable.extra_trees import LEAF, Nodes

SEED = 0
# A forest weighs as much as its leaves: of more rows than this, each leaf has several.
TREES, ROWS_OF_SINGLE_LEAVES = 100, 6000
# Fewer are no forest.
FEWEST_TREES = 10


@dataclass(frozen=True)
class Codes:
    """How a column becomes numbers that trees split."""

    name: str
    missing: float
    """Stands for a missing value, and for a category that no row had."""
    values: dict[str, int] | None = None
    """Of categories, the most frequent first; None for numbers."""

    def numbers(self, column: pd.Series) -> np.ndarray:
        """Return a number for each row, shape (n_rows,)."""
        if self.values is None:
            found = column.astype(float).to_numpy()
            return np.where(np.isfinite(found), found, self.missing)
        known: np.ndarray = column.astype(str).map(self.values).fillna(self.missing).to_numpy(float)
        return known


def from_scikit_learn(estimators: list[Any], classes: np.ndarray | None, scores: int) -> Nodes:
    """Return the arrays of scikit-learn's trees; `classes`: the number of each of its classes.

    Raises ValueError if they are not in preorder, as trees with a limit of leaves are.
    """
    parts: list[tuple[np.ndarray, ...]] = []
    roots, start = [], 0
    for tree in (one.tree_ for one in estimators):
        inner = tree.children_left != LEAF
        if not np.array_equal(tree.children_left[inner], np.flatnonzero(inner) + 1):
            raise ValueError("not in preorder")
        thresholds = tree.threshold.astype(np.float32)
        # Numbers are float32: none lies between a threshold and the next float32 below it.
        high = thresholds > tree.threshold
        thresholds[high] = np.nextafter(thresholds[high], np.float32(-np.inf))
        said = tree.value[~inner, 0, :]
        values = np.zeros((len(said), scores), np.float32)
        values[:, slice(None) if classes is None else classes] = said
        parts.append(
            (
                np.where(inner, tree.feature, LEAF).astype(np.int16),
                np.where(inner, thresholds, np.float32(0)),
                np.where(inner, tree.children_right + start, 0).astype(np.int32),
                tree.n_node_samples[~inner].astype(np.int32),
                values,
            )
        )
        roots.append(start)
        start += tree.node_count
    return Nodes(np.array(roots), *map(np.concatenate, zip(*parts, strict=True)))


class Forest(AbstractModel):  # type: ignore[misc]
    """Extremely randomized trees of all columns; more of them than there is time for are left out.

    What columns add to an answer is in the answer's own unit, not in log-odds.
    """

    ag_key = "FOREST"
    ag_name = "Forest"
    _supported_problem_types: ClassVar = ["binary", "multiclass", "regression"]
    _default_auxiliary_params_extra: ClassVar = {
        "valid_raw_types": [R_BOOL, R_INT, R_FLOAT, R_CATEGORY]
    }

    def _fit(
        self, X: pd.DataFrame, y: pd.Series, time_limit: float | None = None, **kwargs: Any
    ) -> None:
        rows, target = self.preprocess(X), y.to_numpy()
        self.codes = [_codes(rows[name]) for name in rows.columns]
        learner = self._learner(len(rows))
        numbers, start = self._numbers(rows).T, time.time()
        learner.fit(numbers, target)
        possible = TREES
        if time_limit is not None:
            possible = min(TREES, int(time_limit / max(time.time() - start, 1e-9)))
        if possible < FEWEST_TREES:
            raise TimeLimitExceeded
        learner.set_params(n_estimators=possible).fit(numbers, target)
        known = learner.classes_.astype(int) if self._classes() else None
        self.model = from_scikit_learn(learner.estimators_, known, max(1, self._classes()))
        # Of classes, one more tree says what is usual: none is impossible.
        self.usual = self.model.usual
        self.share_of_usual = 1 / (possible + 1) if self._classes() else 0.0

    def _learner(self, rows: int) -> Any:
        # Only learning needs it.
        from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

        kind = ExtraTreesClassifier if self._classes() else ExtraTreesRegressor
        fewest = -(-rows // ROWS_OF_SINGLE_LEAVES)
        # The first tree tells how long the others take.
        return kind(1, min_samples_leaf=fewest, warm_start=True, random_state=SEED)

    def _predict_proba(self, X: pd.DataFrame, **kwargs: Any) -> np.ndarray:
        said = self._with_usual(self.model.mean(self._numbers(self.preprocess(X, **kwargs))).T)
        if self.problem_type == "multiclass":
            return said
        answer: np.ndarray = said[:, -1]
        return answer

    def contributions(self, rows: pd.DataFrame) -> tuple[list[str], np.ndarray]:
        """Return names of columns, and what each adds to every share, or to the number.

        Shape (n_rows, n_scores, n_columns + 1); of two classes, the positive one's only.
        """
        scores = slice(1, None) if self._classes() == 2 else slice(None)
        moved = (1 - self.share_of_usual) * self.model.moved(self._numbers(rows))[scores]
        usual = np.broadcast_to(self.usual[scores, None, None], (len(moved), 1, len(rows)))
        return [one.name for one in self.codes], np.concatenate([moved, usual], 1).transpose(
            2, 0, 1
        )

    def _with_usual(self, said: np.ndarray) -> np.ndarray:
        found: np.ndarray = said * (1 - self.share_of_usual) + self.usual * self.share_of_usual
        return found

    def _numbers(self, rows: pd.DataFrame) -> np.ndarray:
        """Shape (n_columns, n_rows), float32."""
        found = np.empty((len(self.codes), len(rows)), np.float32)
        for line, one in zip(found, self.codes, strict=True):
            line[:] = one.numbers(rows[one.name])
        return found

    def _more_tags(self) -> dict[str, Any]:
        # Else a refit is a copy of the folds, and no model has learned from all rows.
        return {"can_refit_full": True}

    def _classes(self) -> int:
        return 0 if self.problem_type == "regression" else int(self.num_classes)


def _codes(column: pd.Series) -> Codes:
    if column.dtype == "category" or column.dtype == object:
        order = column.astype(str)[column.notna()].value_counts().index
        return Codes(str(column.name), -1.0, {value: place for place, value in enumerate(order)})
    numbers = column.astype(float)
    numbers = numbers[np.isfinite(numbers)]
    if not len(numbers):
        return Codes(str(column.name), 0.0)
    # Below all others, and near enough that a random split is likely to part it from them.
    low, high = float(numbers.min()), float(numbers.max())
    return Codes(str(column.name), low - max(high - low, 1.0) / 2)
