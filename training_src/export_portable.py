"""Write a trained model as arrays and JSON that predict without AutoGluon.

By white list: a generator of features, a kind of model, an objective or a calibration that is not
known for sure is refused, and the model is served with AutoGluon only. Nothing is guessed. Names
of AutoGluon's private parts are those of 1.6.3.
"""

import math
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from autogluon.tabular import TabularPredictor

from export_catboost import Given, catboost_trees, category_hashes
from export_forest import forest
from export_plain import guess, linear, text_scores
from export_trees import Arrays, lightgbm_trees, xgboost_trees
from model_code.forest import Forest
from model_code.plain_models import Guess, Linear
from model_code.preprocessor import Preprocessor
from model_code.reasons import child_weights
from portable.features import DATE_PARTS, DAYS, HOUR
from portable.files import write_files
from reading.column import DATE, DURATION, NUMBER, NUMBERS, Column
from reading.dates import MICROSECONDS_PER_DAY
from refused import need

PROBLEMS = {"binary": "binary", "multiclass": "multiclass", "regression": "number"}
# Generators that change no value.
KEEPERS = ("DropUniqueFeatureGenerator", "DropDuplicatesFeatureGenerator")


def export_portable(
    predictor: TabularPredictor,
    preprocessor: Preprocessor,
    folder: Path,
    rows: pd.DataFrame | None = None,
    end: float = math.inf,
) -> int:
    """Write the portable model into a new folder; return how many bytes it takes unpacked.

    `rows` are those of train, whose range the model remembers; `end` is the time on the monotonic
    clock from which on no further member is written.
    Raises Refused when a part of the model is not known for sure.
    """
    problem = predictor.problem_type
    need(problem in PROBLEMS, f"problem={problem}")
    features = _features(predictor, preprocessor)
    labels = list(predictor.class_labels) if problem != "regression" else []
    learned = _learned(predictor, labels) if problem == "multiclass" else []
    n_scores = len(learned) or 1
    arrays: Arrays = {}
    members, models = _members(predictor, features, problem, n_scores, arrays, end)
    of_texts, texts = text_scores(preprocessor.text_scores)
    most = max((len(one.get("categories", ())) for one in features.values()), default=0)
    arrays |= of_texts | {"hashes": category_hashes(most)}
    best = predictor._trainer.load_model(predictor.model_best)
    need(_is_plain(best), "calibration")
    weighted = type(best).__name__ == "WeightedEnsembleModel"
    top = best.load_child(best.models[0]) if weighted else None
    description = {
        **_asked_and_said(predictor, preprocessor, rows),
        "learned": learned,
        "features": [_without_name(feature) for feature in features.values()],
        "texts": texts,
        "members": members,
        "models": models,
        "is_weighted": weighted,
        "clips": top is not None and bool(top.normalize_pred_probas),
    }
    return write_files(folder, description, arrays)


def export_columns(
    predictor: TabularPredictor, preprocessor: Preprocessor, folder: Path, rows: pd.DataFrame
) -> None:
    """Write a portable model without members into a new folder: it knows rows, and predicts none.

    Raises Refused for a problem that the API has no answer for.
    """
    need(predictor.problem_type in PROBLEMS, f"problem={predictor.problem_type}")
    known = _asked_and_said(predictor, preprocessor, rows)
    parts: dict[str, list[Any]] = {
        name: [] for name in ("learned", "features", "texts", "members", "models")
    }
    write_files(folder, {**known, **parts, "is_weighted": False, "clips": False}, {})


def _asked_and_said(
    predictor: TabularPredictor, preprocessor: Preprocessor, rows: pd.DataFrame | None
) -> dict[str, Any]:
    """What a model is asked, and what it may answer."""
    problem = predictor.problem_type
    labels = list(predictor.class_labels) if problem != "regression" else []
    return {
        "target": preprocessor.target,
        "problem": PROBLEMS[problem],
        "labels": list(map(str, labels)),
        "positive": str(predictor.positive_class) if problem == "binary" else None,
        "threshold": float(predictor.decision_threshold) if problem == "binary" else None,
        "columns": [known_column(column, preprocessor, rows) for column in preprocessor.columns],
    }


