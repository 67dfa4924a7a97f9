"""The verdict on a model: each rule at its threshold, and the color that they make together."""

import logging
import re
import time
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import lightgbm
import numpy as np
import pandas as pd
import pytest
from autogluon.tabular.models.catboost.callbacks import TimeCheckCallback
from autogluon.tabular.models.lgb.callbacks import early_stopping_custom

import verdict
from contract.messages import is_known, render
from fit import what_time_allowed
from fit_watcher import AUTOGLUON, FitWatcher
from leaks import LEAK_AUC, LEAK_MCC, LEAK_R2, SHARE_OF_CLASS
from metrics import ALIKE, BETTER, WORSE
from model_code.notes import note
from model_code.plain_models import PLAIN_NAMES
from problem import Problem
from report.language import Language
from report.sentences import prediction_column
from suspected_structure import PART_THAT_MATTERS
from tests.opt_ml import ROOT
from verdict import (
    ALMOST_NEVER,
    DOMINANT_ALONE,
    DOMINANT_SHARE,
    ENOUGH_ROUNDS,
    FEW_ROWS,
    FEW_SCORED_GROUPS,
    FEW_SCORED_ROWS,
    FEWEST_OF_A_CLASS,
    FEWEST_TO_DOMINATE,
    GREEN,
    HANDFUL_OF_ROUNDS,
    LARGE_SHARE,
    RED,
    SEVERITIES,
    TOO_GOOD_AUC,
    TOO_GOOD_R2,
    YELLOW,
    ClassCounts,
    Known,
    TrainingTime,
    count_classes,
    judge,
    verdict_from_json,
)

PERFORMANCE: dict[str, Any] = {
    "metric": "roc_auc",
    "score": 0.85,
    "interval": (0.83, 0.87),
    "higher_is_better": True,
    "naive_score": 0.5,
    "linear_score": 0.84,
    "against_guessing": BETTER,
    "against_linear": ALIKE,
    "problem_type": "binary",
    "all_metrics": {"roc_auc": 0.85},
    "fit_rows": FEW_ROWS,
    "rows": FEW_SCORED_ROWS,
}
CLASSES = (ClassCounts("no", 900, 450, 440, 430, 90), ClassCounts("yes", 100, 50, 60, 40, 10))
PLANNED = ("LightGBM", "CatBoost", "XGBoost")
IMPORTANCE = pd.DataFrame({"feature": ["a", "b", "c"], "importance": [0.3, 0.2, 0.1]})
FINE = Known(PERFORMANCE, CLASSES, TrainingTime(PLANNED, PLANNED), IMPORTANCE)


def found(known: Known) -> list[str]:
    return [one.code.removeprefix("note.") for one in judge(known, []).findings]


def performing(**values: Any) -> Known:
    return replace(FINE, performance={**PERFORMANCE, **values})


def test_a_model_that_no_rule_speaks_against_may_be_used() -> None:
    assert judge(FINE, [note("not_refitted")]).color == GREEN
    assert judge(FINE, []).to_json() == {"color": GREEN, "findings": []}


def test_the_gravest_finding_is_first_and_gives_the_color() -> None:
    few = performing(rows=FEW_SCORED_ROWS - 1)
    assert judge(few, []).color == YELLOW
    both = judge(few, [note("leak", columns=("x",), line="")])
    assert both.color == RED
    assert [one["severity"] for one in both.to_json()["findings"]] == [RED, YELLOW]  # type: ignore[attr-defined, index]


def test_few_groups_are_yellow() -> None:
    for groups, finding in ((FEW_SCORED_GROUPS - 1, ["few_groups"]), (FEW_SCORED_GROUPS, [])):
        assert found(performing(split={"group_column": "c", "groups": groups})) == finding
    assert found(performing(split=None)) == []


def test_a_verdict_travels_with_the_model() -> None:
    before = judge(performing(rows=1, against_linear=WORSE), [])
    assert verdict_from_json(before.to_json()) == before
    assert verdict_from_json(None) is None
    of_later_release = {"findings": [{"code": "note.of_later_release", "values": {}}]}
    assert verdict_from_json(of_later_release) is None


def test_every_code_with_a_severity_has_a_text() -> None:
    assert [code for code in SEVERITIES if not is_known(code)] == []


@pytest.mark.parametrize(
    ("said", "finding"),
    [(0, ["never_predicted"]), (int(ALMOST_NEVER * 50), []), (60, [])],
)
def test_a_class_that_is_almost_never_predicted_is_red(said: int, finding: list[str]) -> None:
    yes = replace(CLASSES[1], predicted=said, right=min(said, 40))
    assert found(replace(FINE, classes=(CLASSES[0], yes))) == finding


