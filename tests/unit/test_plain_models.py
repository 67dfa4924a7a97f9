"""The linear model and the guess: what they say, why, and what their files hold."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from autogluon.common.loaders import load_pkl
from autogluon.tabular import TabularPredictor
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, softmax
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler

from model_code.plain_models import (
    MOST_VALUES,
    NEVER,
    PLAIN_MODELS,
    PLAIN_NAMES,
    Category,
    Guess,
    Linear,
    features_of,
    learn_weights,
)
from model_code.reasons import Reasons
from problem import Problem
from simple_models import guessed

ROWS = 300


def table(seed: int = 0) -> pd.DataFrame:
    """Numbers, categories, and empty cells of both; a column that says nothing, too."""
    random = np.random.default_rng(seed)
    rows = pd.DataFrame({"a": random.normal(size=ROWS), "b": random.lognormal(size=ROWS)})
    rows["c"] = pd.Categorical(random.choice(list("xyz"), ROWS))
    rows["same"] = 1.0
    rows.loc[random.random(ROWS) < 0.1, ["a", "c"]] = None
    return rows


def target_of(rows: pd.DataFrame, classes: int) -> np.ndarray:
    """Class numbers, or numbers where `classes` is 0."""
    noise = np.random.default_rng(1).normal(size=len(rows))
    number = rows.a.fillna(0) + 2 * (rows.c == "x") + 0.3 * noise
    if not classes:
        return number.to_numpy()
    return pd.qcut(number, classes, labels=False).to_numpy(int)


@given(st.integers(0, 10_000), st.sampled_from([0, 2, 3, 5]))
def test_what_columns_add_is_the_way_from_the_average_row_to_each(seed: int, classes: int) -> None:
    rows = table(seed)
    learned = learn_weights(rows, target_of(rows, classes), classes)
    names, moved = learned.moved(rows)
    scores = learned.scores(rows)
    assert moved.shape == (ROWS, 1 if classes < 3 else classes, len(names) + 1)
    assert np.allclose(moved.sum(axis=2), scores)
    assert np.allclose(moved[:, :, -1], scores.mean(axis=0))
    assert np.allclose(moved[:, :, :-1].mean(axis=0), 0)
    assert "same" not in names


@pytest.mark.parametrize("kind", ["category", object])
def test_a_category_is_one_feature_for_each_frequent_value(kind: Any) -> None:
    values = pd.Series([*"xyz" * 20, None, "nan", "q"] * 2, dtype=object).astype(kind)
    known = Category("c", ("y", "nan", "never", "x"))
    expected = np.stack([values.astype(str) == value for value in known.values], axis=1)
    assert (known.features(values) == expected).all()
    assert known.features(values[:0]).shape == (0, 4)


@pytest.mark.parametrize("classes", [0, 2, 3])
def test_it_is_the_regression_of_scikit_learn(classes: int) -> None:
    rows = table()[["a", "b"]].fillna(0)
    target = target_of(table(), classes)
    found = learn_weights(rows, target, classes).scores(rows)
    scaled = StandardScaler().fit_transform(rows)
    if not classes:
        assert np.allclose(found[:, 0], Ridge().fit(scaled, target).predict(scaled), atol=1e-3)
        return
    expected = LogisticRegression(max_iter=1000).fit(scaled, target).predict_proba(scaled)
    chances = expit(found[:, 0]) if classes == 2 else softmax(found, axis=1)
    assert np.allclose(chances, expected[:, 1] if classes == 2 else expected, atol=1e-3)


def test_nothing_changes_beyond_what_it_has_seen() -> None:
    rows = table()
    learned = learn_weights(rows, target_of(rows, 0), 0)
    most = rows.head(1).assign(a=rows.a.max(), c="never seen")
    beyond = most.assign(a=1e12, c="nor this")
    assert np.array_equal(learned.scores(most), learned.scores(beyond))
    assert np.isfinite(learned.scores(most.assign(a=np.inf, b=None, c=None))).all()


def test_rare_categories_are_none_of_the_frequent_ones() -> None:
    many = pd.DataFrame({"c": pd.Categorical([str(n % 200) for n in range(1000)])})
    (column,) = learn_weights(many, np.arange(1000.0), 0).columns
    assert features_of([column], many).shape == (1000, MOST_VALUES)


def test_a_class_that_rows_lack_is_never_said() -> None:
    rows = table()
    learned = learn_weights(rows, target_of(rows, 2) * 2, 4)
    scores = learned.scores(rows)
    assert (scores[:, [1, 3]] == NEVER).all() and set(scores.argmax(axis=1)) == {0, 2}
    shares = softmax(scores, axis=1)
    assert np.allclose(
        shares[:, 2], expit(learn_weights(rows, target_of(rows, 2), 2).scores(rows))[:, 0]
    )


KINDS: dict[str, Any] = {"binary": 2, "multiclass": 3, "regression": 0}


@pytest.mark.parametrize("kind", KINDS)
def test_both_are_models_of_autogluon_whose_reasons_add_up(kind: str, tmp_path: Path) -> None:
    rows = table().assign(t=target_of(table(), KINDS[kind]))
    if KINDS[kind]:
        rows["t"] = rows["t"].map("class {}".format)
    predictor = TabularPredictor("t", kind, path=str(tmp_path), verbosity=0)
    folds = {"num_bag_folds": 3, "num_stack_levels": 0, "dynamic_stacking": False}
    one = {"fold_fitting_strategy": "sequential_local"}
    predictor.fit(
        rows, hyperparameters={kind: {} for kind in PLAIN_MODELS}, ag_args_ensemble=one, **folds
    )
    fitted = predictor.model_names()
    assert [f"{name}_BAG_L1" in fitted for name in PLAIN_NAMES] == [True, True]
    features, answer = rows.drop(columns="t"), predictor.predict(rows)
    for file in tmp_path.rglob("model.pkl"):
        held = getattr(load_pkl.load(str(file), verbose=False), "model", None)
        assert b"sklearn" not in pickle.dumps(held), file
    for name in PLAIN_NAMES:
        predictor.set_model_best(f"{name}_BAG_L1")
        reasons = Reasons(predictor, _Columns(list(features)))  # type: ignore[arg-type]
        assert reasons.possible
        base, moved = reasons._contributions(features, _numbers(predictor, features))
        said = _first_fold(predictor, features)
        assert np.allclose(base + moved.sum(axis=1), said, atol=1e-6)
        assert (moved.abs().to_numpy().max() > 0.01) == (name == Linear.ag_name)
    assert len(answer) == ROWS


@pytest.mark.parametrize("kind", KINDS)
def test_the_guess_is_the_one_that_scores_are_compared_with(kind: str, tmp_path: Path) -> None:
    rows = table().assign(t=target_of(table(), KINDS[kind]))
    if KINDS[kind]:
        rows["t"] = rows["t"].clip(upper=1 + (kind == "multiclass")).map("class {}".format)
    predictor = TabularPredictor("t", kind, path=str(tmp_path), verbosity=0)
    predictor.fit(rows, rows, hyperparameters={Guess: {}}, fit_weighted_ensemble=False)
    found = guessed(Problem(kind, "r2", "r2", positive_class="class 1"), rows.t, rows.t)
    if found.probabilities is None:
        assert np.allclose(predictor.predict(rows), found.predicted)
    else:
        said = predictor.predict_proba(rows)
        assert np.allclose(said, found.probabilities[list(said)], atol=1e-6)


class _Columns:
    """A preprocessor whose features are the columns."""

    def __init__(self, names: list[str]) -> None:
        self.needed = names

    def made_of(self, feature: str) -> str:
        return feature


def _numbers(predictor: TabularPredictor, rows: pd.DataFrame) -> np.ndarray | None:
    """The numbers of the predicted classes, where there are several."""
    if predictor.problem_type != "multiclass":
        return None
    return np.asarray(_child(predictor).predict_proba(predictor.transform_features(rows)).argmax(1))


def _first_fold(predictor: TabularPredictor, rows: pd.DataFrame) -> np.ndarray:
    """What the model behind the reasons says: a number, or a probability."""
    said = np.asarray(_child(predictor).predict_proba(predictor.transform_features(rows)))
    return said.max(axis=1) if said.ndim > 1 else said


def _child(predictor: TabularPredictor) -> Any:
    bag = predictor._trainer.load_model(predictor.model_best)
    return bag.load_child(bag.models[0])
