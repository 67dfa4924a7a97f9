"""The product's own forest: what its leaves say on average, and what each split on the way adds.

Its trees have thousands of leaves, too many for tables of them. Rows go down all trees at once.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import ClassVar

import numpy as np

from portable.files import Arrays
from portable.links import F32, Link, as_floats
from portable.shap import Explained

LEAF = -1
# Rows times trees that are walked at a time: what a processor keeps near.
WALKED_AT_A_TIME = 50_000


@dataclass(frozen=True)
class Nodes:
    """All trees, one behind the other, each in preorder: the left child of a node is the next."""

    roots: np.ndarray
    """The first node of each tree, shape (n_trees,)."""
    columns: np.ndarray
    """Which input a node looks at, LEAF of leaves; int16, shape (n_nodes,)."""
    thresholds: np.ndarray
    """Left up to here, float32, shape (n_nodes,)."""
    right: np.ndarray
    """The right child, int32, shape (n_nodes,)."""
    rows: np.ndarray
    """How many rows each leaf has learned from, int32, shape (n_leaves,)."""
    values: np.ndarray
    """What each leaf says, float32, shape (n_leaves, n_scores)."""

    def mean(self, inputs: np.ndarray) -> np.ndarray:
        """What the trees say on average, shape (n_scores, n_rows).

        Inputs are float32, of shape (n_inputs, n_rows).
        """
        found = np.empty((self.values.shape[1], inputs.shape[1]))
        for rows in self._blocks(inputs.shape[1]):
            leaves = self._leaf_numbers.take(self._ends(inputs[:, rows]))
            for score, values in zip(found, self.values.T, strict=True):
                score[rows] = values.take(leaves).mean(axis=0, dtype=np.float64)
        return found

    def moved(self, inputs: np.ndarray) -> np.ndarray:
        """What the splits by each input add on average, shape (n_scores, n_inputs, n_rows)."""
        found = np.zeros((self.values.shape[1], *inputs.shape))
        for rows in self._blocks(inputs.shape[1]):
            some = found[:, :, rows]
            size = some[0].size
            for _, cell, node, child in self._steps(inputs[:, rows]):
                for score, means in zip(some, self._means, strict=True):
                    change = means.take(child) - means.take(node)
                    score += np.bincount(cell, change, size).reshape(score.shape)
        found /= len(self.roots)
        return found

    @property
    def usual(self) -> np.ndarray:
        """What the rows that it learned from have on average, shape (n_scores,)."""
        leaves = self._leaf_numbers[self.roots]
        rows = np.add.reduceat(self.rows[:, None].astype(np.float64), leaves)
        sums = np.add.reduceat(self.rows[:, None] * self.values.astype(np.float64), leaves)
        return np.asarray((sums / rows).mean(axis=0))

    def __getstate__(self) -> dict[str, object]:
        """What is no field can be made again."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    def _blocks(self, n_rows: int) -> Iterator[slice]:
        """Some rows at a time."""
        size = max(1, WALKED_AT_A_TIME // len(self.roots))
        return (slice(first, first + size) for first in range(0, n_rows, size))

    def _ends(self, inputs: np.ndarray) -> np.ndarray:
        """The leaf, as a node, of each row in each tree; shape (n_trees, n_rows)."""
        found = np.repeat(self.roots, inputs.shape[1])
        for place, _, _, child in self._steps(inputs):
            found[place] = child
        return found.reshape(len(self.roots), -1)

    def _steps(self, inputs: np.ndarray) -> Iterator[tuple[np.ndarray, ...]]:
        """One level after the other, of all rows in all trees that are not in a leaf yet.

        Yield the place among trees and rows, that of the input among inputs and rows, the node, and
        the child where the row goes on.
        """
        flat, n_rows = inputs.ravel(), inputs.shape[1]
        place = np.arange(len(self.roots) * n_rows)
        row, node = place % max(1, n_rows), np.repeat(self.roots, n_rows)
        while True:
            column = self.columns.take(node)
            inner = np.flatnonzero(column != LEAF)
            if not len(inner):
                return
            place, row, node = place[inner], row[inner], node[inner]
            cell = column[inner] * np.intp(n_rows) + row
            goes_left = flat.take(cell) <= self.thresholds.take(node)
            child = np.where(goes_left, node + 1, self.right.take(node))
            yield place, cell, node, child
            node = child

    @cached_property
    def _leaf_numbers(self) -> np.ndarray:
        """Of each node, how many leaves come before it."""
        leaves = self.columns == LEAF
        return np.asarray(np.cumsum(leaves, dtype=np.int32) - leaves)

    @cached_property
    def _means(self) -> list[np.ndarray]:
        """By score: what the leaves below each node say on average, float32, shape (n_nodes,)."""
        first, last = self._leaf_numbers, self._leaves_until
        rows = _running(self.rows)
        n_rows = rows[last] - rows[first]
        sums = (_running(self.rows * values.astype(np.float64)) for values in self.values.T)
        return [as_floats((one[last] - one[first]) / n_rows) for one in sums]

    @cached_property
    def _leaves_until(self) -> np.ndarray:
        """Of each node, how many leaves come before it and in it."""
        before = np.append(self._leaf_numbers, np.int32(len(self.rows)))
        found = np.empty(len(self.columns), np.int32)
        found[self.roots] = before[np.append(self.roots[1:], len(self.columns))]
        level = self.roots
        while len(level := level[self.columns[level] != LEAF]):
            right = self.right[level]
            found[right], found[level + 1] = found[level], before[right]
            level = np.concatenate([level + 1, right])
        return found


def _running(values: np.ndarray) -> np.ndarray:
    """The sum of the values before each, and of all; shape (n_values + 1,)."""
    return np.append(0.0, np.cumsum(values, dtype=np.float64))


@dataclass(frozen=True)
class Input:
    """A feature as the trees split it."""

    feature: int
    missing: float
    """Stands for a missing value, and for a category that the forest has not learned from."""
    numbers: tuple[float, ...] | None = None
    """Of each category; None of numbers."""

    def of(self, values: np.ndarray) -> np.ndarray:
        """The input of each row, shape (n_rows,)."""
        if self.numbers is None:
            return np.where(np.isfinite(values), values, self.missing)
        numbers = np.array([*self.numbers, self.missing])
        places = np.where(np.isnan(values), len(self.numbers), values)
        return np.asarray(numbers.take(places.astype(np.intp)))


@dataclass(frozen=True)
class ExtraTrees:
    """A member whose scores are shares of the classes, of two the positive one's, or numbers."""

    inputs: Sequence[Input]
    nodes: Nodes
    usual: np.ndarray
    """What the rows of train have on average, shape (n_scores,)."""
    share_of_usual: float
    """How much this counts beside the trees."""
    link: Link
    n_leaves: ClassVar[int] = 0
    """A row goes one way down each tree, whatever its leaves."""

    def scores(self, x: np.ndarray) -> np.ndarray:
        said = self.nodes.mean(self._inputs(x))
        return said * (1 - self.share_of_usual) + self.usual[:, None] * self.share_of_usual

    def explained(self, x: np.ndarray) -> Explained:
        """What the splits by each feature add on the row's way from the roots to the leaves."""
        added = np.zeros((len(self.usual), *x.shape))
        added[:, [one.feature for one in self.inputs]] = self.nodes.moved(self._inputs(x))
        added *= 1 - self.share_of_usual
        return Explained(self.usual, added, in_shares=True)

    def _inputs(self, x: np.ndarray) -> np.ndarray:
        """Shape (n_inputs, n_rows), float32."""
        found = np.empty((len(self.inputs), x.shape[1]), F32)
        for line, one in zip(found, self.inputs, strict=True):
            line[:] = as_floats(one.of(x[one.feature]))
        return found


def nodes_of(arrays: Arrays, prefix: str) -> Nodes:
    """The nodes whose arrays have this prefix."""
    names = ("roots", "columns", "thresholds", "right", "rows", "values")
    return Nodes(*(arrays[f"{prefix}.{name}"] for name in names))
