"""Which trees explain a row is counted, never timed."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from autogluon.tabular import TabularPredictor

from fit import MODEL_TYPES, ROUNDS_OF
from model_code import reasons as explaining
from model_code.forest import TREES, Forest
from model_code.plain_models import PLAIN_MODELS
from model_code.reasons import LEAST_SHARE, Reasons

ROWS, ROUNDS, PLENTY = 300, 12, 1e12


class Columns:
    """A preprocessor whose features are the columns."""

    needed = ("a", "b", "c")

    def made_of(self, feature: str) -> str:
        return feature


@pytest.fixture(scope="module")
def predictor(tmp_path_factory: pytest.TempPathFactory) -> TabularPredictor:
    random = np.random.default_rng(0)
    rows = pd.DataFrame(random.normal(size=(ROWS, 3)), columns=list("abc"))
    rows["t"] = rows.a * rows.b + random.normal(size=ROWS)
    few: dict[Any, Any] = {kind: {ROUNDS_OF[kind]: ROUNDS} for kind in MODEL_TYPES}
    own: dict[Any, Any] = {kind: {} for kind in (*PLAIN_MODELS, Forest)}
    path = str(tmp_path_factory.mktemp("predictor"))
    predictor = TabularPredictor("t", "regression", path=path, verbosity=0)
    predictor.fit(rows, hyperparameters={**few, **own})
    return predictor


def members(predictor: TabularPredictor) -> list[explaining.Member]:
    """All models with the same weight."""
    names = [name for name in predictor.model_names() if "Weighted" not in name]
    models = [predictor._trainer.load_model(name) for name in names]
    return [explaining.Member(model, 1 / len(models)) for model in models]


def reasons(predictor: TabularPredictor) -> Reasons:
    return Reasons(predictor, Columns(), members(predictor))  # type: ignore[arg-type]


def test_steps_are_the_leaves_that_each_library_tells_of(predictor: TabularPredictor) -> None:
    found = {type(one.model).__name__: one.model for one in members(predictor)}
    gbm, xgb = found["LGBModel"].model, found["XGBoostModel"].model.get_booster()
    frame = gbm.trees_to_dataframe()
    rounds = explaining._rounds_of_lightgbm(found["LGBModel"])
    own = frame[frame.tree_index < rounds]
    assert explaining._steps(found["LGBModel"], 7) == 7 * own.left_child.isna().sum()
    frame = xgb.trees_to_dataframe()
    rounds = explaining._rounds_of_xgboost(found["XGBoostModel"])
    assert (
        explaining._steps(found["XGBoostModel"], 7)
        == 7 * ((frame.Tree < rounds) & (frame.Feature == "Leaf")).sum()
    )
    assert explaining._steps(found["Forest"], 7) == 7 * TREES
    cat = found["CatBoostModel"]
    once, often = (explaining._steps(cat, rows) for rows in (100, 1000))
    # Trees are prepared once in each call.
    assert 0 < once < often < 10 * once


def test_no_clock_decides_which_trees_explain(
    predictor: TabularPredictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = reasons(predictor)
    costs = sorted(explaining._steps(one.model, ROWS) for one in whole._members)
    # Nothing is explained to find out how long that takes.
    monkeypatch.setattr(explaining, "_moved", None)
    for steps in (0.0, costs[0], sum(costs[:2]), sum(costs[:4]), PLENTY):
        first, second = (reasons(predictor).within(steps, ROWS)._members for _ in range(2))
        kinds = [[type(one.model).__name__ for one in chosen] for chosen in (first, second)]
        assert kinds[0] == kinds[1]
        assert [one.share for one in first] == [one.share for one in second]
        assert sum(one.weight for one in first) == pytest.approx(1)
        taken = sum(explaining._steps(one.model, ROWS) for one in first)
        assert taken <= steps or (len(first) == 1 and LEAST_SHARE <= first[0].share <= 1)
    assert len(first) == len(whole._members)


def test_of_trees_that_are_too_many_the_first_ones_explain(predictor: TabularPredictor) -> None:
    (gbm,) = [one for one in members(predictor) if type(one.model).__name__ == "LGBModel"]
    alone = Reasons(predictor, Columns(), [gbm])  # type: ignore[arg-type]
    steps = explaining._steps(gbm.model, ROWS) / 2
    (kept,) = alone.within(steps, ROWS)._members
    assert kept.share == pytest.approx(0.5)
