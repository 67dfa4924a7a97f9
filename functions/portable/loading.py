"""From a description and arrays to the parts of a model. What is not known raises KeyError."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from portable.catboost import Asymmetric, CatBoost, Oblivious, OfCategory, OfSplit, Statistic
from portable.extra_trees import ExtraTrees, Input, nodes_of
from portable.features import Category, Feature, Score, Truth
from portable.files import Arrays
from portable.links import F32, FLOAT_LINKS, LINKS, SHARE_LINKS, Problem
from portable.members import Guess, LightGBM, Linear, LinearCategory, LinearNumber, Member, XGBoost
from portable.splits import splits_of
from portable.texts import TextScores
from portable.trees import forest_of

Described = Mapping[str, Any]
# By what a description calls it.
FEATURES = {"number": Feature, "truth": Truth, "category": Category, "score": Score}


def feature_of(described: Described, texts: Mapping[str, TextScores]) -> Feature:
    """The feature that a description makes."""
    given = {name: value for name, value in described.items() if name != "made_as"}
    if "categories" in given:
        given["categories"] = tuple(given["categories"])
    made = FEATURES[described["made_as"]]
    return Score(**given, scores=texts[given["column"]]) if made is Score else made(**given)


def texts_of(described: Sequence[Described], arrays: Arrays) -> dict[str, TextScores]:
    """Column → how its texts are scored."""
    return {
        one["column"]: TextScores(
            one["analyzer"],
            tuple(one["ngrams"]),
            tuple(one["terms"]),
            *(arrays[f"t{place}.{name}"] for name in ("idf", "weights", "intercepts")),
        )
        for place, one in enumerate(described)
    }


class Members:
    """Makes the members of one model."""

    def __init__(
        self, arrays: Arrays, problem: Problem, sizes: Sequence[int], n_scores: int
    ) -> None:
        self._arrays, self._problem, self._n_scores = arrays, problem, n_scores
        self._sizes = np.array(sizes, np.intp)

    def member(self, place: int, described: Described) -> Member:
        """The member in that place."""
        make: Callable[[str, Described], Member] = {
            "lightgbm": self._lightgbm,
            "xgboost": self._xgboost,
            "catboost": self._catboost,
            "linear": self._linear,
            "forest": self._forest,
            "guess": self._guess,
        }[described["made_by"]]
        return make(f"m{place}", described)

    def _lightgbm(self, prefix: str, described: Described) -> Member:
        forest = forest_of(self._arrays, prefix)
        return LightGBM(
            forest, described["players"], self._n_scores, described["sigmoid"], LINKS[self._problem]
        )

    def _xgboost(self, prefix: str, described: Described) -> Member:
        forest, start = forest_of(self._arrays, prefix), np.asarray(described["start"], F32)
        return XGBoost(
            forest,
            described["players"],
            start,
            described["zero_is_missing"],
            FLOAT_LINKS[self._problem],
        )

    def _catboost(self, prefix: str, described: Described) -> Member:
        a = self._arrays
        trees: Oblivious | Asymmetric
        if described["is_oblivious"]:
            names = ("asked", "first_leaf", "leaves", "cover")
            trees = Oblivious(*(a[f"{prefix}.{name}"] for name in names))
        else:
            trees = Asymmetric(forest_of(a, f"{prefix}.tree"), a[f"{prefix}.leaves"])
        return CatBoost(
            splits_of(a, prefix),
            tuple(
                self._statistic(f"{prefix}.s{place}", one)
                for place, one in enumerate(described["statistics"])
            ),
            trees,
            self._sizes,
            a["hashes"],
            described["scale"],
            np.asarray(described["bias"], np.float64),
            described["players"],
            a[f"{prefix}.player"],
            LINKS[self._problem],
        )

    def _statistic(self, prefix: str, described: Described) -> Statistic:
        parts: dict[str, Callable[[int], OfCategory | OfSplit]] = {
            "category": OfCategory,
            "split": OfSplit,
        }
        return Statistic(
            tuple(parts[what](place) for what, place in described["parts"]),
            self._arrays[f"{prefix}.keys"],
            self._arrays[f"{prefix}.values"],
            described["unseen"],
        )

    def _linear(self, prefix: str, described: Described) -> Member:
        columns = [
            LinearCategory(one["feature"], tuple(one["codes"]))
            if "codes" in one
            else LinearNumber(**one)
            for one in described["columns"]
        ]
        weights, means, intercepts = (
            self._arrays[f"{prefix}.{name}"] for name in ("weights", "means", "intercepts")
        )
        return Linear(columns, weights, means, intercepts, LINKS[self._problem])

    def _forest(self, prefix: str, described: Described) -> Member:
        inputs = [
            Input(one["feature"], one["missing"], tuple(one["numbers"]))
            if "numbers" in one
            else Input(**one)
            for one in described["inputs"]
        ]
        return ExtraTrees(
            inputs,
            nodes_of(self._arrays, prefix),
            np.asarray(described["usual"], np.float64),
            described["share_of_usual"],
            SHARE_LINKS[self._problem],
        )

    def _guess(self, prefix: str, described: Described) -> Member:
        del prefix
        return Guess(np.asarray(described["always"], np.float64), LINKS[self._problem])
