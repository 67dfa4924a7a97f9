"""Trees of CatBoost: all nodes of a level ask the same, also about statistics of categories.

A statistic (CTR) is a number that train has for a combination of categories and of answers to other
questions, looked up by its hash.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from portable.links import F32, Link
from portable.shap import (
    Explained,
    Leaves,
    Paths,
    Players,
    by_feature,
    leaves_of_forest,
    leaves_of_oblivious,
)
from portable.trees import Forest, Splits, added

# Of CatBoost's CalcHash, which mixes one part of a combination after the other.
MIX = np.uint64(0x4906BA494954CB65)
# Rows times trees whose leaves are looked up at a time.
LOOKED_UP_AT_A_TIME = 1_000_000


@dataclass(frozen=True)
class OfCategory:
    """A part of a combination: the category of a feature."""

    feature: int


@dataclass(frozen=True)
class OfSplit:
    """A part of a combination: the answer to a question."""

    split: int


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

    def paths(self, player: np.ndarray) -> Leaves:
        """The paths to the leaves; `player` says who is blamed for each split."""
        return leaves_of_oblivious(self.asked, self.first_leaf, self.cover, player, self.leaves)

    def answers(self, right: np.ndarray) -> np.ndarray:
        """Of the questions on those paths, shape (n_questions, n_rows)."""
        return right

    def scores(self, right: np.ndarray) -> np.ndarray:
        """Shape (n_scores, n_rows); `right` has the answer of each split, (n_splits, n_rows)."""
        n_rows = right.shape[1]
        bits = np.vstack([right, np.zeros((1, n_rows), bool)])
        size = max(1, LOOKED_UP_AT_A_TIME // max(1, len(self.asked)))
        parts = [self._some(bits[:, at : at + size]) for at in range(0, n_rows, size)]
        return np.hstack([np.empty((self.leaves.shape[1], 0)), *parts])

    def _some(self, bits: np.ndarray) -> np.ndarray:
        places = np.repeat(self.first_leaf[:, None], bits.shape[1], axis=1)
        for level in range(self.asked.shape[1]):
            places += bits[self.asked[:, level]].astype(np.int32) << level
        return np.stack([added(column[places]) for column in self.leaves.T])


@dataclass(frozen=True)
class Asymmetric:
    """Trees that grow by depth or by loss: nodes ask what they like."""

    forest: Forest
    """Its features are the answers of the splits, 0 or 1; its values are places in `leaves`."""
    leaves: np.ndarray
    """Shape (n_leaves, n_scores)."""

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
        places = self.forest.value[self.forest.leaves(right.astype(np.float64))].astype(np.intp)
        return np.stack([added(column[places]) for column in self.leaves.T])


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
        answers = self.trees.answers(self.answers_of_splits(x.astype(F32)))
        added = self.scale * self._paths.shapley(answers)
        expected = self.scale * self._paths.expected + self.bias
        return Explained(expected, by_feature(added, self.players, len(x)))

    @cached_property
    def _paths(self) -> Paths:
        return Paths(self.trees.paths(self.player), len(self.players))

    def scores(self, x: np.ndarray) -> np.ndarray:
        right = self.answers_of_splits(x.astype(F32))
        return np.asarray(self.trees.scores(right) * self.scale + self.bias[:, None])

    def answers_of_splits(self, x: np.ndarray) -> np.ndarray:
        """Whether each split sends each row to the right, shape (n_splits, n_rows)."""
        n_features = len(self.sizes)
        right = np.zeros((len(self.splits.feature), x.shape[1]), bool)
        of_features = np.flatnonzero(self.splits.feature < n_features)
        values = x[self.splits.feature[of_features]]
        places = np.broadcast_to(of_features[:, None], values.shape)
        right[of_features] = ~self.splits.left(places, values)
        rest = np.flatnonzero(self.splits.feature >= n_features)
        if len(rest):
            hashed: dict[int, np.ndarray] = {}
            found = np.stack([self._values(one, x, right, hashed) for one in self.statistics])
            own = found[self.splits.feature[rest] - n_features]
            right[rest] = own > self.splits.threshold[rest, None].astype(F32)
        return right

    def _values(
        self, statistic: Statistic, x: np.ndarray, right: np.ndarray, hashed: dict[int, np.ndarray]
    ) -> np.ndarray:
        mixed = np.zeros(x.shape[1], np.uint64)
        for part in statistic.parts:
            if isinstance(part, OfSplit):
                own = right[part.split].astype(np.uint64)
            else:
                own = self._hash(part.feature, x, hashed)
            mixed = MIX * (mixed + MIX * own)
        at = np.minimum(np.searchsorted(statistic.keys, mixed), len(statistic.keys) - 1)
        seen, unseen = statistic.values[at], F32(statistic.unseen)
        return np.asarray(np.where(statistic.keys[at] == mixed, seen, unseen))

    def _hash(self, feature: int, x: np.ndarray, known: dict[int, np.ndarray]) -> np.ndarray:
        if feature not in known:
            codes = np.where(np.isnan(x[feature]), self.sizes[feature], x[feature])
            known[feature] = self.hashes[codes.astype(np.intp)]
        return known[feature]
