"""CatBoost's trees and statistics as a portable model's arrays; what is not known is refused."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from export_trees import Arrays, Nodes, bits_of
from refused import need

F32 = np.float32
# What comes of a missing number: smaller than every border, or larger.
MISSING_IS_GREATER = {"AsIs": False, "AsFalse": False, "AsTrue": True}
MISSING = "__NaN__"
M64, M32 = (1 << 64) - 1, (1 << 32) - 1


@dataclass(frozen=True)
class Given:
    """What CatBoost's model looks at."""

    columns: Sequence[int]
    """The place of each of its features among those of the portable model."""
    sizes: Sequence[int]
    """How many categories each has; 0 of numbers."""
    n_features: int
    """Of the portable model; the statistics come behind them."""


def catboost_trees(
    model: Any, given: Given, n_scores: int, prefix: str
) -> tuple[Arrays, dict[str, Any]]:
    """The trees of AutoGluon's CatBoostModel, and how they are added up.

    Raises Refused.
    """
    names = list(model.model.feature_names_)
    need(names == list(model.features), "catboost.feature_names")
    _need_plain_categories(model, names, given.sizes)
    content = _as_json(model.model)
    info = content["features_info"]
    need(not info.get("text_features"), "catboost.text_features")
    need(not info.get("embedding_features"), "catboost.embedding_features")
    scale, bias = content["scale_and_bias"]
    need(len(bias) == n_scores, "catboost.scale_and_bias")
    questions = _Questions(content, given)
    if "oblivious_trees" in content:
        arrays = _oblivious(content["oblivious_trees"], questions, n_scores)
    else:
        need("trees" in content, "catboost.trees")
        arrays = _asymmetric(content["trees"], questions, n_scores)
    arrays |= questions.arrays()
    described = {
        "made_by": "catboost",
        "is_oblivious": "oblivious_trees" in content,
        "statistics": questions.statistics,
        "players": questions.players,
        "scale": float(scale),
        "bias": [float(one) for one in bias],
    }
    return {f"{prefix}.{name}": array for name, array in arrays.items()}, described


def category_hashes(most: int) -> np.ndarray:
    """The hashes of the texts `0`, `1`, and so on up to so many, as CatBoost mixes them; uint64.

    Of CityHash64, the lower 32 bits, with their sign.
    """
    lower = np.array([_city(str(code)) & M32 for code in range(most + 1)], np.uint32)
    return lower.astype(np.int32).astype(np.int64).astype(np.uint64)


