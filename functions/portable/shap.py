"""What each feature adds to a score: Shapley values of trees, as each library calculates them.

Of a tree, the value of knowing some features is the mean over the leaves that they leave possible,
weighted by the rows of train (Lundberg's path-dependent TreeSHAP). All leaves are looked at at
once: of each, which players stand on its path, what share of the rows each of them lets through,
and whether the row agrees.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from portable.trees import Forest

NONE = -1
# Leaves times rows that are explained at a time, and leaves whose paths are made at a time.
EXPLAINED_AT_A_TIME, LEAVES_AT_A_TIME = 200_000, 20_000

Players = Sequence[Sequence[int]]
"""The features that each player stands for; each gets an equal part."""


@dataclass(frozen=True)
class Explained:
    """What each feature adds to the scores of rows."""

    expected: np.ndarray
    """The mean scores of train, shape (n_scores,)."""
    added: np.ndarray
    """Shape (n_scores, n_features, n_rows)."""
    in_shares: bool = False
    """Whether scores of classes are probabilities, not log-odds."""


def by_feature(added: np.ndarray, players: Players, n_features: int) -> np.ndarray:
    """From what players add to what features add; shape (n_scores, n_features, n_rows)."""
    parts = np.zeros((n_features, len(players)))
    for player, features in enumerate(players):
        for feature in features:
            parts[feature, player] += 1 / len(features)
    return np.asarray(parts @ added)


@dataclass(frozen=True)
class Leaves:
    """The paths to some leaves, from the root on; shapes (n_leaves, depth), padded with NONE."""

    values: np.ndarray
    """Shape (n_leaves, n_scores)."""
    question: np.ndarray
    wanted: np.ndarray
    """The answer that leads to the leaf."""
    share: np.ndarray
    """The part of the rows before the question that has this answer; 1 of the padding."""
    player: np.ndarray


@dataclass(frozen=True)
class _Group:
    """Leaves with the same number of players on their paths."""

    values: np.ndarray
    question: np.ndarray
    wanted: np.ndarray
    slot: np.ndarray
    """Which of its leaf's players each question belongs to, shape (n_leaves, depth)."""
    players: np.ndarray
    shares: np.ndarray
    """What share of the rows each player lets through, shape (n_leaves, n_players)."""

    def agrees(self, answers: np.ndarray) -> np.ndarray:
        """Whether each player lets each row through, shape (n_leaves, n_players, n_rows)."""
        asked = self.question >= 0
        wrong = answers[self.question] != self.wanted[:, :, None]
        wrong &= asked[:, :, None]
        found = np.ones((*self.players.shape, answers.shape[1]))
        lines = np.arange(len(found))
        for step in range(wrong.shape[1]):
            found[lines, self.slot[:, step]] *= ~wrong[:, step]
        return found


