"""Which columns are said to matter: those that do, and hardly ever one of pure noise."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from explain import FEWEST_SHUFFLES, SHUFFLES, shuffled_importance
from metrics import Predictions
from problem import Problem

ROWS, NOISE, SEEDS, PLENTY = 200, 10, 3, 600.0
NAMES = ["signal", *(f"noise{n}" for n in range(NOISE))]


def table(seed: int) -> pd.DataFrame:
    """Rows with one column that matters, and NOISE that do not."""
    random = np.random.default_rng(seed)
    rows = pd.DataFrame(random.normal(size=(ROWS, len(NAMES))), columns=NAMES)
    said = np.where(rows.signal + random.normal(size=ROWS) > 0, "yes", "no")
    return rows.assign(target=said)


@cache
def importance(seed: int, metric: str = "roc_auc", seconds: float = PLENTY) -> pd.DataFrame:
    """Of a tree that has learned noise by heart, on rows that it has not seen."""
    problem = Problem("binary", metric, metric, positive_class="yes")
    learned, unseen = table(1000 + seed), table(seed)
    linear = LogisticRegression().fit(learned[NAMES], learned.target)
    tree = DecisionTreeClassifier(max_depth=6, random_state=0).fit(learned[NAMES], learned.target)

    def predict(copies: list[pd.DataFrame]) -> list[Predictions]:
        answers = []
        for copy in copies:
            chances = (linear.predict_proba(copy[NAMES]) + tree.predict_proba(copy[NAMES])) / 2
            found = pd.DataFrame(chances, copy.index, ["no", "yes"])
            answers.append(Predictions(problem, unseen.target, found.idxmax(axis=1), found))
        return answers

    columns = {name: [name] for name in NAMES}
    return shuffled_importance(predict, unseen[NAMES], columns, metric, seconds)


@pytest.mark.parametrize("metric", ["roc_auc", "log_loss"])
def test_noise_is_seldom_said_to_matter(metric: str) -> None:
    said = 0
    for seed in range(SEEDS):
        found = importance(seed, metric).set_index("feature")
        assert found.index[0] == "signal" and found.loc["signal", "low"] > 0
        noise = found.drop("signal")
        assert (noise.low < noise.importance).all() and (noise.importance < noise.high).all()
        said += int((noise.low > 0).sum())
    # 2.5 % of 30 columns are 0.75; three standard errors more.
    assert said <= 3


def test_few_shuffles_have_no_interval() -> None:
    found = importance(0, seconds=0.0)
    assert (found.shuffles == 1).all() and 1 < FEWEST_SHUFFLES <= SHUFFLES
    assert found[["low", "high"]].isna().all(axis=None)
    assert found.feature[0] == "signal"


def test_features_of_one_column_are_shuffled_together() -> None:
    problem = Problem("regression", "r2", "r2")
    random = np.random.default_rng(0)
    rows = pd.DataFrame({"a1": random.normal(size=200), "b": random.normal(size=200)})
    rows["a2"] = rows["a1"]
    target = rows.a1 + 0.1 * rows.b

    def predict(copies: list[pd.DataFrame]) -> list[Predictions]:
        # Either feature alone says the same, so a shuffle of one would change half.
        said = [copy[["a1", "a2"]].mean(axis=1) + 0.1 * copy.b for copy in copies]
        return [Predictions(problem, target, one, None) for one in said]

    found = shuffled_importance(predict, rows, {"a": ["a1", "a2"], "b": ["b"]}, "r2", PLENTY)
    assert list(found.feature) == ["a", "b"]
    # A shuffled twin of the target has an R² of -1: two units lost.
    assert found.importance[0] == pytest.approx(2, abs=0.3)
