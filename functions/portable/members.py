"""What each member of an ensemble says of rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Protocol

import numpy as np

from portable.links import Link, as_floats
from portable.shap import (
    LEAVES_AT_A_TIME,
    Explained,
    Paths,
    Players,
    by_feature,
    leaves_of_forest,
)
from portable.splits import Splits
from portable.trees import Forest

# Nodes times rows whose answers are in memory at a time.
ANSWERED_AT_A_TIME = 4_000_000


class Member(Protocol):
    """A model of the ensemble, or one of its folds."""

    @property
    def link(self) -> Link:
        """From its scores to its answers."""

    def scores(self, x: np.ndarray) -> np.ndarray:
        """Log-odds, shares, or numbers, shape (n_scores, n_rows); x is float64, (n_features,
        n_rows)."""

    def explained(self, x: np.ndarray) -> Explained:
        """What each feature adds to the scores."""

    @property
    def n_leaves(self) -> int:
        """Of trees whose leaves are all looked at to explain a row."""


class TreesOfNodes:
    """How a forest explains what it says."""

    forest: Forest
    players: Players

    @cached_property
    def n_leaves(self) -> int:
        return self.forest.n_leaves

    def _explained(self, inputs: np.ndarray, n_features: int) -> Explained:
        """Some trees and some rows at a time: answers take nodes times rows of memory."""
        n_scores = int(self.forest.score.max(initial=0)) + 1
        added = np.zeros((n_scores, len(self.players), inputs.shape[1]))
        expected = np.zeros(n_scores)
        for forest, paths in self._kept or self._parts(n_scores):
            expected += paths.expected
            size = max(1, ANSWERED_AT_A_TIME // len(forest.left))
            for first in range(0, inputs.shape[1], size):
                rows = slice(first, first + size)
                left = _answers(forest.splits, inputs[:, rows])
                added[:, :, rows] += paths.shapley(left)
        return Explained(expected, by_feature(added, self.players, n_features))

    @cached_property
    def _kept(self) -> list[tuple[Forest, Paths]]:
        """The paths of all trees, or none where they would take much memory."""
        if self.n_leaves > LEAVES_AT_A_TIME:
            return []
        return list(self._parts(int(self.forest.score.max(initial=0)) + 1))

    def _parts(self, n_scores: int) -> Iterator[tuple[Forest, Paths]]:
        for forest in self.forest.parts(2 * LEAVES_AT_A_TIME):
            # The score of a leaf is that of its tree, which begins at the last root before it.
            tree = np.searchsorted(forest.roots, np.arange(len(forest.value)), side="right") - 1
            values = np.zeros((len(forest.value), n_scores))
            values[np.arange(len(values)), forest.score[tree]] = forest.value
            leaves = leaves_of_forest(forest, forest.cover, forest.player, values)
            yield forest, Paths(leaves, len(self.players))


def _answers(splits: Splits, inputs: np.ndarray) -> np.ndarray:
    """Whether each split sends each row to the left, shape (n_splits, n_rows)."""
    nodes = np.arange(len(splits.feature))
    places = np.broadcast_to(nodes[:, None], (len(nodes), inputs.shape[1]))
    return splits.left(places, inputs[splits.feature])


@dataclass(frozen=True)
class LightGBM(TreesOfNodes):
    """Thresholds, leaves, and sums in double."""

    forest: Forest
    players: Players
    n_scores: int
    sigmoid: float
    link: Link

    def scores(self, x: np.ndarray) -> np.ndarray:
        return self.sigmoid * self.forest.scores(x, np.zeros(self.n_scores))

    def explained(self, x: np.ndarray) -> Explained:
        found = self._explained(x, len(x))
        return Explained(self.sigmoid * found.expected, self.sigmoid * found.added)


@dataclass(frozen=True)
class XGBoost(TreesOfNodes):
    """Everything in float32; a zero is missing where AutoGluon gives it a sparse matrix."""

    forest: Forest
    players: Players
    start: np.ndarray
    """Shape (n_scores,)."""
    zero_is_missing: bool
    link: Link

    def scores(self, x: np.ndarray) -> np.ndarray:
        return self.forest.scores(self.inputs(x), self.start)

    def explained(self, x: np.ndarray) -> Explained:
        found = self._explained(self.inputs(x), len(x))
        return Explained(self.start + found.expected, found.added)

    def inputs(self, x: np.ndarray) -> np.ndarray:
        """The features as XGBoost sees them."""
        rounded = as_floats(x)
        if self.zero_is_missing:
            zero = rounded == 0
            # Of a category, 0 is the place of the first.
            splits = self.forest.splits
            zero[splits.feature[splits.sets]] = False
            rounded[zero] = np.nan
        return rounded


@dataclass(frozen=True)
class LinearNumber:
    """A feature as a linear model reads it: standardized, and whether it is missing."""

    feature: int
    usual: float
    """What stands for a missing value."""
    low: float
    high: float
    """What train has; beyond that nothing changes any more."""
    mean: float
    scale: float
    width: ClassVar = 2

    def inputs(self, values: np.ndarray) -> list[np.ndarray]:
        missing = ~np.isfinite(values)
        clipped = np.clip(np.where(missing, self.usual, values), self.low, self.high)
        return [(clipped - self.mean) / self.scale, missing.astype(np.float64)]


@dataclass(frozen=True)
class LinearCategory:
    """A feature as a linear model reads it: whether it is each of the frequent categories."""

    feature: int
    codes: tuple[int, ...]
    """Their places; -1 stands for a missing one."""

    @property
    def width(self) -> int:
        return len(self.codes)

    def inputs(self, values: np.ndarray) -> list[np.ndarray]:
        known = np.where(np.isnan(values), -1, values)
        return [(known == code).astype(np.float64) for code in self.codes]


@dataclass(frozen=True)
class Linear:
    """The product's own linear model."""

    columns: Sequence[LinearNumber | LinearCategory]
    weights: np.ndarray
    """Shape (n_inputs, n_scores)."""
    means: np.ndarray
    """Of the inputs over the rows that it learned from, shape (n_inputs,)."""
    intercepts: np.ndarray
    """Shape (n_scores,)."""
    link: Link
    n_leaves: ClassVar[int] = 0

    def scores(self, x: np.ndarray) -> np.ndarray:
        return np.asarray((self.inputs(x) @ self.weights + self.intercepts).T)

    def explained(self, x: np.ndarray) -> Explained:
        """A weight times the distance to the mean."""
        away = self.inputs(x) - self.means
        added = np.zeros((len(self.intercepts), *x.shape))
        place = 0
        for column in self.columns:
            own = slice(place, place := place + column.width)
            added[:, column.feature] = (away[:, own] @ self.weights[own]).T
        return Explained(self.means @ self.weights + self.intercepts, added)

    def inputs(self, x: np.ndarray) -> np.ndarray:
        """Shape (n_rows, n_inputs)."""
        made = [one for column in self.columns for one in column.inputs(x[column.feature])]
        return np.column_stack([np.empty((x.shape[1], 0)), *made])


@dataclass(frozen=True)
class Guess:
    """The same for every row."""

    always: np.ndarray
    """Shape (n_scores,)."""
    link: Link
    n_leaves: ClassVar[int] = 0

    def scores(self, x: np.ndarray) -> np.ndarray:
        return np.repeat(self.always[:, None], x.shape[1], axis=1)

    def explained(self, x: np.ndarray) -> Explained:
        return Explained(self.always, np.zeros((len(self.always), *x.shape)))
