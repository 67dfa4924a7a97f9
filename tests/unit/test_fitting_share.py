"""No kind of model takes the time of the others, and the guess takes no part in their answers."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from autogluon.tabular import TabularPredictor

from fit import (
    FEW_ROWS,
    MODEL_TYPES,
    ONE_AFTER_THE_OTHER,
    PRESETS,
    ROWS_FOR_ONE_CORE,
    _models,
    add_guess,
    planned_models,
)
from model_code.forest import Forest
from model_code.plain_models import PLAIN_MODELS, Guess, Linear
from model_code.reasons import child_weights
from problem import Problem


@pytest.mark.parametrize("kind", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("rows", [FEW_ROWS - 1, FEW_ROWS, ROWS_FOR_ONE_CORE])
def test_every_planned_model_leaves_time_for_the_ones_behind_it(kind: str, rows: int) -> None:
    spec: Any = SimpleNamespace(preset="medium")
    planned = _models(spec, Problem(kind, "", ""), pd.DataFrame(index=range(rows)))
    for family, settings in planned["hyperparameters"].items():
        if family in PLAIN_MODELS:
            continue
        for one in settings if isinstance(settings, list) else [settings]:
            given = one["ag_args_fit"]
            assert 0 < given["max_time_limit_ratio"] < 1
            alone = rows < ROWS_FOR_ONE_CORE and family != "CAT"
            assert ("num_cpus" in given) == alone


@pytest.mark.parametrize("preset", [name for name in PRESETS if name != "medium"])
def test_every_preset_has_a_linear_model_and_a_forest_beside_its_trees(preset: str) -> None:
    spec: Any = SimpleNamespace(preset=preset)
    problem = Problem("binary", "", "")
    planned = _models(spec, problem, pd.DataFrame(index=range(100)))["hyperparameters"]
    assert list(planned) == [Linear, Forest, *MODEL_TYPES]
    names = planned_models(spec, problem, pd.DataFrame())
    assert {Linear.ag_name, Forest.ag_name, "LightGBM"} <= set(names) and len(names) == 5


@pytest.mark.parametrize("folds", [0, 2])
@pytest.mark.parametrize("signal", [0.0, 2.0])
def test_chances_do_not_shrink_to_the_share_of_a_class(
    signal: float, folds: int, tmp_path: Path
) -> None:
    random = np.random.default_rng(0)
    rows = pd.DataFrame(random.normal(size=(600, 3)), columns=list("abc"))
    rows["t"] = signal * rows.a + rows.b * 0.5 * signal + random.normal(size=600) > 0.8
    predictor = TabularPredictor("t", eval_metric="roc_auc", path=str(tmp_path), verbosity=0)
    predictor.fit(
        rows,
        hyperparameters={Linear: {}, "GBM": {"num_boost_round": 20}},
        ag_args_ensemble=ONE_AFTER_THE_OTHER,
        num_bag_folds=folds,
        num_stack_levels=0,
        dynamic_stacking=False,
    )
    add_guess(predictor)
    board = predictor.leaderboard().set_index("model")["score_val"]
    (guess,) = (name for name in board.index if name.startswith(Guess.ag_name))
    assert board[predictor.model_best] == board.max()
    # Alone, or not at all.
    assert predictor.model_best == guess or guess not in child_weights(
        predictor, predictor.model_best
    )
    assert TabularPredictor.load(str(tmp_path)).model_best == predictor.model_best
    if signal:
        found = predictor.predict(rows)
        assert abs(found.mean() - rows["t"].mean()) < 0.1
