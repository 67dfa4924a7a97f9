"""Many rows through a forest at once: tables of the leaves that each value leaves possible.

A feature's values fall into cells between its thresholds, or are categories. For each cell, a table
has one bit per leaf of every tree: 0 where a split on that feature leads elsewhere. The bits of all
features, combined by AND, leave the one leaf where a row ends (the idea is QuickScorer's).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from portable.splits import Splits

# Of all tables of a member; a larger forest is walked.
MOST_BYTES = 64_000_000
# Of the bits of some rows: what a processor keeps near.
BYTES_AT_A_TIME = 400_000
WORD_BITS, SMALL_WORD_BITS = 64, 32
# The bits of a float before and in its exponent.
FLOAT_SHIFT, FLOAT_ZERO, DOUBLE_SHIFT, DOUBLE_ZERO = 23, 127, 52, 1023


@dataclass(frozen=True)
class Axis:
    """How the values of a feature fall into cells; the last one is of missing values."""

    feature: int
    edges: np.ndarray | None
    """Thresholds, sorted; None of categories."""
    table: np.ndarray
    """Shape (n_cells, n_trees * n_words)."""

    def cells(self, values: np.ndarray) -> np.ndarray:
        missing = np.isnan(values)
        if self.edges is None:
            found = np.where(missing, 0, values).astype(np.intp)
        else:
            found = self.edges.searchsorted(values)
        found[missing] = len(self.table) - 1
        return found


@dataclass(frozen=True)
class LeafTables:
    """The tables of one forest."""

    axes: list[Axis]
    values: np.ndarray
    """Of the leaves by their number in each tree, shape (n_trees, n_leaves)."""
    n_words: int

    def blocks(self, n_rows: int) -> Iterator[slice]:
        """Some rows at a time."""
        size = max(64, BYTES_AT_A_TIME // self.axes[0].table[0].nbytes)
        return (slice(first, first + size) for first in range(0, n_rows, size))

    def found(self, x: np.ndarray) -> np.ndarray:
        """The leaf's value of each row in each tree, shape (n_rows, n_trees)."""
        first, *others = self.axes
        bits = first.table.take(first.cells(x[first.feature]), axis=0)
        other = np.empty_like(bits)
        for axis in others:
            axis.table.take(axis.cells(x[axis.feature]), axis=0, out=other, mode="clip")
            bits &= other
        n_trees, width = self.values.shape
        return np.asarray(self.values.ravel().take(self._places(bits) + np.arange(n_trees) * width))

    def _places(self, bits: np.ndarray) -> np.ndarray:
        """The number of each tree's leaf: the place of its one bit, which is a float's exponent."""
        if bits.dtype == np.uint32:
            return (bits.astype(np.float32).view(np.int32) >> FLOAT_SHIFT) - FLOAT_ZERO
        places = (bits.astype(np.float64).view(np.int64) >> DOUBLE_SHIFT) - DOUBLE_ZERO
        if self.n_words == 1:
            return places
        # A word without a bit is far below 0.
        by_word = places.reshape(len(bits), -1, self.n_words)
        return np.asarray((by_word + np.arange(self.n_words) * WORD_BITS).max(axis=2))


def leaf_tables(
    splits: Splits, left: np.ndarray, right: np.ndarray, roots: np.ndarray, value: np.ndarray
) -> LeafTables | None:
    """The tables of a forest's nodes; None where they would be too large, or nothing is asked."""
    nodes = np.arange(len(left))
    is_leaf = left == nodes
    inner, ends = nodes[~is_leaf], nodes[is_leaf]
    if not len(inner):
        return None
    tree = np.searchsorted(roots, nodes, side="right") - 1
    before = np.cumsum(is_leaf) - is_leaf
    number = (before - before[roots][tree])[ends]
    most = int(number.max()) + 1
    n_words = 1 if most <= SMALL_WORD_BITS else -(-most // WORD_BITS)
    kind = np.uint32 if most <= SMALL_WORD_BITS else np.uint64
    below = _leaves_below(left, right, inner, ends, number, n_words, kind)
    cells = {int(f): _cells(splits, inner, f) for f in np.unique(splits.feature[inner])}
    row_bytes = len(roots) * n_words * np.dtype(kind).itemsize
    if sum(map(len, cells.values())) * row_bytes > MOST_BYTES:
        return None
    axes = []
    for feature, representatives in cells.items():
        own = inner[splits.feature[inner] == feature]
        table = np.repeat(below[roots][None], len(representatives), axis=0)
        places = np.broadcast_to(own[:, None], (len(own), len(representatives)))
        goes = splits.left(places, np.broadcast_to(representatives, places.shape))
        for node, goes_left in zip(own.tolist(), goes, strict=True):
            stays = np.where(goes_left[:, None], ~below[right[node]], ~below[left[node]])
            table[:, tree[node]] &= stays
        edges = None if splits.first_word[own[0]] >= 0 else representatives[:-2]
        axes.append(Axis(feature, edges, table.reshape(len(representatives), -1)))
    values = np.zeros((len(roots), most), value.dtype)
    values[tree[ends], number] = value[ends]
    return LeafTables(axes, values, n_words)


def _cells(splits: Splits, inner: np.ndarray, feature: int) -> np.ndarray:
    """A value of each cell of a feature, the last of them missing."""
    own = inner[splits.feature[inner] == feature]
    if splits.first_word[own[0]] >= 0:
        return np.append(np.arange(32.0 * splits.n_words[own].max()), np.nan)
    return np.concatenate([np.unique(splits.threshold[own]), [np.inf, np.nan]])


def _leaves_below(
    left: np.ndarray,
    right: np.ndarray,
    inner: np.ndarray,
    ends: np.ndarray,
    number: np.ndarray,
    n_words: int,
    kind: type[np.unsignedinteger],
) -> np.ndarray:
    """Of each node, a bit for every leaf that can be reached; shape (n_nodes, n_words)."""
    width = np.dtype(kind).itemsize * 8
    found = np.zeros((len(left), n_words), kind)
    own = np.zeros((len(ends), n_words), kind)
    own[np.arange(len(ends)), number // width] = kind(1) << (number % width).astype(kind)
    found[ends] = own
    parent = np.full(len(left), -1)
    parent[left[inner]], parent[right[inner]] = inner, inner
    at = parent[ends]
    while (at >= 0).any():
        some = at >= 0
        np.bitwise_or.at(found, at[some], own[some])
        at = np.where(some, parent[at], -1)
    return found
