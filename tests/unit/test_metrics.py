"""Scores, their intervals, and the guess beside them."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss

from metrics import Predictions, all_scores
from problem import Problem
from report.numbers import calibration, error_by_size, gain, positive_class
from report.tables import brier, class_scores, lifts, thresholds
from simple_models import guessed, linear

BINARY = Problem("binary", "roc_auc", "roc_auc", positive_class="no")


def binary(actual: list[str], probability_of_no: list[float]) -> Predictions:
    """`no` is the positive class although `yes` sorts behind it."""
    probabilities = pd.DataFrame({"no": probability_of_no, "yes": 1 - np.array(probability_of_no)})
    return Predictions(BINARY, pd.Series(actual), probabilities.idxmax(axis=1), probabilities)


@pytest.mark.parametrize("first", ["no", "yes"])
def test_a_perfect_model_scores_one_whichever_class_comes_first(first: str) -> None:
    other = {"no": "yes", "yes": "no"}[first]
    actual = [first, other] * 20
    perfect = binary(actual, [0.9 if label == "no" else 0.2 for label in actual])
    scores = all_scores(perfect)
    assert (scores["roc_auc"], scores["f1"], scores["accuracy"]) == (1, 1, 1)
    upside_down = binary(actual, [0.2 if label == "no" else 0.9 for label in actual])
    assert all_scores(upside_down)["roc_auc"] == 0


def test_recall_is_that_of_the_positive_class() -> None:
    found = binary(["no", "no", "yes", "yes"], [0.9, 0.1, 0.1, 0.1])
    assert (found.score("recall"), found.score("precision")) == (0.5, 1)


def test_the_interval_holds_the_score_and_shrinks_with_more_rows() -> None:
    random = np.random.default_rng(1)

    def width(rows: int) -> float:
        actual = random.choice(["no", "yes"], rows)
        noise = random.normal(size=rows)
        chance = 1 / (1 + np.exp(-((actual == "no") + noise)))
        predictions = binary(list(actual), list(chance))
        interval, score = predictions.interval("roc_auc"), predictions.score("roc_auc")
        assert interval and score and interval[0] < score < interval[1]
        return interval[1] - interval[0]

    assert width(2000) < width(100) / 2


def test_guessing_is_worth_a_half_and_the_usual_class() -> None:
    target = pd.Series(["no"] * 30 + ["yes"] * 70)
    guess = guessed(BINARY, target, target)
    assert guess.score("roc_auc") == pytest.approx(0.5)
    assert guess.score("accuracy") == pytest.approx(0.7)


def test_a_metric_that_rows_of_one_class_do_not_have_is_none() -> None:
    assert binary(["no"] * 5, [0.9] * 5).score("roc_auc") is None
    assert binary(["no"] * 5, [0.9] * 5).interval("roc_auc") is None


@pytest.mark.parametrize("same_rows", [True, False])
def test_a_linear_model_finds_a_line(same_rows: bool) -> None:
    x = np.linspace(0, 1, 200)
    rows = pd.DataFrame({"x": x, "c": pd.Categorical(["a", "b"] * 100), "y": 3 * x})
    problem = Problem("regression", "r2", "r2")
    found = linear(problem, rows, rows, "y", same_rows)
    assert found is not None
    assert (found.score("r2") or 0) > 0.95


def test_dearer_misses_draw_a_lower_line() -> None:
    random = np.random.default_rng(0)
    chance = random.uniform(size=500)
    actual = np.where(random.uniform(size=500) < chance, "no", "yes")
    lines = thresholds(binary(list(actual), list(chance)))
    assert [line.cost_ratio for line in lines] == [1, 2, 5, 10, 20]
    assert lines[0].line > lines[2].line > lines[4].line
    assert lines[4].missed <= lines[0].missed
    for line in lines:
        assert line.found + line.missed == (actual == "no").sum()
        assert line.found + line.false_alarms == line.flagged == (chance >= line.line).sum()


def test_calibration_counts_every_row_once() -> None:
    chance = np.linspace(0, 1, 95)
    found = calibration(chance > 0.5, chance)
    assert found["rows"].sum() == 95
    happened, said = found["share_that_happened"].to_numpy(), found["probability_said"]
    assert happened[0] == 0 and happened[-1] == 1 and (np.diff(said) > 0).all()
    assert said.between(found["from"], found["to"]).all()
    assert (found["low"] <= happened).all() and (happened <= found["high"]).all()
    assert (found["low"] < found["high"]).all()


def test_the_intervals_of_calibration_hold_for_honest_probabilities() -> None:
    inside, bins = 0, 0
    for seed in range(30):
        random = np.random.default_rng(seed)
        chance = random.beta(1, 2, 300)
        found = calibration(random.uniform(size=300) < chance, chance)
        inside += int(found["probability_said"].between(found["low"], found["high"]).sum())
        bins += len(found)
    assert 0.93 < inside / bins


def test_the_brier_score_is_that_of_scikit_learn_and_guessing_has_no_skill() -> None:
    random = np.random.default_rng(0)
    chance = random.uniform(size=500)
    actual = list(np.where(random.uniform(size=500) < chance, "no", "yes"))
    found = brier(binary(actual, list(chance)))
    is_no = np.array(actual) == "no"
    assert found.score == pytest.approx(brier_score_loss(is_no, chance))
    assert found.low < found.score < found.high
    assert found.guessing == pytest.approx(is_no.mean() * (1 - is_no.mean()))
    guessing = brier(binary(actual, [is_no.mean()] * 500))
    assert guessing.skill == pytest.approx(0)
    certain = brier(binary(actual, list(is_no.astype(float))))
    assert (certain.score, certain.skill) == (0, 1)
    assert certain.low == 0 < certain.high


def test_the_positive_class_of_the_plots_is_that_of_the_problem() -> None:
    actual, chance = positive_class(binary(["no", "yes"], [0.8, 0.3]))
    assert (actual.tolist(), chance.tolist()) == ([True, False], [0.8, 0.3])


def test_class_by_class_tells_what_a_whole_score_hides() -> None:
    problem = Problem("multiclass", "accuracy", "log_loss")
    target = pd.Series(["a"] * 8 + ["b"] * 2 + ["c"])
    predicted = pd.Series(["a"] * 10 + ["c"])
    probabilities = pd.get_dummies(predicted).reindex(columns=["a", "b", "c"]).fillna(0.0)
    rows = class_scores(Predictions(problem, target, predicted, probabilities.astype(float)))
    assert [(row.name, row.rows, row.recall) for row in rows] == [
        ("a", 8, 1),
        ("b", 2, 0),
        ("c", 1, 1),
    ]
    assert rows[0].precision == pytest.approx(0.8)
    assert rows[2].auc == 1


def test_errors_are_told_by_size_of_the_target() -> None:
    target = pd.Series(np.arange(100.0))
    problem = Problem("regression", "r2", "r2")
    groups = error_by_size(Predictions(problem, target, target - target * 0.1, None))
    assert groups["rows"].sum() == 100
    assert groups["mean_absolute_error"].is_monotonic_increasing and (groups["bias"] > 0).all()


chances = st.lists(st.sampled_from([0.1, 0.2, 0.2, 0.5, 0.9]), min_size=2, max_size=60)


@given(chances, st.integers(0, 2**32 - 1))
def test_gain_rises_to_all_and_does_not_see_the_order_of_equals(
    chance: list[float], seed: int
) -> None:
    random = np.random.default_rng(seed)
    actual = random.uniform(size=len(chance)) < 0.5
    actual[0], actual[1] = True, False
    order = random.permutation(len(chance))
    curve = gain(actual, np.array(chance))
    pd.testing.assert_frame_equal(curve, gain(actual[order], np.array(chance)[order]))
    assert curve.iloc[0].tolist() == [0, 0] and curve.iloc[-1].tolist() == [1, 1]
    assert curve["share_of_rows"].is_monotonic_increasing
    assert curve["share_found"].is_monotonic_increasing


def test_lift_is_how_many_times_as_many_as_by_chance() -> None:
    chance = np.linspace(1, 0, 1000)
    perfect = lifts(binary(["no"] * 100 + ["yes"] * 900, list(chance)))
    assert [(one.rows, one.found, round(one.lift, 2)) for one in perfect[:3]] == [
        (50, 50, 10.0),
        (100, 100, 10.0),
        (200, 100, 5.0),
    ]
    same = lifts(binary(["no"] * 100 + ["yes"] * 900, [0.3] * 1000))
    assert [one.lift for one in same] == pytest.approx([1.0] * len(same))
    assert lifts(binary(["yes"] * 20, [0.3] * 20)) == []
