"""What a feature adds is its Shapley value, by the definition."""

import itertools
import math
from collections.abc import Collection

import numpy as np
import pytest

from export_trees import Nodes
from portable.shap import Paths, leaves_of_forest
from portable.trees import Forest, forest_of

FEATURES, DEPTH = 4, 4


def random_tree(random: np.random.Generator) -> Forest:
    """A tree that looks at some features twice on a path."""
    nodes = Nodes()

    def grow(depth: int, rows: int) -> int:
        me = len(nodes)
        if depth == DEPTH or rows < 2 or random.random() < 0.15:
            nodes.leaf(float(random.normal()), rows)
            return me
        feature, left = int(random.integers(FEATURES)), int(random.integers(1, rows))
        nodes.split(feature, float(random.normal()), 0, 0, False, rows, player=feature)
        nodes.left[me] = grow(depth + 1, left)
        nodes.right[me] = grow(depth + 1, rows - left)
        return me

    nodes.tree(0)
    grow(0, 100)
    return forest_of(nodes.arrays("m", np.float64), "m")


def mean_where(forest: Forest, node: int, row: np.ndarray, known: Collection[int]) -> float:
    """The mean over the leaves that the known features leave possible, by the rows of train."""
    left, right = int(forest.left[node]), int(forest.right[node])
    if left == node:
        return float(forest.value[node])
    feature = int(forest.splits.feature[node])
    if feature in known:
        goes_left = row[feature] <= forest.splits.threshold[node]
        return mean_where(forest, left if goes_left else right, row, known)
    shares = [(side, forest.cover[side] / forest.cover[node]) for side in (left, right)]
    return sum(share * mean_where(forest, side, row, known) for side, share in shares)


def by_definition(forest: Forest, row: np.ndarray, feature: int) -> float:
    """The mean over all orders of what knowing the feature adds to the features before it."""
    others = [other for other in range(FEATURES) if other != feature]
    total = 0.0
    for size in range(FEATURES):
        orders = math.factorial(size) * math.factorial(FEATURES - size - 1)
        for known in itertools.combinations(others, size):
            with_it = mean_where(forest, 0, row, {*known, feature})
            added = with_it - mean_where(forest, 0, row, known)
            total += orders / math.factorial(FEATURES) * added
    return total


@pytest.mark.parametrize("seed", range(30))
def test_a_features_amount_is_its_shapley_value(seed: int) -> None:
    random = np.random.default_rng(seed)
    forest = random_tree(random)
    rows = random.normal(size=(3, FEATURES))
    left = rows[:, forest.splits.feature].T <= forest.splits.threshold[:, None]
    leaves = leaves_of_forest(forest, forest.cover, forest.player, forest.value[:, None])
    found = Paths(leaves, FEATURES).shapley(left)[0]
    for number, row in enumerate(rows):
        expected = [by_definition(forest, row, feature) for feature in range(FEATURES)]
        assert np.allclose(found[:, number], expected)
