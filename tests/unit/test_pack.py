"""What a model folder leaves out, and what stays as it was."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
import pytest
import xgboost
from autogluon.common.loaders import load_pkl
from autogluon.common.savers import save_pkl
from autogluon.tabular import TabularPredictor

from model_code.reasons import _xgboost
from pack import XGBOOST_FILE, _forget_how_it_was_learned, _forget_unused_rounds, pack


def rows() -> pd.DataFrame:
    random = np.random.default_rng(0)
    letters = pd.Categorical(random.choice(list("abc"), 500))
    return pd.DataFrame({"x": random.normal(size=500), "y": random.normal(size=500), "z": letters})


def test_a_smaller_model_gives_the_same_answers_for_the_same_reasons(tmp_path: Path) -> None:
    frame, file = rows(), tmp_path / "model.pkl"
    target = (frame["x"] * frame["y"] > 0) ^ (frame["z"] == "a")
    data = lightgbm.Dataset(frame, target)
    booster = lightgbm.train({"objective": "binary", "verbosity": -1}, data, num_boost_round=50)
    save_pkl.save(str(file), SimpleNamespace(model=booster), verbose=False)
    bytes_before = file.stat().st_size
    _forget_how_it_was_learned(file)
    smaller = load_pkl.load(str(file), verbose=False).model
    assert file.stat().st_size < 0.7 * bytes_before
    assert np.array_equal(smaller.predict(frame), booster.predict(frame))
    assert np.array_equal(
        smaller.predict(frame, pred_contrib=True), booster.predict(frame, pred_contrib=True)
    )


def test_a_model_of_another_kind_stays_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "model.pkl"
    save_pkl.save(str(file), SimpleNamespace(model=None), verbose=False)
    before = file.read_bytes()
    _forget_how_it_was_learned(file)
    assert file.read_bytes() == before


@pytest.mark.parametrize("classes", [2, 3])
def test_rounds_after_the_best_one_explain_nothing_and_are_left_out(
    tmp_path: Path, classes: int
) -> None:
    frame = rows()
    noise = np.random.default_rng(1).integers(0, classes, len(frame))
    target = np.where(noise == 0, (frame["x"] > 0).astype(int), noise)
    learned = xgboost.XGBClassifier(n_estimators=100, early_stopping_rounds=5, learning_rate=0.5)
    numbers = frame[["x", "y"]]
    learned.fit(
        numbers[:300], target[:300], eval_set=[(numbers[300:], target[300:])], verbose=False
    )
    whole = learned.get_booster().num_boosted_rounds()
    assert learned.best_iteration + 1 < whole
    model = SimpleNamespace(preprocess=lambda frame: frame, _ohe_generator=None, model=learned)
    _, before = _xgboost(model, numbers, 1.0)
    margin = learned.predict(numbers, output_margin=True)
    assert np.allclose(before.sum(axis=-1), margin, atol=1e-4)

    file = tmp_path / XGBOOST_FILE
    learned.save_model(file)
    _forget_unused_rounds(file)
    model.model = xgboost.XGBClassifier()
    model.model.load_model(file)
    assert model.model.get_booster().num_boosted_rounds() == learned.best_iteration + 1
    assert np.array_equal(model.model.predict_proba(numbers), learned.predict_proba(numbers))
    assert np.array_equal(_xgboost(model, numbers, 1.0)[1], before)


def test_a_bag_whose_time_ran_out_between_two_folds_is_left_out(tmp_path: Path) -> None:
    frame = rows().assign(target=lambda frame: frame["x"] > 0)
    predictor = TabularPredictor("target", path=str(tmp_path / "fitted"), verbosity=0)
    predictor.fit(frame, hyperparameters={"GBM": {"num_boost_round": 3}})
    unfinished = tmp_path / "fitted/models/LightGBMXT_BAG_L1/S1F1/model.pkl"
    unfinished.parent.mkdir(parents=True)
    unfinished.write_bytes(b"one fold of three")
    nothing: Any = SimpleNamespace(save=lambda folder: None)
    pack(predictor, nothing, tmp_path / "packed", {})
    packed = TabularPredictor.load(str(tmp_path / "packed"))
    folders = [path.name for path in (tmp_path / "packed/models").iterdir() if path.is_dir()]
    assert sorted(folders) == sorted(packed.model_names())
    assert packed.predict(frame).equals(predictor.predict(frame))
