"""The product's own forest as a portable model's part; what is not known is refused."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from export_trees import Arrays
from model_code.forest import Codes, Forest
from refused import need

CODES = ("name", "missing", "values")
TREES = {
    "roots": np.integer,
    "columns": np.int16,
    "thresholds": np.float32,
    "right": np.int32,
    "rows": np.int32,
    "values": np.float32,
}


def forest(
    model: Forest, features: Mapping[str, Mapping[str, Any]], n_scores: int, prefix: str
) -> tuple[Arrays, dict[str, Any]]:
    """The arrays of the trees, and how features become what they split.

    Of two classes, only what leaves say of the positive one is written. Raises Refused.
    """
    trees = model.model
    need([one.name for one in fields(trees)] == list(TREES), "forest.trees")
    arrays = {name: getattr(trees, name) for name in TREES}
    for name, kind in TREES.items():
        need(np.issubdtype(arrays[name].dtype, kind), f"forest.{name}={arrays[name].dtype}")
    classes = model._classes()
    need(trees.values.shape[1] == max(1, classes), "forest.values")
    need(n_scores == (1 if classes == 2 else max(1, classes)), "forest.classes")
    arrays["values"] = np.ascontiguousarray(trees.values[:, -n_scores:])
    described = {
        "made_by": "forest",
        "inputs": [_input(one, features) for one in model.codes],
        "usual": np.asarray(model.usual, float)[-n_scores:].tolist(),
        "share_of_usual": float(model.share_of_usual),
    }
    return {f"{prefix}.{name}": array for name, array in arrays.items()}, described


def _input(codes: Codes, features: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    need([one.name for one in fields(codes)] == list(CODES), "forest.codes")
    need(codes.name in features, "forest.features")
    categories = features[codes.name].get("categories")
    need((codes.values is None) == (categories is None), "forest.categories")
    found = {"feature": list(features).index(codes.name), "missing": float(codes.missing)}
    if codes.values is None or categories is None:
        return found
    # AutoGluon gives a model the places of categories.
    places = list(map(str, range(len(categories))))
    need(set(codes.values) <= set(places), "forest.categories")
    return {**found, "numbers": [float(codes.values.get(one, codes.missing)) for one in places]}
