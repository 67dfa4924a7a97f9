"""The trees of LightGBM and XGBoost as a portable model's arrays; what is not known is refused."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from refused import need

F32 = np.float32
# In LightGBM's decision_type.
IS_CATEGORY, DEFAULT_LEFT, ZERO_MISSING, NAN_MISSING = 1, 2, 1, 2
LIGHTGBM_OBJECTIVES = {
    "binary": ("binary",),
    "multiclass": ("multiclass",),
    "regression": ("regression", "regression_l1", "huber"),
}
XGBOOST_OBJECTIVES = {
    "binary": ("binary:logistic",),
    "multiclass": ("multi:softprob",),
    "regression": ("reg:squarederror", "reg:absoluteerror"),
}
Arrays = dict[str, np.ndarray]


class Nodes:
    """All trees of a member, node after node."""

    def __init__(self) -> None:
        self.feature: list[int] = []
        self.threshold: list[float] = []
        self.left: list[int] = []
        self.right: list[int] = []
        self.missing_left: list[bool] = []
        self.value: list[float] = []
        self.cover: list[float] = []
        self.first_word: list[int] = []
        self.n_words: list[int] = []
        self.words: list[int] = []
        self.roots: list[int] = []
        self.score: list[int] = []
        self.player: list[int] = []

    def __len__(self) -> int:
        return len(self.feature)

    def tree(self, score: int) -> int:
        """Begin a tree that adds to this score; return the place of its first node."""
        self.roots.append(len(self))
        self.score.append(score)
        return len(self)

    def split(
        self,
        feature: int,
        threshold: float,
        left: int,
        right: int,
        missing_left: bool,
        cover: float,
        words: Sequence[int] | None = None,
        player: int = 0,
    ) -> None:
        """Add a node; `words` has a bit per category that goes left, and `player` is blamed."""
        self.feature.append(feature)
        self.threshold.append(np.inf if words is not None else threshold)
        self.left.append(left)
        self.right.append(right)
        self.missing_left.append(missing_left)
        self.value.append(0.0)
        self.cover.append(cover)
        self.first_word.append(-1 if words is None else len(self.words))
        self.n_words.append(0 if words is None else len(words))
        self.words += words or []
        self.player.append(player)

    def leaf(self, value: float, cover: float) -> None:
        me = len(self)
        self.split(0, np.inf, me, me, True, cover)
        self.value[me] = value

    def arrays(self, prefix: str, precision: type) -> Arrays:
        made: Arrays = {
            "feature": np.array(self.feature, np.int32),
            "threshold": np.array(self.threshold, np.float64),
            "left": np.array(self.left, np.int32),
            "right": np.array(self.right, np.int32),
            "missing_left": np.array(self.missing_left, bool),
            "value": np.array(self.value, precision),
            "cover": np.array(self.cover, np.float64),
            "player": np.array(self.player, np.int32),
            "first_word": np.array(self.first_word, np.int32),
            "n_words": np.array(self.n_words, np.int32),
            "words": np.array(self.words, np.uint32),
            "roots": np.array(self.roots, np.int32),
            "score": np.array(self.score, np.int32),
        }
        return {f"{prefix}.{name}": array for name, array in made.items()}


def lightgbm_trees(
    model: Any, columns: Sequence[int], problem: str, n_scores: int
) -> tuple[Nodes, dict[str, Any]]:
    """The trees of AutoGluon's LGBModel, and how they are added up.

    `columns` has the place of each of its features among those of the portable model.
    Raises Refused.
    """
    booster = model.model
    best = booster.best_iteration
    text = booster.model_to_string(num_iteration=best if best > 0 else -1)
    head, *trees = text.split("\nTree=")
    said = dict(line.split("=", 1) for line in head.splitlines() if "=" in line)
    need("average_output" not in head, "lightgbm.average_output")
    objective, *settings = said.get("objective", "").split()
    need(objective in LIGHTGBM_OBJECTIVES[problem], f"lightgbm.objective={objective}")
    known = dict(one.partition(":")[::2] for one in settings)
    need(set(known) <= {"sigmoid", "num_class"}, f"lightgbm.objective={said['objective']}")
    need(int(said["num_tree_per_iteration"]) == n_scores, "lightgbm.num_tree_per_iteration")
    nodes = Nodes()
    for number, tree in enumerate(trees):
        fields = tree.split("end of trees")[0].splitlines()
        _lightgbm_tree(
            dict(line.split("=", 1) for line in fields if "=" in line),
            nodes,
            number % n_scores,
            columns,
        )
    players = [[column] for column in columns]
    sigmoid = float(known.get("sigmoid", 1.0))
    return nodes, {"made_by": "lightgbm", "sigmoid": sigmoid, "players": players}


def _lightgbm_tree(tree: dict[str, str], nodes: Nodes, score: int, columns: Sequence[int]) -> None:
    need(tree.get("is_linear", "0") == "0", "lightgbm.is_linear")

    def numbers(name: str, kind: type) -> list[Any]:
        return [kind(one) for one in tree.get(name, "").split()]

    inner = int(tree["num_leaves"]) - 1
    base = nodes.tree(score)
    feature, threshold = numbers("split_feature", int), numbers("threshold", float)
    decision, covers = numbers("decision_type", int), numbers("internal_count", float)
    left, right = numbers("left_child", int), numbers("right_child", int)
    bounds, words = numbers("cat_boundaries", int), numbers("cat_threshold", int)

    def place(child: int) -> int:
        return base + (child if child >= 0 else inner + ~child)

    for node in range(inner):
        missing = decision[node] >> 2 & 3
        need(missing != ZERO_MISSING, "lightgbm.zero_as_missing")
        by_default = bool(decision[node] & DEFAULT_LEFT)
        own = None
        if decision[node] & IS_CATEGORY:
            # A missing one, and one that train lacks, goes right.
            number = int(threshold[node])
            own, goes_left = words[bounds[number] : bounds[number + 1]], False
        else:
            # A missing number counts as zero where train has none.
            goes_left = by_default if missing == NAN_MISSING else threshold[node] >= 0
        nodes.split(
            columns[feature[node]],
            threshold[node],
            place(left[node]),
            place(right[node]),
            goes_left,
            covers[node],
            own,
            feature[node],
        )
    for value, cover in zip(
        numbers("leaf_value", float), numbers("leaf_count", float) or [1.0], strict=True
    ):
        nodes.leaf(value, cover)


def xgboost_trees(
    model: Any, columns: Sequence[int], sizes: Sequence[int], problem: str, n_scores: int
) -> tuple[Nodes, dict[str, Any]]:
    """The same of AutoGluon's XGBoostModel; `sizes` has the number of categories of each feature.

    AutoGluon gives it a column per frequent category; here these are sets of categories again.
    """
    content = json.loads(bytes(model.model.get_booster().save_raw("json")))["learner"]
    booster, objective = content["gradient_booster"], content["objective"]["name"]
    need(booster["name"] == "gbtree", f"xgboost.booster={booster['name']}")
    need(objective in XGBOOST_OBJECTIVES[problem], f"xgboost.objective={objective}")
    need(content["learner_model_param"]["num_target"] == "1", "xgboost.num_target")
    trees, scores = booster["model"]["trees"], booster["model"]["tree_info"]
    last = model.model._get_iteration_range(None)[1]
    if last:
        used = booster["model"]["iteration_indptr"][last]
        trees, scores = trees[:used], scores[:used]
    inputs = _xgboost_inputs(model, columns, sizes)
    nodes = Nodes()
    for tree, score in zip(trees, scores, strict=True):
        need(score < n_scores, "xgboost.tree_info")
        _xgboost_tree(tree, nodes, score, inputs)
    start = np.atleast_1d(json.loads(content["learner_model_param"]["base_score"])).astype(F32)
    if objective == "binary:logistic":
        start = -np.log((F32(1) / start - F32(1)).astype(float)).astype(F32)
    start = np.broadcast_to(start, n_scores).astype(float)
    return nodes, {
        "made_by": "xgboost",
        "start": start.tolist(),
        "players": [[one.feature] for one in inputs],
        "zero_is_missing": bool(model._ohe),
    }


class _Input:
    """A column of XGBoost's: a number, a category, or some of the categories of a feature."""

    def __init__(self, feature: int, size: int = 0, some: Sequence[int] | None = None) -> None:
        self.feature, self.size, self.some = feature, size, some


