"""Models of this project learn from all rows in the last fit, as AutoGluon's do."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from autogluon.tabular import TabularPredictor

from fit import ONE_AFTER_THE_OTHER
from model_code.forest import Forest
from model_code.plain_models import Guess, Linear

ROWS, FOLDS = 120, 3


@pytest.mark.parametrize("folds", [0, FOLDS])
def test_what_is_delivered_has_learned_from_all_rows(folds: int, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    rows = pd.DataFrame({"a": random.normal(size=ROWS), "b": random.normal(size=ROWS)})
    rows["t"] = rows.a + random.normal(size=ROWS)
    predictor = TabularPredictor("t", "regression", path=str(tmp_path), verbosity=0)
    predictor.fit(
        rows,
        hyperparameters={Forest: {}, Linear: {}, Guess: {}},
        ag_args_ensemble=ONE_AFTER_THE_OTHER,
        fit_weighted_ensemble=False,
        num_bag_folds=folds,
        num_stack_levels=0,
        dynamic_stacking=False,
    )
    predictor.refit_full()
    suffix = "_BAG_L1_FULL" if folds else "_FULL"
    forest, linear, guess = (
        predictor._trainer.load_model(f"{kind.ag_name}{suffix}") for kind in (Forest, Linear, Guess)
    )
    if folds:
        # Of a bag that was fitted again there is one model.
        assert [len(bag.models) for bag in (forest, linear, guess)] == [1, 1, 1]
        forest, linear, guess = (bag.load_child(bag.models[0]) for bag in (forest, linear, guess))
    assert forest.model.rows.sum() == ROWS * len(forest.model.roots)
    assert linear.model.means[0] == pytest.approx(0, abs=1e-9)
    assert linear.model.columns[0].mean == pytest.approx(rows.a.mean())
    assert guess.model[0] == pytest.approx(rows.t.mean())
