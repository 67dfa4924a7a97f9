"""Decision trees as flat arrays, of any library: a leaf points at itself."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from portable.files import Arrays

# Rows times trees that are walked at a time: what a processor keeps near.
WALKED_AT_A_TIME = 1_000_000


@dataclass(frozen=True)
class Splits:
    """Questions about features, each with the answer left or right."""

    feature: np.ndarray
    """Which feature each looks at, int32."""
    threshold: np.ndarray
    """Left up to here, float64; of sets, no number."""
    missing_left: np.ndarray
    """Where a missing value goes, and a category that train lacks."""
    first_word: np.ndarray
    """Of sets: where in `words` their bits begin, int32; -1 of numbers."""
    n_words: np.ndarray
    words: np.ndarray
    """A bit per category that goes left, uint32."""

    @cached_property
    def sets(self) -> np.ndarray:
        """Places of the splits by category."""
        return np.flatnonzero(self.first_word >= 0)

    def left(self, places: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Whether each value goes left at the split of that place; of places' shape."""
        missing = np.isnan(values)
        found: np.ndarray = np.where(
            missing, self.missing_left[places], values <= self.threshold[places]
        )
        if len(self.sets):
            by_set = (self.first_word[places] >= 0) & ~missing
            if by_set.any():
                found[by_set] = self._in_set(places[by_set], values[by_set])
        return found

    def _in_set(self, places: np.ndarray, values: np.ndarray) -> np.ndarray:
        codes = values.astype(np.int64)
        word = codes >> 5
        known = word < self.n_words[places]
        at = np.where(known, self.first_word[places] + word, 0)
        bits = (self.words[at] >> (codes & 31).astype(np.uint32)) & 1
        return np.asarray(known & bits.astype(bool))


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
        found = self.value[self.leaves(x)]
        begun = np.repeat(start.astype(self.value.dtype)[:, None], x.shape[1], axis=1)
        own = [np.flatnonzero(self.score == score) for score in range(len(start))]
        return np.stack(
            [added(np.vstack([begun[score], found[trees]])) for score, trees in enumerate(own)]
        )


def added(values: np.ndarray) -> np.ndarray:
    """Return the sum of the lines, one after the other, in their precision; shape (n_rows,)."""
    if values.shape[1] == 1:
        # numpy adds a single column up in another order.
        return np.asarray(np.add.accumulate(values, axis=0)[-1])
    return np.asarray(np.add.reduce(values, axis=0))


def splits_of(arrays: Arrays, prefix: str) -> Splits:
    """The splits whose arrays have this prefix."""
    names = ("feature", "threshold", "missing_left", "first_word", "n_words", "words")
    return Splits(*(arrays[f"{prefix}.{name}"] for name in names))


def forest_of(arrays: Arrays, prefix: str) -> Forest:
    """The forest whose arrays have this prefix."""
    names = ("left", "right", "value", "roots", "score", "cover", "player")
    return Forest(splits_of(arrays, prefix), *(arrays[f"{prefix}.{name}"] for name in names))
