"""What a feature adds is its Shapley value, by the definition."""

import itertools
import math
import tracemalloc
from collections.abc import Callable, Collection
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from api.errors import TooLargeError
from export_trees import Nodes
from portable.links import LINKS
from portable.members import LightGBM
from portable.model import PortableModel
from portable.shap import Paths, leaves_of_forest
from portable.trees import Forest, forest_of
from serving.request import MOST_LEAVES_OF_ROWS, most_explained

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


def forest_of_trees(trees: int, leaves: int) -> Forest:
    """Trees that ask a feature after the other, each of so many leaves."""
    random, nodes = np.random.default_rng(1), Nodes()
    for _ in range(trees):
        root = len(nodes)
        nodes.tree(0)
        for depth in range(leaves - 1):
            feature, rows = depth % FEATURES, 1000 - depth
            me = len(nodes)
            nodes.split(feature, float(random.normal()), 0, 0, False, rows, player=feature)
            nodes.left[me] = len(nodes)
            nodes.leaf(float(random.normal()), 1)
            nodes.right[me] = len(nodes)
        nodes.leaf(float(random.normal()), 1000 - leaves + 1)
        assert len(nodes) - root == 2 * leaves - 1
    return forest_of(nodes.arrays("m", np.float64), "m")


def lightgbm(forest: Forest) -> LightGBM:
    return LightGBM(forest, [[feature] for feature in range(FEATURES)], 1, 1.0, LINKS["number"])


def test_trees_explain_the_same_all_at_once_and_some_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    forest, x = forest_of_trees(30, 6), np.random.default_rng(2).normal(size=(FEATURES, 40))
    whole = lightgbm(forest).explained(x)
    for module in ("members", "shap"):
        monkeypatch.setattr(f"portable.{module}.LEAVES_AT_A_TIME", 17)
    monkeypatch.setattr("portable.members.ANSWERED_AT_A_TIME", 100)
    parts = lightgbm(forest).explained(x)
    assert np.allclose(whole.added, parts.added) and np.allclose(whole.expected, parts.expected)
    assert np.allclose(whole.added.sum(axis=(0, 1)) + whole.expected, forest.scores(x, np.zeros(1)))


def peak_of(work: Callable[[], object]) -> int:
    """In bytes; the least of three, for threads of other tests may allocate meanwhile."""
    peaks = []
    for _ in range(3):
        tracemalloc.start()
        work()
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    return min(peaks)


def test_four_times_the_trees_or_rows_take_hardly_more_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("members.LEAVES_AT_A_TIME", "members.ANSWERED_AT_A_TIME"):
        monkeypatch.setattr(f"portable.{name}", 1_000)
    monkeypatch.setattr("portable.shap.EXPLAINED_AT_A_TIME", 2_000)
    x = np.zeros((FEATURES, 40))
    few, many = (lightgbm(forest_of_trees(trees, 10)) for trees in (200, 800))
    least = peak_of(lambda: few.explained(x))
    assert peak_of(lambda: many.explained(x)) < 1.5 * least
    assert peak_of(lambda: few.explained(np.tile(x, 4))) < 1.5 * least


@pytest.mark.parametrize(("leaves", "most"), [(0, 100), (1_000, 100), (200_000, 52), (10**6, 4)])
def test_a_large_model_explains_fewer_rows(leaves: int, most: int) -> None:
    assert most_explained(cast(PortableModel, SimpleNamespace(n_leaves=leaves))) == most
    with pytest.raises(TooLargeError):
        most_explained(cast(PortableModel, SimpleNamespace(n_leaves=MOST_LEAVES_OF_ROWS)))