def test_a_class_of_too_few_rows_is_not_judged() -> None:
    few = replace(CLASSES[1], rows=FEWEST_OF_A_CLASS - 1, predicted=0, right=0, file_rows=None)
    assert found(replace(FINE, classes=(CLASSES[0], few))) == []


def test_a_small_class_of_many_that_is_never_predicted_is_only_yellow() -> None:
    small = ClassCounts("seldom", 25, 25, 0, 0)
    many = (ClassCounts("a", 500, 500, 520, 400), ClassCounts("b", 475, 475, 480, 400), small)
    assert found(replace(FINE, classes=many)) == ["rarely_predicted"]
    assert SEVERITIES["note.rarely_predicted"] == YELLOW


def test_the_predictions_file_is_looked_at_too() -> None:
    """The model that is scored may be another fit than the one that predicts."""
    no = replace(CLASSES[0], file_rows=1000)
    assert found(replace(FINE, classes=(no, replace(CLASSES[1], file_rows=0)))) == ["never_in_file"]
    (one,) = judge(replace(FINE, classes=(no, replace(CLASSES[1], file_rows=0))), []).findings
    assert (one.values["rows"], one.values["predicted"], one.values["percent"]) == (1000, 0, "10")


def test_classes_are_counted_by_what_is_true_and_what_is_said() -> None:
    target, said = pd.Series(["a", "a", "b", "b"]), pd.Series(["a", "b", "a", "a"])
    counts = count_classes(pd.Series(["a", "b", "b", "c"]), target, said, pd.Series(["a"]))
    assert counts == (
        ClassCounts("a", 1, 2, 3, 1, 1),
        ClassCounts("b", 2, 2, 1, 0, 0),
        ClassCounts("c", 1, 0, 0, 0, 0),
    )


@pytest.mark.parametrize(
    ("fitted", "stopped", "finding"),
    [
        (PLANNED, {}, []),
        (PLANNED, {"CatBoost": ENOUGH_ROUNDS - 1}, ["cut_short"]),
        (PLANNED, {"CatBoost": ENOUGH_ROUNDS}, []),
        (("LightGBM",), {}, ["cut_short"]),
        (("LightGBM",), {"LightGBM": HANDFUL_OF_ROUNDS}, ["starved"]),
        (("LightGBM",), {"LightGBM": HANDFUL_OF_ROUNDS + 1}, ["cut_short"]),
        (("LightGBM", "CatBoost"), {"LightGBM": 1}, ["cut_short"]),
    ],
)
def test_training_that_was_cut_off_is_told(
    fitted: tuple[str, ...], stopped: dict[str, int], finding: list[str]
) -> None:
    training = what_time_allowed(PLANNED, [*fitted, "WeightedEnsemble_L2"], stopped)
    assert found(replace(FINE, training=training)) == finding


@pytest.mark.parametrize("stopped", [{}, {"LightGBM": 1}])
def test_a_linear_model_alone_does_not_make_up_for_starved_trees(stopped: dict[str, int]) -> None:
    training = what_time_allowed((*PLAIN_NAMES, *PLANNED), (*PLAIN_NAMES, *stopped), stopped)
    assert found(replace(FINE, training=training)) == ["starved"]


def test_a_starved_model_says_after_how_many_rounds_it_stopped() -> None:
    training = what_time_allowed(PLANNED, ["LightGBM_BAG_L1"], {"LightGBM_BAG_L1": 1})
    (one,) = judge(replace(FINE, training=training), []).findings
    assert (one.values["trained"], one.values["planned"]) == (1, 3)
    assert one.values["models"] == (note("stopped_after", model="LightGBM", count=1),)
    assert "LightGBM (stopped after 1 round)" in render(one)


@pytest.mark.parametrize("compared", [BETTER, ALIKE, WORSE, None])
def test_a_model_that_loses_clearly_to_a_linear_one_is_red(compared: str | None) -> None:
    expected = ["worse_than_linear"] if compared == WORSE else []
    assert found(performing(against_linear=compared)) == expected


@pytest.mark.parametrize("compared", [BETTER, ALIKE, WORSE, None])
def test_a_model_that_may_be_as_bad_as_guessing_is_red(compared: str | None) -> None:
    expected = ["no_better_than_guessing"] if compared in (ALIKE, WORSE) else []
    assert found(performing(against_guessing=compared)) == expected


@pytest.mark.parametrize(
    ("kind", "metric", "limit"),
    [("binary", "roc_auc", TOO_GOOD_AUC), ("regression", "r2", TOO_GOOD_R2)],
)
def test_a_score_that_is_too_good_is_yellow(kind: str, metric: str, limit: float) -> None:
    at, above = ({metric: score} for score in (limit, limit + 0.001))
    assert found(performing(problem_type=kind, all_metrics=at)) == []
    assert found(performing(problem_type=kind, all_metrics=above)) == ["too_good"]


