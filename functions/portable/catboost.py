"""Trees of CatBoost: all nodes of a level ask the same, also about statistics of categories.

A statistic (CTR) is a number that train has for a combination of categories and of answers to other
questions, looked up by its hash.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from portable.links import F32, Link, as_floats
from portable.shap import (
    LEAVES_AT_A_TIME,
    Explained,
    Leaves,
    Paths,
    Players,
    by_feature,
    leaves_of_forest,
    leaves_of_oblivious,
)
from portable.splits import Splits
from portable.trees import Forest, added

# Of CatBoost's CalcHash, which mixes one part of a combination after the other.
MIX = np.uint64(0x4906BA494954CB65)
# Rows times trees whose leaves are looked up at a time.
LOOKED_UP_AT_A_TIME = 1_000_000
# Of a statistic: so many are looked up once each instead of row by row.
MOST_COMBINATIONS = 20_000


@dataclass(frozen=True)
class OfCategory:
    """A part of a combination: the category of a feature."""

    feature: int


@dataclass(frozen=True)
class OfSplit:
    """A part of a combination: the answer to a question."""

    split: int


class _Codes:
    """The parts of combinations as whole numbers, for some rows."""

    def __init__(self, x: np.ndarray, sizes: np.ndarray, right: np.ndarray) -> None:
        self._x, self._sizes, self._right = x, sizes, right
        self._known: dict[int, np.ndarray] = {}
        self.n_rows = x.shape[1]

    def size(self, part: OfCategory | OfSplit) -> int:
        """How many values a part may have; the last of a category is a missing one."""
        return 2 if isinstance(part, OfSplit) else int(self._sizes[part.feature]) + 1

    def of(self, part: OfCategory | OfSplit) -> np.ndarray:
        """The value of each row."""
        if isinstance(part, OfSplit):
            return np.asarray(self._right[part.split].astype(np.intp))
        if part.feature not in self._known:
            own = self._x[part.feature]
            codes = np.where(np.isnan(own), self._sizes[part.feature], own)
            self._known[part.feature] = codes.astype(np.intp)
        return self._known[part.feature]


@dataclass(frozen=True)
class Statistic:
    """What train has for each combination."""

    parts: tuple[OfCategory | OfSplit, ...]
    keys: np.ndarray
    """Hashes of the combinations, sorted, uint64."""
    values: np.ndarray
    """Of each, float32."""
    unseen: float
    """Of all other combinations."""

    def of(self, codes: "_Codes", hashes: np.ndarray) -> np.ndarray:
        """The statistic of each row, float32."""
        sizes = [codes.size(part) for part in self.parts]
        own = [codes.of(part) for part in self.parts]
        if math.prod(sizes) > min(MOST_COMBINATIONS, codes.n_rows):
            return self._looked_up(own, hashes)
        place = own[0]
        for size, code in zip(sizes[1:], own[1:], strict=True):
            place = place * size + code
        every = np.unravel_index(np.arange(math.prod(sizes)), sizes)
        return np.asarray(self._looked_up(list(every), hashes).take(place))

    def _looked_up(self, codes: list[np.ndarray], hashes: np.ndarray) -> np.ndarray:
        mixed = np.zeros(len(codes[0]), np.uint64)
        for part, code in zip(self.parts, codes, strict=True):
            own = code.astype(np.uint64) if isinstance(part, OfSplit) else hashes[code]
            mixed = MIX * (mixed + MIX * own)
        at = np.minimum(np.searchsorted(self.keys, mixed), len(self.keys) - 1)
        return np.asarray(np.where(self.keys[at] == mixed, self.values[at], F32(self.unseen)))


@dataclass(frozen=True)
class Oblivious:
    """Trees in which all nodes of a level ask the same question."""

    asked: np.ndarray
    """The place of the split of each level, shape (n_trees, depth); -1 for none."""
    first_leaf: np.ndarray
    """Shape (n_trees,)."""
    leaves: np.ndarray
    """Shape (n_leaves, n_scores)."""
    cover: np.ndarray
    """The weight of the rows of train in each leaf."""

    @property
    def n_leaves(self) -> int:
        return len(self.leaves)

    def parts(self) -> Iterator["Oblivious"]:
        """Some trees at a time, at least one."""
        ends, first = np.append(self.first_leaf[1:], len(self.leaves)), 0
        while first < len(self.asked):
            start = self.first_leaf[first]
            last = max(first + 1, int(np.searchsorted(ends, start + LEAVES_AT_A_TIME, "right")))
            trees, own = slice(first, last), slice(start, ends[last - 1])
            found = self.asked[trees], self.first_leaf[trees] - start
            yield Oblivious(*found, self.leaves[own], self.cover[own])
            first = last

    def paths(self, player: np.ndarray) -> Leaves:
        """The paths to the leaves; `player` says who is blamed for each split."""
        return leaves_of_oblivious(self.asked, self.first_leaf, self.cover, player, self.leaves)

    def answers(self, right: np.ndarray) -> np.ndarray:
        """Of the questions on those paths, shape (n_questions, n_rows)."""
        return right

    def scores(self, right: np.ndarray) -> np.ndarray:
        """Shape (n_scores, n_rows); `right` has the answer of each split, (n_splits, n_rows)."""
        n_rows = right.shape[1]
        bits = np.vstack([right, np.zeros((1, n_rows), bool)]).view(np.uint8)
        parts = [self._some(bits[:, rows]) for rows in _blocks(right, len(self.asked))]
        return np.hstack([np.empty((self.leaves.shape[1], 0)), *parts])

    def _some(self, bits: np.ndarray) -> np.ndarray:
        depth = self.asked.shape[1]
        number = np.zeros((len(self.asked), bits.shape[1]), np.uint8 if depth <= 8 else np.uint32)
        for level in reversed(range(depth)):
            number <<= 1
            number |= bits[self.asked[:, level]]
        places = self.first_leaf[:, None] + number.astype(np.intp)
        return np.stack([added(column.take(places)) for column in self.leaves.T])


@dataclass(frozen=True)
class Asymmetric:
    """Trees that grow by depth or by loss: nodes ask what they like."""

    forest: Forest
    """Its features are the answers of the splits, 0 or 1; its values are places in `leaves`."""
    leaves: np.ndarray
    """Shape (n_leaves, n_scores)."""

    @property
    def n_leaves(self) -> int:
        return self.forest.n_leaves

    def parts(self) -> Iterator["Asymmetric"]:
        """Some trees at a time, at least one."""
        for forest in self.forest.parts(2 * LEAVES_AT_A_TIME):
            yield Asymmetric(forest, self.leaves)

    def paths(self, player: np.ndarray) -> Leaves:
        """The paths to the leaves; `player` says who is blamed for each split."""
        nodes = self.forest
        values = np.zeros((len(nodes.value), self.leaves.shape[1]))
        ends = nodes.left == np.arange(len(nodes.left))
        values[ends] = self.leaves[nodes.value[ends].astype(np.intp)]
        return leaves_of_forest(nodes, nodes.cover, player[nodes.splits.feature], values)

    def answers(self, right: np.ndarray) -> np.ndarray:
        """Of the questions on those paths: whether nodes send rows to the left."""
        return np.asarray(~right[self.forest.splits.feature])

    def scores(self, right: np.ndarray) -> np.ndarray:
        """The same of these trees."""
        parts = [self._some(right[:, rows]) for rows in _blocks(right, len(self.forest.roots))]
        return np.hstack([np.empty((self.leaves.shape[1], 0)), *parts])

    def _some(self, right: np.ndarray) -> np.ndarray:
        asks, children = (
            self.forest.splits.feature,
            np.vstack([self.forest.left, self.forest.right]),
        )
        rows = np.arange(right.shape[1])
        at = np.repeat(self.forest.roots[:, None], right.shape[1], axis=1)
        side = right.view(np.uint8)
        # A leaf leads to itself.
        while not np.array_equal(following := children[side[asks[at], rows], at], at):
            at = following
        places = self.forest.value[at].astype(np.intp)
        return np.stack([added(column.take(places)) for column in self.leaves.T])


def _blocks(right: np.ndarray, n_trees: int) -> Iterator[slice]:
    """Some rows at a time."""
    size = max(1, LOOKED_UP_AT_A_TIME // max(1, n_trees))
    return (slice(first, first + size) for first in range(0, right.shape[1], size))


@dataclass(frozen=True)
class CatBoost:
    """A member; its splits look at features, and at the statistics, which come behind them."""

    splits: Splits
    statistics: tuple[Statistic, ...]
    trees: Oblivious | Asymmetric
    sizes: np.ndarray
    """How many categories each feature has; 0 of numbers."""
    hashes: np.ndarray
    """Of each category's place, uint64; the place behind the last is a missing one."""
    scale: float
    bias: np.ndarray
    """Shape (n_scores,)."""
    players: Players
    player: np.ndarray
    """Who is blamed for each split, int32."""
    link: Link

    def explained(self, x: np.ndarray) -> Explained:
        """Of a statistic, the categories of its combination share what it adds."""
        right = self.answers_of_splits(as_floats(x))
        added = np.zeros((len(self.bias), len(self.players), x.shape[1]))
        expected = np.zeros(len(self.bias))
        for trees, paths in self._kept or self._parts():
            added += paths.shapley(trees.answers(right))
            expected += paths.expected
        blamed = by_feature(self.scale * added, self.players, len(x))
        return Explained(self.scale * expected + self.bias, blamed)

    @cached_property
    def n_leaves(self) -> int:
        """Each of them says something of every class, which takes a fifth as long again."""
        return self.trees.n_leaves * max(1, len(self.bias) // 5)

    @cached_property
    def _kept(self) -> list[tuple[Oblivious | Asymmetric, Paths]]:
        """The paths of all trees, or none where they would take much memory."""
        return [] if self.n_leaves > LEAVES_AT_A_TIME else list(self._parts())

    def _parts(self) -> Iterator[tuple[Oblivious | Asymmetric, Paths]]:
        for trees in self.trees.parts():
            yield trees, Paths(trees.paths(self.player), len(self.players))

    def scores(self, x: np.ndarray) -> np.ndarray:
        right = self.answers_of_splits(as_floats(x))
        return np.asarray(self.trees.scores(right) * self.scale + self.bias[:, None])

    def answers_of_splits(self, x: np.ndarray) -> np.ndarray:
        """Whether each split sends each row to the right, shape (n_splits, n_rows)."""
        n_features = len(self.sizes)
        of_features = np.flatnonzero(self.splits.feature < n_features)
        right = np.zeros((len(self.splits.feature), x.shape[1]), bool)
        right[of_features] = ~self.splits.left_of(of_features, x)
        codes = _Codes(x, self.sizes, right)
        for number, statistic in enumerate(self.statistics):
            own = np.flatnonzero(self.splits.feature == n_features + number)
            values = statistic.of(codes, self.hashes)
            right[own] = values > self.splits.threshold[own, None].astype(F32)
        return right
