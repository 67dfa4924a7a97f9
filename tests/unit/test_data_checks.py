"""What is wrong with data is named."""

import numpy as np
import pandas as pd
import pytest

from data_checks import find_faults
from problem import Problem

BINARY = Problem("binary", "roc_auc", "roc_auc", positive_class="yes")
random = np.random.default_rng(0)
ROWS = 400
TARGET = pd.Series(random.choice(["yes", "no"], ROWS))
FINE = pd.DataFrame(
    {"x": random.normal(size=ROWS), "c": pd.Categorical(random.choice(list("abc"), ROWS))}
)


def keys(
    rows: pd.DataFrame = FINE,
    target: pd.Series = TARGET,
    problem: Problem = BINARY,
    test: pd.DataFrame | None = None,
) -> list[str]:
    return [note.key for note in find_faults(rows, target, problem, test)]


def test_fine_data_has_no_note() -> None:
    test = pd.DataFrame(
        {"x": random.normal(size=200), "c": pd.Categorical(random.choice(list("abc"), 200))}
    )
    assert keys(test=test) == []


@pytest.mark.parametrize(
    "leak",
    [
        (TARGET == "yes").astype(float),
        (TARGET == "yes") * 5 + random.normal(size=ROWS) / 10,
        pd.Series(pd.Categorical(TARGET.map({"yes": "paid", "no": "open"}))),
    ],
)
def test_a_column_that_gives_the_answer_away_is_a_suspected_leak(leak: pd.Series) -> None:
    (note,) = find_faults(FINE.assign(told=leak), TARGET, BINARY, None)
    assert note.key == "leak" and "told" in note.values["columns"]
    assert "x" not in note.values["columns"]


def test_leaks_are_found_for_numbers_and_many_classes_too() -> None:
    number = pd.Series(random.normal(size=ROWS))
    regression = Problem("regression", "r2", "r2")
    assert keys(FINE.assign(told=number * 3 + 1), number, regression) == ["leak"]
    classes = pd.Series(random.choice(list("stuv"), ROWS))
    multiclass = Problem("multiclass", "accuracy", "log_loss")
    assert keys(FINE.assign(told=pd.Categorical(classes)), classes, multiclass) == ["leak"]


def test_a_strong_honest_column_is_no_leak() -> None:
    strong = (TARGET == "yes") * 2 + random.normal(size=ROWS)
    assert keys(FINE.assign(strong=strong)) == []


def test_test_rows_that_stand_in_train_are_counted() -> None:
    notes = find_faults(FINE, TARGET, BINARY, FINE.head(100))
    assert [(note.key, note.values["count"]) for note in notes] == [("shared_rows", 100)]


def test_rows_that_stand_there_twice_are_counted() -> None:
    twice = pd.concat([FINE, FINE.head(50)], ignore_index=True)
    target = pd.concat([TARGET, TARGET.head(50)], ignore_index=True)
    notes = find_faults(twice, target, BINARY, None)
    assert [(note.key, note.values["count"]) for note in notes] == [("repeated_rows", 50)]


def test_a_column_that_moved_is_drift() -> None:
    test = FINE.assign(x=FINE["x"] + 3, c=pd.Categorical(["a"] * ROWS, list("abc")))
    (note,) = find_faults(FINE, TARGET, BINARY, test)
    assert note.key == "drift"
    assert "x (" in note.values["columns"] and "c (" in note.values["columns"]


def test_a_column_that_is_empty_in_one_file_is_told() -> None:
    assert keys(test=FINE.assign(x=np.nan).sample(frac=1, random_state=0)) == ["missing_drift"]


def test_rare_classes_and_imbalance_are_told() -> None:
    rare = pd.Series(["no"] * (ROWS - 3) + ["yes"] * 3)
    assert keys(target=rare)[0] == "rare_classes"
    few = pd.Series(["no"] * (ROWS - 12) + ["yes"] * 12)
    assert keys(target=few) == ["imbalance"]


def test_classes_that_differ_only_in_case_are_told() -> None:
    spelt = pd.Series(["yes", "Yes", "no", "no"] * (ROWS // 4))
    assert keys(target=spelt, problem=Problem("multiclass", "accuracy", "log_loss")) == [
        "class_spelling"
    ]
