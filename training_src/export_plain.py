"""The product's own models and text scores as a portable model's parts."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from export_trees import Arrays
from model_code.plain_models import Number
from model_code.text_scores import TextScores
from refused import need

MISSING = "nan"
ANALYZERS = ("word", "char_wb")


def linear(model: Any, features: Mapping[str, Any], prefix: str) -> tuple[Arrays, dict[str, Any]]:
    """The linear model; its categories are places, written as texts."""
    learned = model.model
    places = list(features)
    columns = []
    for column in learned.columns:
        feature = places.index(column.name)
        if isinstance(column, Number):
            numbers = {name: value for name, value in vars(column).items() if name != "name"}
            columns.append({"feature": feature, **numbers})
        else:
            codes = [-1 if value == MISSING else int(value) for value in column.values]
            columns.append({"feature": feature, "codes": codes})
    arrays = {
        "weights": learned.weights,
        "means": learned.means,
        "intercepts": learned.intercepts,
    }
    named = {f"{prefix}.{name}": np.asarray(array, float) for name, array in arrays.items()}
    return named, {"made_by": "linear", "columns": columns}


def guess(model: Any) -> dict[str, Any]:
    """The naive guess."""
    return {"made_by": "guess", "always": np.asarray(model.model, float).tolist()}


def text_scores(scores: Sequence[TextScores]) -> tuple[Arrays, list[dict[str, Any]]]:
    """How free texts are scored; raises Refused."""
    arrays: Arrays = {}
    described = []
    for place, one in enumerate(scores):
        cut = one.vectorizer
        need(cut.analyzer in ANALYZERS, f"text analyzer {cut.analyzer}")
        need(cut.sublinear_tf and cut.use_idf and cut.norm == "l2", "text weights")
        arrays |= {
            f"t{place}.idf": np.asarray(cut.idf_),
            f"t{place}.weights": one.weights,
            f"t{place}.intercepts": one.intercepts,
        }
        terms = cut.get_feature_names_out().tolist()
        ngrams = list(cut.ngram_range)
        described.append(
            {"column": one.column, "analyzer": cut.analyzer, "ngrams": ngrams, "terms": terms}
        )
    return arrays, described