def _xgboost_inputs(model: Any, columns: Sequence[int], sizes: Sequence[int]) -> list[_Input]:
    for mapping in (model._category_mapping or {}).values():
        need(all(int(a) == b for a, b in mapping.items()), "xgboost.category_mapping")
    hot = model._ohe_generator
    if not model._ohe:
        return [_Input(place, size) for place, size in zip(columns, sizes, strict=True)]
    place = dict(zip(model.features, zip(columns, sizes, strict=True), strict=True))
    inputs = []
    for number, name in enumerate(hot.cat_cols):
        codes = [int(code) for code in hot.ohe_encs.categories_[number]]
        rare = hot.ohe_encs.infrequent_indices_[number]
        shared = set() if rare is None else set(map(int, rare))
        groups = [[code] for at, code in enumerate(codes) if at not in shared]
        if shared:
            groups.append([code for at, code in enumerate(codes) if at in shared])
        feature, size = place[name]
        inputs += [_Input(feature, size, group) for group in groups]
    return inputs + [_Input(place[name][0]) for name in hot.other_cols]


def _xgboost_tree(tree: dict[str, Any], nodes: Nodes, score: int, inputs: Sequence[_Input]) -> None:
    base = nodes.tree(score)
    right_sets = {
        node: set(tree["categories"][at : at + size])
        for node, at, size in zip(
            tree.get("categories_nodes", ()),
            tree.get("categories_segments", ()),
            tree.get("categories_sizes", ()),
            strict=True,
        )
    }
    children = zip(tree["left_children"], tree["right_children"], strict=True)
    for node, (left, right) in enumerate(children):
        condition, cover = F32(tree["split_conditions"][node]), tree["sum_hessian"][node]
        if left < 0:
            nodes.leaf(float(condition), cover)
            continue
        given = inputs[tree["split_indices"][node]]
        by_default = bool(tree["default_left"][node])
        words = None
        if given.some is not None:
            # The column is 1 for these categories, and missing for all others.
            these_left = bool(condition > 1)
            going = {
                code
                for code in range(given.size)
                if (these_left if code in given.some else by_default)
            }
            words = bits_of(going, given.size)
            by_default = these_left if -1 in given.some else by_default
        elif tree["split_type"][node]:
            need(given.size > 0, "xgboost.split_type")
            going = set(range(given.size)) - right_sets[node]
            words = bits_of(going, given.size)
        # x < c is x <= the float before c.
        before = float(np.nextafter(condition, F32(-np.inf)))
        player = tree["split_indices"][node]
        nodes.split(
            given.feature, before, base + left, base + right, by_default, cover, words, player
        )


def bits_of(codes: set[int], size: int) -> list[int]:
    """Words of 32 bits, with a bit for each of these codes of so many."""
    return [
        sum(1 << bit for bit in range(32) if 32 * word + bit in codes)
        for word in range(size // 32 + 1)
    ]
