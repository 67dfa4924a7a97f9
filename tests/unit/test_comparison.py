"""What the report says of a model beside guessing and a linear model."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest

from contract.messages import message, render
from intervals import out_of_fold_spread
from metrics import ALIKE, BETTER, WORSE, Predictions
from problem import Problem
from report.language import Language
from report.sentences import _compared
from scoring import Scored, compare

PROBLEM = Problem("regression", "root_mean_squared_error", "root_mean_squared_error")
ROWS = 300


def compared(model: Callable[[pd.DataFrame], Any], rows: int = ROWS) -> dict[str, Any]:
    """What becomes of the performance of a model that is scored on a test file."""
    random = np.random.default_rng(0)

    def file() -> pd.DataFrame:
        x, z = random.normal(size=(2, rows))
        return pd.DataFrame({"x": x, "z": z, "y": x + z**2 / 2 + random.normal(0, 0.3, rows)})

    train, test = file(), file()
    best = Predictions(PROBLEM, test["y"], model(test), None)
    performance = {
        "metric": PROBLEM.metric,
        "score": best.score(PROBLEM.metric),
        "fit_rows": rows,
        "target": "y",
        "higher_is_better": False,
        "rows_in_file": rows,
    }
    scored = Scored(best, pd.DataFrame(), performance, [])
    predictor = SimpleNamespace(label="y")
    fitted = SimpleNamespace(
        scored_on="test file",
        scored=test,
        predictor=predictor,
        groups=None,
        unseen=pd.DataFrame(),
    )
    prepared = SimpleNamespace(problem=PROBLEM, rows=train, test_groups=None)
    compare(scored, cast(Any, fitted), cast(Any, prepared))
    return performance


MODELS: dict[str, tuple[Callable[[pd.DataFrame], Any], str, str, str]] = {
    "curve": (lambda rows: rows.x + rows.z**2 / 2, BETTER, BETTER, "compared_paid"),
    "line": (lambda rows: rows.x + 0.5 + 0.01 * rows.z, BETTER, ALIKE, "compared_linear"),
    "starved": (lambda rows: 0.2 * rows.x + 0.5, BETTER, WORSE, "compared_worse"),
    "guess": (lambda rows: rows.x * 0 + 0.5, ALIKE, WORSE, "compared_worse"),
}


@pytest.mark.parametrize("name", list(MODELS))
def test_the_linear_model_is_compared_on_the_same_rows(name: str) -> None:
    model, guessing, linear, key = MODELS[name]
    performance = compared(model)
    assert (performance["against_guessing"], performance["against_linear"]) == (guessing, linear)
    say = Language("en")
    start = render(message(f"report.{key}", **_values(performance)))
    assert _compared(performance, say) == start


def _values(performance: dict[str, Any]) -> dict[str, Any]:
    return {
        "metric": performance["metric"],
        "naive": f"{performance['naive_score']:.4g}",
        "linear": f"{performance['linear_score']:.4g}",
        "target": "y",
    }


def test_no_model_is_said_to_beat_a_linear_one_that_there_is_not() -> None:
    performance = {**compared(MODELS["curve"][0]), "linear_score": None, "against_linear": None}
    assert "linear" not in _compared(performance, Language("en"))


def test_the_report_says_when_the_linear_model_learned_from_fewer_rows() -> None:
    performance = {**compared(MODELS["curve"][0]), "linear_fit_rows": 50}
    said = render(message("report.compared_rows", rows="50"))
    assert _compared(performance, Language("en")).endswith(said)


def test_a_model_no_better_than_guessing_says_so() -> None:
    nothing = {"against_guessing": ALIKE, "against_linear": ALIKE}
    performance = {**compared(MODELS["guess"][0]), **nothing}
    said = render(message("report.compared_nothing", **_values(performance)))
    assert _compared(performance, Language("en")) == said


def test_a_new_file_of_as_many_rows_varies_more_than_the_true_score() -> None:
    performance = compared(MODELS["curve"][0])
    score, expected = performance["score"], performance["expected"]
    for end, wide in zip(performance["interval"], (expected["low"], expected["high"]), strict=True):
        assert wide - score == pytest.approx((end - score) * 2**0.5)
    assert expected["rows"] == ROWS


def test_folds_that_share_rows_are_no_proof_of_a_lead() -> None:
    assert out_of_fold_spread(5) == pytest.approx(1.5)
    performance = compared(MODELS["curve"][0])
    assert performance["against_linear"] == BETTER
    random = np.random.default_rng(1)
    target = pd.Series(random.normal(size=ROWS))
    near = Predictions(PROBLEM, target, target + random.normal(size=ROWS), None)
    far = Predictions(PROBLEM, target, target + 1.05 * random.normal(size=ROWS), None)
    low, high = near.lead(far, PROBLEM.metric) or (0, 0)
    assert low < high < 0 and high + (high - low) / 2 * 0.5 > 0
    found = [near.compared_with(far, PROBLEM.metric, spread) for spread in (1, 1.5)]
    assert found == [BETTER, ALIKE]