def _as_json(booster: Any) -> Mapping[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.json"
        booster.save_model(str(path), format="json")
        content: Mapping[str, Any] = json.loads(path.read_text("utf-8"))
    return content


def _need_plain_categories(model: Any, names: Sequence[str], sizes: Sequence[int]) -> None:
    """A category's number must be its place, and a missing one's the place behind the last."""
    size = dict(zip(names, sizes, strict=True))
    for name in model._category_features or ():
        expected = {code: code for code in range(size[name])} | {MISSING: size[name]}
        need(dict(model._category_mapping[name]) == expected, "catboost.category_mapping")


class _Questions:
    """All splits of a model in CatBoost's order: borders of numbers, values of categories, and
    borders of statistics. Only what is asked is written."""

    def __init__(self, content: Mapping[str, Any], given: Given) -> None:
        info = content["features_info"]
        self._floats = info.get("float_features") or []
        self._categories = info.get("categorical_features") or []
        self._ctrs = info.get("ctrs") or []
        self._data = content.get("ctr_data") or {}
        self._given = given
        self._hashes = category_hashes(max(given.sizes, default=0)).astype(np.int32)
        self._all = [
            *(("f", n, b) for n, one in enumerate(self._floats) for b in one.get("borders") or ()),
            *(
                ("c", n, v)
                for n, one in enumerate(self._categories)
                for v in one.get("values") or ()
            ),
            *(("s", n, b) for n, one in enumerate(self._ctrs) for b in one.get("borders") or ()),
        ]
        self._nodes = Nodes()
        self._places: dict[tuple[str, int, float], int] = {}
        self._statistic_of: dict[int, int] = {}
        self.statistics: list[dict[str, Any]] = []
        self._arrays: Arrays = {}

    def asked(self, split: Mapping[str, Any]) -> int:
        """The place of a split among the written ones; the order is checked, not believed."""
        kind, number, at = self._all[split["split_index"]]
        if "split_type" in split:
            self._check(split, kind, number, at)
        return self._asked(kind, number, at)

    def arrays(self) -> Arrays:
        nodes = self._nodes.arrays("", np.float64)
        names = ("feature", "threshold", "missing_left", "first_word", "n_words", "words")
        players = {blamed: number for number, blamed in enumerate(self.players)}
        player = [players[self._blamed(place)] for place in range(len(self._nodes))]
        made = {name: nodes[f".{name}"] for name in names}
        return made | self._arrays | {"player": np.array(player, np.int32)}

    @property
    def players(self) -> list[tuple[int, ...]]:
        """The features that are blamed together."""
        return list(dict.fromkeys(map(self._blamed, range(len(self._nodes)))))

    def _blamed(self, place: int) -> tuple[int, ...]:
        """The features that a split blames: of a statistic, those of its categories alone."""
        feature = self._nodes.feature[place] - self._given.n_features
        if feature < 0:
            return (self._nodes.feature[place],)
        parts = self.statistics[feature]["parts"]
        return tuple(column for what, column in parts if what == "category")

    def _check(self, split: Mapping[str, Any], kind: str, number: int, at: float) -> None:
        what = split["split_type"]
        if what == "FloatFeature":
            known = kind == "f" and F32(at) == F32(split["border"])
            known = known and self._floats[number]["feature_index"] == split["float_feature_index"]
        elif what == "OneHotFeature":
            known = kind == "c" and at == split["value"]
            index = self._categories[number]["feature_index"] if known else None
            known = known and index == split["cat_feature_index"]
        else:
            known = kind == "s" and F32(at) == F32(split["border"])
            border = self._ctrs[number]["target_border_idx"] if known else None
            known = known and border == split["ctr_target_border_idx"]
        need(known, "catboost.order_of_splits")

    def _asked(self, kind: str, number: int, at: float) -> int:
        key = (kind, number, float(at))
        if key not in self._places:
            if kind == "f":
                missing = self._floats[number]["nan_value_treatment"]
                need(missing in MISSING_IS_GREATER, f"catboost.nan_value_treatment={missing}")
                column = self._given.columns[self._floats[number]["flat_feature_index"]]
                self._add(key, column, at, not MISSING_IS_GREATER[missing])
            elif kind == "c":
                self._add_category(key, self._categories[number]["flat_feature_index"], int(at))
            else:
                self._add(key, self._given.n_features + self._statistic(number), at, True)
        return self._places[key]

    def _add(
        self, key: tuple[str, int, float], feature: int, at: float, missing_left: bool
    ) -> None:
        self._places[key] = len(self._nodes)
        self._nodes.split(feature, float(F32(at)), 0, 0, missing_left, 0.0)

    def _add_category(self, key: tuple[str, int, float], flat: int, value: int) -> None:
        size = self._given.sizes[flat]
        same = self._hashes[: size + 1] == value
        going = {code for code in range(size) if not same[code]}
        self._places[key] = len(self._nodes)
        column = self._given.columns[flat]
        self._nodes.split(column, 0.0, 0, 0, not same[size], 0.0, bits_of(going, size))

    def _statistic(self, number: int) -> int:
        if number not in self._statistic_of:
            place = self._statistic_of[number] = len(self.statistics)
            self.statistics.append({})
            self.statistics[place] = self._described(self._ctrs[number], f"s{place}")
        return self._statistic_of[number]

    def _described(self, ctr: Mapping[str, Any], prefix: str) -> dict[str, Any]:
        keys, values, unseen = values_of_statistic(ctr, self._data[ctr["identifier"]])
        order = np.argsort(keys)
        self._arrays[f"{prefix}.keys"] = keys[order]
        self._arrays[f"{prefix}.values"] = values[order]
        return {"parts": [self._part(one) for one in ctr["elements"]], "unseen": unseen}

    def _part(self, element: Mapping[str, Any]) -> tuple[str, int]:
        what = element["combination_element"]
        if what == "cat_feature_value":
            flat = _flat(self._categories, element["cat_feature_index"])[1]
            return "category", self._given.columns[flat]
        if what == "float_feature":
            number = _flat(self._floats, element["float_feature_index"])[0]
            return "split", self._asked("f", number, element["border"])
        need(what == "cat_feature_exact_value", f"catboost.combination_element={what}")
        number = _flat(self._categories, element["cat_feature_index"])[0]
        return "split", self._asked("c", number, element["value"])


def _flat(features: Sequence[Mapping[str, Any]], index: int) -> tuple[int, int]:
    """The place of a feature among those of its kind, and among all."""
    for number, one in enumerate(features):
        if one["feature_index"] == index:
            return number, one["flat_feature_index"]
    need(False, "catboost.feature_index")
    raise AssertionError


def values_of_statistic(
    ctr: Mapping[str, Any], data: Mapping[str, Any]
) -> tuple[np.ndarray, np.ndarray, float]:
    """The hash of each combination, its statistic in float32, and that of all other ones.

    Raises Refused when the kind of statistic is not known.
    """
    stride, table = data["hash_stride"], data["hash_map"]
    keys = np.array([int(key) for key in table[0::stride]], np.uint64)
    counts = np.array([table[at::stride] for at in range(1, stride)], np.float64).T
    settings = ("prior_numerator", "prior_denomerator", "shift", "scale")
    numerator, denominator, shift, scale = (F32(ctr[name]) for name in settings)

    def value(good: np.ndarray, total: np.ndarray) -> np.ndarray:
        share = (good.astype(F32) + numerator) / (total.astype(F32) + denominator)
        return np.asarray((share + shift) * scale, F32)

    kind, border = ctr["ctr_type"], ctr["target_border_idx"]
    good, total = np.zeros(1), np.zeros(1)
    if kind in ("Counter", "FeatureFreq"):
        total = np.array([data["counter_denominator"]], np.float64)
        found = value(counts[:, 0], np.broadcast_to(total, len(counts)))
    elif kind in ("BinarizedTargetMeanValue", "FloatTargetMeanValue"):
        found = value(counts[:, 0], counts[:, 1])
    elif kind == "Buckets":
        found = value(counts[:, border], counts.sum(axis=1))
    else:
        need(kind == "Borders", f"catboost.ctr_type={kind}")
        found = value(counts[:, border + 1 :].sum(axis=1), counts.sum(axis=1))
    return keys, found, float(value(good, total)[0])


def _oblivious(trees: Sequence[Mapping[str, Any]], questions: _Questions, n_scores: int) -> Arrays:
    depth = max((len(tree["splits"] or ()) for tree in trees), default=0)
    asked = np.full((len(trees), depth), -1, np.int32)
    first, leaves, covers = [], [], []
    n_leaves = 0
    for number, tree in enumerate(trees):
        for level, split in enumerate(tree["splits"] or ()):
            asked[number, level] = questions.asked(split)
        first.append(n_leaves)
        leaves.append(np.array(tree["leaf_values"], np.float64).reshape(-1, n_scores))
        covers.append(np.array(tree["leaf_weights"], np.float64))
        n_leaves += len(leaves[-1])
        need(len(leaves[-1]) == 1 << len(tree["splits"] or ()), "catboost.leaf_values")
    empty = np.empty((0, n_scores))
    return {
        "asked": asked,
        "first_leaf": np.array(first, np.int32),
        "leaves": np.concatenate([empty, *leaves]),
        "cover": np.concatenate([np.empty(0), *covers]),
    }


def _asymmetric(trees: Sequence[Mapping[str, Any]], questions: _Questions, n_scores: int) -> Arrays:
    """Their nodes look at the answer of a split, 0 or 1."""
    nodes, leaves = Nodes(), list[Any]()

    def walk(tree: Mapping[str, Any]) -> tuple[int, float]:
        """The place of a tree's node, and its weight."""
        me = len(nodes)
        if "split" not in tree:
            weight = float(tree.get("weight", 1.0))
            nodes.leaf(len(leaves), weight)
            leaves.append(np.atleast_1d(tree["value"]))
            return me, weight
        nodes.split(questions.asked(tree["split"]), 0.5, 0, 0, False, 0.0)
        (nodes.left[me], left), (nodes.right[me], right) = walk(tree["left"]), walk(tree["right"])
        nodes.cover[me] = left + right
        return me, left + right

    for tree in trees:
        nodes.tree(0)
        walk(tree)
    made = nodes.arrays("tree", np.float64)
    return made | {"leaves": np.array(leaves, np.float64).reshape(-1, n_scores)}


def _city(text: str) -> int:
    """CityHash64, version 1.0, of at most 16 bytes."""
    content, length = text.encode(), len(text)
    if length > 8:
        low, high = _word(content[:8]), _word(content[-8:])
        rest = (high + length) & M64
        turned = ((rest >> length) | (rest << (64 - length))) & M64
        return _mixed(low, turned) ^ high
    if length >= 4:
        return _mixed((length + (_word(content[:4]) << 3)) & M64, _word(content[-4:]))
    first = content[0] + (content[length >> 1] << 8)
    last = length + (content[-1] << 2)
    found = (first * 0x9AE16A3B2F90404F) & M64 ^ (last * 0xC949D7C7509E6557) & M64
    return ((found ^ found >> 47) * 0x9AE16A3B2F90404F) & M64


def _word(content: bytes) -> int:
    return int.from_bytes(content, "little")


def _mixed(low: int, high: int) -> int:
    """CityHash64's Hash128to64."""
    factor = 0x9DDFEA08EB382D69
    first = ((low ^ high) * factor) & M64
    first ^= first >> 47
    second = ((high ^ first) * factor) & M64
    second ^= second >> 47
    return (second * factor) & M64
