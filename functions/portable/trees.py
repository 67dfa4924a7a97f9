"""Decision trees as flat arrays, of any library: a leaf points at itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from portable.files import Arrays
from portable.leaf_tables import LeafTables, leaf_tables
from portable.splits import Splits, splits_of

# From so many rows on, tables pay.
MANY_ROWS = 500
# Rows times trees that are walked at a time: what a processor keeps near.
WALKED_AT_A_TIME = 1_000_000


@dataclass(frozen=True)
class Forest:
    """The trees of one member."""

    splits: Splits
    """One per node, also of leaves, where it says nothing."""
    left: np.ndarray
    right: np.ndarray
    value: np.ndarray
    """Of leaves, float64 or float32, shape (n_nodes,)."""
    roots: np.ndarray
    score: np.ndarray
    """Which score each tree adds to, int32, shape (n_trees,)."""
    cover: np.ndarray
    """How many rows of train have come to each node, or their weight."""
    player: np.ndarray
    """Who is blamed for each node's split, int32."""

    @property
    def n_leaves(self) -> int:
        return int(np.count_nonzero(self.left == np.arange(len(self.left))))

    def parts(self, most_nodes: int) -> Iterator["Forest"]:
        """Some trees at a time, at least one; their nodes count from 0."""
        ends, first = np.append(self.roots[1:], len(self.left)), 0
        while first < len(self.roots):
            start = self.roots[first]
            last = max(first + 1, int(np.searchsorted(ends, start + most_nodes, "right")))
            nodes, trees = slice(start, ends[last - 1]), slice(first, last)
            yield Forest(
                self.splits.part(nodes),
                self.left[nodes] - start,
                self.right[nodes] - start,
                self.value[nodes],
                self.roots[trees] - start,
                self.score[trees],
                self.cover[nodes],
                self.player[nodes],
            )
            first = last

    def leaves(self, x: np.ndarray) -> np.ndarray:
        """Where each row ends in each tree, shape (n_trees, n_rows); x is (n_features, n_rows)."""
        if x.shape[1] == 1:
            return self._of_one(x[:, 0])[:, None]
        size = max(1, WALKED_AT_A_TIME // max(1, len(self.roots)))
        parts = [self._walked(x[:, at : at + size]) for at in range(0, x.shape[1], size)]
        return np.hstack([np.empty((len(self.roots), 0), np.intp), *parts])

    def _of_one(self, row: np.ndarray) -> np.ndarray:
        """All nodes are decided at once, and trees only followed."""
        every = np.arange(len(self.left))
        step = np.where(self.splits.left(every, row[self.splits.feature]), self.left, self.right)
        at = self.roots
        while not np.array_equal(following := step[at], at):
            at = following
        return at

    def _walked(self, x: np.ndarray) -> np.ndarray:
        n_rows = x.shape[1]
        at = np.repeat(self.roots.astype(np.intp), n_rows)
        rows = np.tile(np.arange(n_rows), len(self.roots))
        live = np.flatnonzero(self.left[at] != at)
        while len(live):
            node = at[live]
            goes_left = self.splits.left(node, x[self.splits.feature[node], rows[live]])
            following = np.where(goes_left, self.left[node], self.right[node])
            at[live] = following
            live = live[self.left[following] != following]
        return at.reshape(len(self.roots), n_rows)

    def scores(self, x: np.ndarray, start: np.ndarray) -> np.ndarray:
        """Return `start` and the leaves' values, added up tree after tree, in their own precision.

        Shape (n_scores, n_rows).
        """
        n_scores, n_rows = len(start), x.shape[1]
        own = [np.flatnonzero(self.score == score) for score in range(n_scores)]
        begun = start.astype(self.value.dtype)
        tables = self._tables if n_rows >= MANY_ROWS else None
        if tables is None:
            found = self.value[self.leaves(x)]
            lines = np.repeat(begun[:, None], n_rows, axis=1)
            return np.stack(
                [added(np.vstack([lines[n], found[trees]])) for n, trees in enumerate(own)]
            )
        total = np.empty((n_scores, n_rows), self.value.dtype)
        for rows in tables.blocks(n_rows):
            values = tables.found(x[:, rows])
            for n, trees in enumerate(own):
                some = values if n_scores == 1 else values[:, trees]
                some[:, 0] += begun[n]
                total[n, rows] = np.add.accumulate(some, axis=1, out=some)[:, -1]
        return total

    @cached_property
    def _tables(self) -> LeafTables | None:
        return leaf_tables(self.splits, self.left, self.right, self.roots, self.value)


def added(values: np.ndarray) -> np.ndarray:
    """Return the sum of the lines, one after the other, in their precision; shape (n_rows,)."""
    if values.shape[1] == 1:
        # numpy adds a single column up in another order.
        return np.asarray(np.add.accumulate(values, axis=0)[-1])
    return np.asarray(np.add.reduce(values, axis=0))


def forest_of(arrays: Arrays, prefix: str) -> Forest:
    """The forest whose arrays have this prefix."""
    names = ("left", "right", "value", "roots", "score", "cover", "player")
    return Forest(splits_of(arrays, prefix), *(arrays[f"{prefix}.{name}"] for name in names))