class Paths:
    """The leaves of one member."""

    def __init__(self, leaves: Leaves, n_players: int) -> None:
        self._n_players = n_players
        self._n_scores = leaves.values.shape[1]
        self._size = len(leaves.values)
        self.expected = (leaves.values * leaves.share.prod(axis=1)[:, None]).sum(axis=0)
        """The mean score of train, shape (n_scores,)."""
        self._groups = _groups(leaves)

    def shapley(self, answers: np.ndarray) -> np.ndarray:
        """What each player adds, shape (n_scores, n_players, n_rows).

        `answers` has each question's answer, shape (n_questions, n_rows).
        """
        n_rows = answers.shape[1]
        size = max(1, EXPLAINED_AT_A_TIME // max(1, self._size))
        found = np.zeros((self._n_scores, self._n_players, n_rows))
        for first in range(0, n_rows, size):
            some = slice(first, first + size)
            for group in self._groups:
                self._add(group, answers[:, some], found[:, :, some])
        return found

    def _add(self, group: _Group, answers: np.ndarray, into: np.ndarray) -> None:
        agrees = group.agrees(answers)
        weights = _weights(agrees, group.shares)
        # Most leaves of trees of one class say nothing of the others.
        said = [np.flatnonzero(values) for values in group.values.T]
        by_score = [(own, group.values[own, score, None]) for score, own in enumerate(said)]
        for place, players in enumerate(group.players.T):
            one, share = agrees[:, place], group.shares[:, place, None]
            amount = _unwound(weights, one, share) * (one - share)
            for score, (own, values) in enumerate(by_score):
                np.add.at(into[score], players[own], amount[own] * values)


def _groups(leaves: Leaves) -> list[_Group]:
    """The leaves by their number of players."""
    known, steps = leaves.player >= 0, np.arange(leaves.player.shape[1])
    # The step at which a player is met first, and how many came before.
    first = np.tile(steps, (len(leaves.player), 1))
    for step in steps:
        for earlier in range(step - 1, -1, -1):
            first[leaves.player[:, earlier] == leaves.player[:, step], step] = earlier
    is_new = (first == steps) & known
    rank = np.cumsum(is_new, axis=1) - 1
    slot = np.where(known, np.take_along_axis(rank, first, axis=1), 0)
    width = is_new.sum(axis=1)
    return [_group(leaves, slot, is_new, rank, width == n) for n in np.unique(width[width > 0])]


def _group(
    leaves: Leaves, slot: np.ndarray, is_new: np.ndarray, rank: np.ndarray, chosen: np.ndarray
) -> _Group:
    line, step = np.nonzero(is_new[chosen])
    place = rank[chosen][line, step]
    own_slot, share = slot[chosen].astype(np.int32), leaves.share[chosen]
    players = np.zeros((len(share), int(place.max()) + 1), np.int32)
    players[line, place] = leaves.player[chosen][line, step]
    shares = np.ones(players.shape)
    lines = np.arange(len(shares))
    for at in range(share.shape[1]):
        shares[lines, own_slot[:, at]] *= share[:, at]
    question = leaves.question[chosen].astype(np.int32)
    return _Group(leaves.values[chosen], question, leaves.wanted[chosen], own_slot, players, shares)


def _weights(agrees: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Of each number of known players, the weight; shape (n_players + 1, n_leaves, n_rows)."""
    n_leaves, width, n_rows = agrees.shape
    found = np.zeros((width + 1, n_leaves, n_rows))
    found[0] = 1
    for n in range(1, width + 1):
        one, share = agrees[:, n - 1], shares[:, n - 1, None]
        for at in range(n - 1, -1, -1):
            found[at + 1] += one * found[at] * ((at + 1) / (n + 1))
            found[at] *= share * ((n - at) / (n + 1))
    return found


def _unwound(weights: np.ndarray, one: np.ndarray, share: np.ndarray) -> np.ndarray:
    """The sum of the weights without one player; shape (n_leaves, n_rows)."""
    width = len(weights) - 1
    following, agreeing = weights[width].copy(), np.zeros(one.shape)
    other = np.zeros(one.shape)
    divisor = np.where(share > 0, share, 1)
    for at in range(width - 1, -1, -1):
        step = following * ((width + 1) / (at + 1))
        agreeing += step
        following = weights[at] - step * share * ((width - at) / (width + 1))
        other += weights[at] * ((width + 1) / (width - at)) / divisor
    return np.where(one > 0, agreeing, np.where(share > 0, other, 0))


def leaves_of_forest(
    forest: Forest, cover: np.ndarray, player: np.ndarray, values: np.ndarray
) -> Leaves:
    """The paths of trees: `player` and `cover` are of nodes, and so are the questions.

    `values` has each leaf's values in the place of its node, shape (n_nodes, n_scores).
    """
    nodes = np.arange(len(forest.left))
    is_leaf = forest.left == nodes
    parent, from_left = np.full(len(nodes), NONE), np.zeros(len(nodes), bool)
    inner = nodes[~is_leaf]
    parent[forest.left[inner]], from_left[forest.left[inner]] = inner, True
    parent[forest.right[inner]] = inner
    at, steps = nodes[is_leaf], []
    while (parent[at] >= 0).any():
        above = parent[at]
        share = np.where(above >= 0, cover[at] / np.maximum(cover[above], 1e-300), 1.0)
        steps.append((above, from_left[at], share, np.where(above >= 0, player[above], NONE)))
        at = np.where(above >= 0, above, at)
    return _leaves(values[is_leaf], steps)


def _leaves(
    values: np.ndarray, steps: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]
) -> Leaves:
    if not steps:
        empty = np.full((len(values), 1), NONE)
        return Leaves(values, empty, empty > 0, np.ones(empty.shape), empty)
    question, wanted, share, player = (np.stack(of, axis=1) for of in zip(*steps, strict=True))
    return Leaves(values, question, wanted, share, player)


def leaves_of_oblivious(
    asked: np.ndarray,
    first_leaf: np.ndarray,
    cover: np.ndarray,
    player: np.ndarray,
    values: np.ndarray,
) -> Leaves:
    """The paths of trees whose nodes of a level ask the same; `player` is of splits.

    A leaf that no row of train has reached adds nothing, as in CatBoost.
    """
    depth = asked.shape[1]
    sizes = np.diff([*first_leaf, len(values)])
    tree = np.repeat(np.arange(len(asked)), sizes)
    place = np.arange(len(values)) - first_leaf[tree]
    steps = []
    for level in range(depth):
        question = asked[tree, level]
        is_asked = question >= 0
        bit = (place >> level) & 1
        # The rows of all leaves that differ in no later question.
        key = first_leaf[tree] + (place >> (level + 1) << (level + 1))
        before = np.bincount(key, cover, len(values))[key]
        own = np.bincount(key + (bit << level), cover, len(values))[key + (bit << level)]
        share = np.where(is_asked & (before > 0), own / np.maximum(before, 1e-300), 1.0)
        steps.append((question, bit > 0, share, np.where(is_asked, player[question], NONE)))
    found = _leaves(values, steps)
    reached = cover > 0
    return Leaves(
        values[reached],
        found.question[reached],
        found.wanted[reached],
        found.share[reached],
        found.player[reached],
    )
