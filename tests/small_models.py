"""Models of each kind of tree, trained in a second on rows with every kind of column."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from autogluon.tabular import TabularPredictor

from model_code.forest import Forest
from model_code.plain_models import Guess, Linear
from model_code.predictions import Model
from prepare import Prepared, prepare
from tests.job_specs import job_spec

ROWS = 260
FEW = {"iterations": 12}
KINDS: dict[str, dict[Any, Any]] = {
    "lightgbm": {"GBM": {"num_boost_round": 12, "min_data_in_leaf": 5}},
    "xgboost": {"XGB": {"n_estimators": 12}},
    "xgboost's own categories": {"XGB": {"n_estimators": 12, "enable_categorical": True}},
    "catboost": {"CAT": {**FEW, "max_ctr_complexity": 3}},
    "catboost one-hot": {"CAT": {**FEW, "one_hot_max_size": 255}},
    "catboost that grows by depth": {"CAT": {**FEW, "grow_policy": "Depthwise"}},
    "catboost that grows by loss": {"CAT": {**FEW, "grow_policy": "Lossguide"}},
    "linear": {Linear: {}},
    "forest": {Forest: {}},
    "guess": {Guess: {}},
}
TARGETS = ("yes_no", "kind", "price")
EVERY = ("lightgbm", "xgboost", "catboost", "linear", "forest")
BAGS: dict[str, Any] = {
    "num_bag_folds": 2,
    "num_stack_levels": 0,
    "dynamic_stacking": False,
    "ag_args_ensemble": {"fold_fitting_strategy": "sequential_local"},
}
CASES = [
    *((kind, target) for kind in EVERY for target in TARGETS),
    ("xgboost's own categories", "kind"),
    ("catboost one-hot", "price"),
    ("catboost that grows by depth", "yes_no"),
    ("catboost that grows by loss", "kind"),
    ("guess", "kind"),
]


def rows() -> pd.DataFrame:
    """Numbers, several in a cell, ranges, words, dates, durations, percentages, a free text, and
    holes in them."""
    random = np.random.default_rng(0)
    number = random.uniform(0, 5000, ROWS)
    day = pd.Timestamp("2023-01-01") + pd.to_timedelta(random.integers(0, 700, ROWS), "D")
    seconds = random.integers(0, 90_000, ROWS)
    pressure = random.integers((90, 50), (180, 110), (ROWS, 2))
    lowest = random.integers(1, 40, ROWS)
    city = random.choice(["Bern", "東京", 'say "hi"', "ü Stadt", "Oslo"], ROWS)
    words = np.array(["good", "bad", "cheap", "slow", "very", "nice", "room", "staff"])
    texts = [" ".join(random.choice(words, random.integers(3, 9))) for _ in range(ROWS)]
    frame = pd.DataFrame(
        {
            "amount": [f"{value:,.2f}" for value in number],
            "share": [f"{value:.1f} %" for value in random.uniform(0, 90, ROWS)],
            "zero": random.choice(["0", "0", "3", "7.5"], ROWS),
            "day": day.strftime("%d.%m.%Y"),
            "time": [f"{s // 3600}:{s % 3600 // 60:02}:{s % 60:02}" for s in seconds],
            "city": city,
            "size": random.choice(["S", "M", "L"], ROWS),
            "sure": random.choice(["yes", "no"], ROWS),
            "text": texts,
            "pressure": [f"{high}/{low}" for high, low in pressure],
            "range": [f"{least}-{least + 5}" for least in lowest],
        }
    )
    for name in ("amount", "day", "city", "text", "pressure", "range"):
        frame.loc[random.random(ROWS) < 0.08, name] = ""
    score = number / 1000 + 3 * (city == "Bern") + (seconds > 50_000) + random.normal(0, 1, ROWS)
    score += np.array([text.count("good") for text in texts])
    score += (pressure[:, 0] - pressure[:, 1]) / 30 + lowest / 20
    frame["yes_no"] = np.where(score > 4, "+", "-")
    frame["kind"] = np.select([score > 6, score > 3], ["high", "mid"], "low")
    # AutoGluon leaves out a class of so few rows.
    frame.loc[:3, "kind"] = "rare"
    frame["price"] = (10 * score + day.month).round(2)
    return frame


def prepared_of(file: Path) -> Prepared:
    return prepare(job_spec(train=file, target=file.name.removesuffix("_train.csv")))


def fitted(prepared: Prepared, folder: Path, models: dict[Any, Any], **settings: Any) -> Model:
    predictor = TabularPredictor(
        prepared.preprocessor.target,
        path=str(folder / "fitted"),
        verbosity=0,
        problem_type=prepared.problem.type,
        eval_metric=prepared.problem.fit_metric,
    )
    predictor.fit(prepared.rows, hyperparameters=models, **settings)
    return Model(predictor, prepared.preprocessor)