def _learned(predictor: TabularPredictor, labels: Sequence[Any]) -> list[int]:
    """The places of the classes that models know; AutoGluon leaves rare ones out."""
    number: Mapping[Any, int] = predictor.class_labels_internal_map
    known = sorted((number[label], place) for place, label in enumerate(labels) if label in number)
    need([n for n, _ in known] == list(range(len(number))), "class labels")
    return [place for _, place in known]


def _is_plain(model: Any) -> bool:
    """Whether answers are what the model says, not calibrated afterwards."""
    return model.temperature_scalar is None and model.conformalize is None


def known_column(
    column: Column, preprocessor: Preprocessor, rows: pd.DataFrame | None
) -> dict[str, Any]:
    """A column with the least and the greatest value that rows of features have of it."""
    low = high = None
    names = _with_range(column, preprocessor)
    if rows is not None and names and set(names) <= set(rows.columns):
        found = rows[names].to_numpy(float)
        found = found[np.isfinite(found).all(axis=1)]
        if len(found):
            low, high = (
                _end(column, end.tolist()) for end in (found.min(axis=0), found.max(axis=0))
            )
    return {"column": column.to_json(), "low": low, "high": high}


def _with_range(column: Column, preprocessor: Preprocessor) -> list[str]:
    """The features of a column whose least and greatest values say something."""
    feature = preprocessor.feature_of(column.name)
    if column.kind == NUMBERS:
        return preprocessor.features_of_several(column)
    if column.kind == DATE:
        return [f"{feature}_{DAYS}"]
    return [feature] if column.kind in (NUMBER, DURATION) else []


def _end(column: Column, values: list[float]) -> float | list[float] | str:
    if column.kind == NUMBERS:
        return values
    value = values[0] + column.offset
    if column.kind != DATE:
        return value
    whole = np.datetime64(round(value * MICROSECONDS_PER_DAY), "us")
    moment = whole.astype(datetime)
    assert isinstance(moment, datetime)
    return moment.isoformat()


def _without_name(feature: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in feature.items() if name != "name"}


def _features(predictor: TabularPredictor, preprocessor: Preprocessor) -> dict[str, dict[str, Any]]:
    """What AutoGluon's generators make of our features, by name in their order."""
    generators = predictor._learner.feature_generators
    need(len(generators) == 1, "several feature generators")
    (pipeline,) = generators
    truths: dict[str, Any] = {}
    made: dict[str, dict[str, Any]] = {}
    for generator in (one for stage in pipeline.generators for one in stage):
        kind = type(generator).__name__
        if kind == "AsTypeFeatureGenerator":
            truths = dict(generator._bool_features)
            need(not len(generator._int_features), "whole numbers")
        elif kind == "FillNaFeatureGenerator":
            need(not generator._fillna_feature_map, "filled missing values")
        elif kind == "IdentityFeatureGenerator":
            for name in generator.features_out:
                made[name] = _truth(truths[name]) if name in truths else {"made_as": "number"}
        elif kind == "CategoryFeatureGenerator":
            need(not generator._fillna_map, "filled missing categories")
            for name in generator.features_out:
                values = list(generator.category_map[name])
                need(name not in truths, "a truth among categories")
                texts = all(isinstance(value, str) for value in values)
                need(texts, "categories that are no texts")
                made[name] = {"made_as": "category", "categories": values}
        else:
            need(kind in KEEPERS, f"feature generator {kind}")
    sources = _sources(preprocessor)
    names = list(pipeline.features_out)
    need(set(names) <= set(made) & set(sources), "features of unknown making")
    for name in names:
        if "made_as" in sources[name]:
            need(made[name] == {"made_as": "number"}, "a score of a text that is no number")
    return {name: {**made[name], **sources[name]} for name in names}


