"""The forest: what it says, why, and that its files need no scikit-learn."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from autogluon.core.utils.exceptions import TimeLimitExceeded
from autogluon.tabular import TabularPredictor
from hypothesis import given
from hypothesis import strategies as st
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

from model_code import forest
from model_code.forest import Forest, from_scikit_learn
from portable.extra_trees import Nodes

ROWS, COLUMNS, SOME_TREES = 200, 4, 12
KINDS: dict[str, int] = {"binary": 2, "multiclass": 3, "regression": 0}


def numbers(seed: int) -> np.ndarray:
    """Of few distinct values, so that leaves hold several rows and some numbers meet thresholds."""
    random = np.random.default_rng(seed)
    return random.integers(-4, 5, (ROWS, COLUMNS)).astype(np.float32) / 3


def learned(seed: int, classes: int, fewest: int) -> tuple[Any, Nodes]:
    x, random = numbers(seed), np.random.default_rng(seed + 1)
    number = x[:, 0] * x[:, 1] + random.normal(size=ROWS)
    options: dict[str, Any] = {"min_samples_leaf": fewest, "random_state": 0}
    if not classes:
        model = ExtraTreesRegressor(SOME_TREES, **options).fit(x, number)
        return model, from_scikit_learn(model.estimators_, None, 1)
    target = pd.qcut(number, classes, labels=False)
    model = ExtraTreesClassifier(SOME_TREES, **options).fit(x, target)
    return model, from_scikit_learn(model.estimators_, model.classes_, classes)


@given(st.integers(0, 1000), st.sampled_from([0, 2, 3]), st.sampled_from([1, 7, ROWS]))
def test_the_arrays_say_what_scikit_learn_says(seed: int, classes: int, fewest: int) -> None:
    model, trees = learned(seed, classes, fewest)
    asked = np.vstack([numbers(seed), numbers(seed + 7), 100 * numbers(seed)])
    expected = model.predict_proba(asked) if classes else model.predict(asked)[:, None]
    assert np.allclose(trees.mean(asked.T).T, expected, atol=1e-6)


def test_an_average_is_as_exact_as_what_leaves_say() -> None:
    x, random = numbers(0), np.random.default_rng(1)
    target = 1e6 + random.normal(size=ROWS) * 1e5
    model = ExtraTreesRegressor(SOME_TREES, random_state=0).fit(x, target)
    trees = from_scikit_learn(model.estimators_, None, 1)
    rounding = np.finfo(np.float32).eps / 2
    assert np.allclose(trees.mean(x.T)[0], model.predict(x), rtol=rounding, atol=0)


@given(st.integers(0, 1000), st.sampled_from([0, 2, 3]), st.sampled_from([1, 7, ROWS]))
def test_what_columns_add_is_the_way_from_the_average_to_the_answer(
    seed: int, classes: int, fewest: int
) -> None:
    _, trees = learned(seed, classes, fewest)
    asked = numbers(seed + 7)
    moved = trees.moved(asked.T)
    assert moved.shape == (max(1, classes), COLUMNS, ROWS)
    said = trees.usual[:, None] + moved.sum(axis=1)
    assert np.allclose(said, trees.mean(asked.T), atol=1e-6)
    # Each tree has learned from all rows, so their mean is where every way begins.
    assert np.allclose(trees.usual, trees.mean(numbers(seed).T).mean(axis=1), atol=1e-6)
    never = [place for place in range(COLUMNS) if place not in trees.columns]
    assert not moved[:, never].any()


def test_trees_in_another_order_are_refused() -> None:
    x = numbers(0)
    limited = ExtraTreesRegressor(SOME_TREES, max_leaf_nodes=9, random_state=0).fit(x, x[:, 0])
    with pytest.raises(ValueError, match="preorder"):
        from_scikit_learn(limited.estimators_, None, 1)


def table(kind: str) -> pd.DataFrame:
    random = np.random.default_rng(0)
    rows = pd.DataFrame({"a": random.normal(size=ROWS), "b": random.normal(size=ROWS)})
    rows["c"] = pd.Categorical(random.choice(list("xyz"), ROWS))
    number = rows.a * np.where(rows.c == "x", 3, -1) + rows.b.isna()
    rows.loc[random.random(ROWS) < 0.1, ["b", "c"]] = None
    classes = KINDS[kind]
    target = pd.qcut(number, classes, labels=False).map("class {}".format) if classes else number
    return rows.assign(t=target)


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_a_model_of_autogluon_without_scikit_learn_in_its_files(
    kind: str, tmp_path: Path
) -> None:
    rows = table(kind)
    predictor = TabularPredictor("t", kind, path=str(tmp_path), verbosity=0)
    predictor.fit(rows, hyperparameters={Forest: {}}, fit_weighted_ensemble=False)
    model = predictor._trainer.load_model(Forest.ag_name)
    assert b"sklearn" not in pickle.dumps([model.codes, model.model, model.usual])
    assert not any("sklearn" in type(value).__module__ for value in vars(model).values())
    features = rows.drop(columns="t")
    # What is new, and missing, is answered too.
    new = features.head(20).assign(a=np.nan, b=1e9, c="never seen")
    ask = predictor.predict_proba if KINDS[kind] else predictor.predict
    assert np.isfinite(np.asarray(ask(new))).all()
    inner = predictor.transform_features(features)
    names, moved = model.contributions(model.preprocess(inner))
    said = np.asarray(model.predict_proba(inner)).reshape(ROWS, -1)
    assert names == list(features)
    assert np.allclose(moved.sum(axis=2), said, atol=1e-6)
    if KINDS[kind]:
        assert 0 < said.min() and said.max() < 1


def test_trees_are_as_many_as_time_allows() -> None:
    rows = table("binary")
    x, y = rows.drop(columns="t"), pd.Series((rows.t == "class 1").astype(int))

    def trees(limit: float | None) -> int:
        model = Forest(problem_type="binary", eval_metric=None, path="", name="f")
        model.fit(X=x, y=y, time_limit=limit)
        return len(model.model.roots)

    assert trees(None) == trees(3600) == forest.TREES
    with pytest.raises(TimeLimitExceeded):
        trees(1e-6)