def test_a_column_that_carries_everything_is_yellow() -> None:
    rest = 1 - DOMINANT_SHARE
    shares = [DOMINANT_SHARE + 0.01, rest - 0.01, -0.5]
    alone = DOMINANT_ALONE + 0.01
    known = replace(FINE, importance=IMPORTANCE.assign(importance=shares), strength=alone)
    assert found(known) == ["dominant_column"]
    # Of honest columns that say little without each other, one may matter most.
    assert found(replace(known, strength=DOMINANT_ALONE)) == []
    two = replace(FINE, importance=known.importance.head(2))  # type: ignore[union-attr]
    assert found(two) == []


def test_few_rows_are_yellow() -> None:
    assert found(performing(fit_rows=FEW_ROWS - 1)) == ["few_rows"]
    assert verdict.SEVERITIES["note.few_rows"] == YELLOW


@pytest.mark.parametrize("page", ["results.md", "results.ko.md", "results.zh-TW.md"])
def test_the_pages_name_the_thresholds_that_the_rules_have(page: str) -> None:
    rules = (ROOT / "docs" / page).read_text("utf-8").partition("|---|---|\n| ")[2]
    _, _, rules = rules.partition("|---|---|\n")
    used = [
        *(LEAK_AUC, LEAK_MCC, LEAK_R2, f"{SHARE_OF_CLASS:.0%}"),
        *(f"{ALMOST_NEVER:.0%}", FEWEST_OF_A_CLASS, f"{LARGE_SHARE:.0%}"),
        *(HANDFUL_OF_ROUNDS, ENOUGH_ROUNDS),
        *(TOO_GOOD_AUC, TOO_GOOD_R2, f"{DOMINANT_SHARE:.0%}", FEWEST_TO_DOMINATE),
        DOMINANT_ALONE,
        *(FEW_ROWS, FEW_SCORED_ROWS, FEW_SCORED_GROUPS, f"{PART_THAT_MATTERS:.0%}"),
    ]
    assert re.findall(r"\b\d[\d.]*%?", rules) == list(map(str, used))


def column(classes: tuple[ClassCounts, ...], kind: str = "binary") -> list[str]:
    positive = "yes" if kind == "binary" else None
    problem = Problem(kind, "roc_auc", "roc_auc", positive)
    return prediction_column(classes, problem, Language("en"))


def test_the_first_screen_says_what_the_prediction_column_is_worth() -> None:
    say = Language("en")
    hits = say("column_right", percent="94")
    found = say("column_found", name="yes", precision="67", recall="80")
    assert column(CLASSES) == [hits, found]


def test_a_class_that_is_never_predicted_is_said_to_be() -> None:
    say, yes = Language("en"), ClassCounts("yes", 100, 50, 0, 0)
    assert column((CLASSES[0], yes))[1] == say("column_never", name="yes", rows="50")


def test_of_many_classes_the_best_and_the_worst_are_told() -> None:
    say = Language("en")
    many = (
        ClassCounts("middle", 10, 10, 10, 5),
        ClassCounts("best", 10, 10, 10, 10),
        ClassCounts("worst", 10, 10, 10, 1),
        ClassCounts("unscored", 10, 0, 0, 0),
    )
    assert column(many, "multiclass")[1:] == [
        say("column_found", name="best", precision="100", recall="100"),
        say("column_found", name="worst", precision="10", recall="10"),
    ]


def test_numbers_have_no_such_sentence() -> None:
    assert column((), "regression") == []


def stopped_by(run: Callable[[], object], log: pytest.LogCaptureFixture) -> dict[str, int]:
    """What is heard while a model of AutoGluon's runs out of time."""
    watcher = FitWatcher(cast(Any, None), 1.0, 2.0)
    with log.at_level(logging.INFO, AUTOGLUON), watcher.listening():
        run()
    return watcher.stopped


def test_lightgbm_is_heard_when_its_time_is_over(caplog: pytest.LogCaptureFixture) -> None:
    rows = np.random.default_rng(0).normal(size=(60, 2))
    data = lightgbm.Dataset(rows[:, :1], rows[:, 1])
    late = early_stopping_custom(
        9, start_time=time.time() - 9, time_limit=1, manual_stop_file=None, verbose=False
    )
    quiet = {"verbose": -1, "num_threads": 1, "objective": "l2"}
    assert stopped_by(
        lambda: lightgbm.train(quiet, data, 5, valid_sets=[data], callbacks=[late]), caplog
    ) == {"": 1}


def test_catboost_is_heard_when_its_time_is_over(caplog: pytest.LogCaptureFixture) -> None:
    late = TimeCheckCallback(time.time() - 9, 1)
    third = cast(Any, SimpleNamespace(iteration=3))
    assert stopped_by(lambda: late.after_iteration(third), caplog) == {"": 3}