def _truth(value: Any) -> dict[str, Any]:
    number = not isinstance(value, str)
    need(not number or bool(np.isfinite(float(value))), "a truth that is no value")
    return {"made_as": "truth", "true": float(value) if number else value}


def _sources(preprocessor: Preprocessor) -> dict[str, dict[str, str]]:
    """Feature → the column that it is made of, and which part of it."""
    found = {}
    for column in preprocessor.columns:
        feature = preprocessor.feature_of(column.name)
        if column.kind == DATE:
            for part in (DAYS, *DATE_PARTS, HOUR):
                found[f"{feature}_{part}"] = {"column": column.name, "part": part}
        elif column.kind == NUMBERS:
            for place, one in enumerate(preprocessor.features_of_several(column)):
                found[one] = {"column": column.name, "part": str(place)}
        else:
            found[feature] = {"column": column.name, "part": "value"}
    for scores in preprocessor.text_scores:
        for place, feature in enumerate(preprocessor.features_of_text(scores)):
            found[feature] = {"column": scores.column, "part": str(place), "made_as": "score"}
    return found


def _members(
    predictor: TabularPredictor,
    features: Mapping[str, Mapping[str, Any]],
    problem: str,
    n_scores: int,
    arrays: Arrays,
    end: float,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The folds of all models of the ensemble, and which of them belong to which model."""
    members: list[dict[str, Any]] = []
    models: list[dict[str, Any]] = []
    trainer = predictor._trainer
    for name, weight in child_weights(predictor, predictor.model_best).items():
        model = trainer.load_model(name)
        need(_is_plain(model), "calibration")
        is_bag = hasattr(model, "load_child") and hasattr(model, "models")
        folds = [model.load_child(fold) for fold in model.models] if is_bag else [model]
        first = len(members)
        for fold in folds:
            need(time.monotonic() < end, "more folds than there was time for")
            members.append(_member(fold, features, problem, n_scores, f"m{len(members)}", arrays))
        clips = {bool(fold.normalize_pred_probas) for fold in folds}
        need(len(clips) == 1, "folds that differ")
        models.append(
            {
                "name": name,
                "weight": float(weight),
                "members": list(range(first, len(members))),
                "clips": clips.pop(),
            }
        )
    need(bool(models), "no model")
    return members, models


def _member(
    model: Any,
    features: Mapping[str, Mapping[str, Any]],
    problem: str,
    n_scores: int,
    prefix: str,
    arrays: Arrays,
) -> dict[str, Any]:
    need(_is_plain(model), "calibration")
    need(model._model_specific_feature_generators is None, "feature generators of a model")
    names = list(model.features)
    need(set(names) <= set(features), "features of other models")
    places = list(features)
    columns = [places.index(name) for name in names]
    kind = type(model).__name__
    if kind == "LGBModel":
        nodes, described = lightgbm_trees(model, columns, problem, n_scores)
        arrays |= nodes.arrays(prefix, np.float64)
        return described
    if kind == "XGBoostModel":
        sizes = [len(features[name].get("categories", ())) for name in names]
        nodes, described = xgboost_trees(model, columns, sizes, problem, n_scores)
        arrays |= nodes.arrays(prefix, np.float32)
        return described
    if kind == "CatBoostModel":
        sizes = [len(features[name].get("categories", ())) for name in names]
        made, described = catboost_trees(
            model, Given(columns, sizes, len(features)), n_scores, prefix
        )
        arrays |= made
        return described
    if type(model) is Linear:
        made, described = linear(model, features, prefix)
        arrays |= made
        return described
    if type(model) is Forest:
        made, described = forest(model, features, n_scores, prefix)
        arrays |= made
        return described
    need(type(model) is Guess, f"a model of the kind {kind}")
    return guess(model)
