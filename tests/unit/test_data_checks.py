"""What is wrong with data is named."""

import numpy as np
import pandas as pd
import pytest

from data_checks import find_faults
from problem import Problem, class_labels

BINARY = Problem("binary", "roc_auc", "roc_auc", positive_class="yes")
random = np.random.default_rng(0)
ROWS = 400
TARGET = pd.Series(random.choice(["yes", "no"], ROWS))
FINE = pd.DataFrame(
    {"x": random.normal(size=ROWS), "c": pd.Categorical(random.choice(list("abc"), ROWS))}
)


def codes(
    rows: pd.DataFrame = FINE,
    target: pd.Series = TARGET,
    problem: Problem = BINARY,
    test: pd.DataFrame | None = None,
) -> list[str]:
    return [note.code for note in find_faults(rows, target, problem, test)]


def test_fine_data_has_no_note() -> None:
    test = pd.DataFrame(
        {"x": random.normal(size=200), "c": pd.Categorical(random.choice(list("abc"), 200))}
    )
    assert codes(test=test) == []


@pytest.mark.parametrize(
    "leak",
    [
        (TARGET == "yes").astype(float),
        (TARGET == "yes") * 5 + random.normal(size=ROWS) / 10,
        pd.Series(pd.Categorical(TARGET.map({"yes": "paid", "no": "open"}))),
    ],
)
def test_a_column_that_gives_the_answer_away_is_a_suspected_leak(leak: pd.Series) -> None:
    (note,) = find_faults(FINE.assign(label_copy=leak), TARGET, BINARY, None)
    assert note.code == "note.leak" and "label_copy (" in str(note)
    assert len(note.values["columns"]) == 1


def test_leaks_are_found_for_numbers_and_many_classes_too() -> None:
    number = pd.Series(random.normal(size=ROWS))
    regression = Problem("regression", "r2", "r2")
    assert codes(FINE.assign(label_copy=number * 3 + 1), number, regression) == ["note.leak"]
    classes = pd.Series(random.choice(list("stuv"), ROWS))
    multiclass = Problem("multiclass", "accuracy", "log_loss")
    assert codes(FINE.assign(label_copy=pd.Categorical(classes)), classes, multiclass) == [
        "note.leak"
    ]


def test_a_strong_honest_column_is_no_leak() -> None:
    strong = (TARGET == "yes") * 2 + random.normal(size=ROWS)
    assert codes(FINE.assign(strong=strong)) == []


def test_test_rows_that_stand_in_train_are_counted() -> None:
    notes = find_faults(FINE, TARGET, BINARY, FINE.head(100))
    assert [(note.code, note.values["count"]) for note in notes] == [("note.shared_rows", 100)]


def test_rows_that_stand_there_twice_are_counted() -> None:
    twice = pd.concat([FINE, FINE.head(50)], ignore_index=True)
    target = pd.concat([TARGET, TARGET.head(50)], ignore_index=True)
    notes = find_faults(twice, target, BINARY, None)
    assert [(note.code, note.values["count"]) for note in notes] == [("note.repeated_rows", 50)]


def test_a_column_that_moved_is_drift() -> None:
    test = FINE.assign(x=FINE["x"] + 3, c=pd.Categorical(["a"] * ROWS, list("abc")))
    (note,) = find_faults(FINE, TARGET, BINARY, test)
    assert note.code == "note.drift"
    assert [name[:3] for name in sorted(note.values["columns"])] == ["c (", "x ("]


def test_a_column_that_is_empty_in_one_file_is_told() -> None:
    empty = FINE.assign(x=np.nan).sample(frac=1, random_state=0)
    assert codes(test=empty) == ["note.missing_drift"]


def test_rare_classes_and_imbalance_are_told() -> None:
    rare = pd.Series(["no"] * (ROWS - 3) + ["yes"] * 3)
    assert codes(target=rare)[0] == "note.rare_classes"
    few = pd.Series(["no"] * (ROWS - 12) + ["yes"] * 12)
    assert codes(target=few) == ["note.imbalance"]


@pytest.mark.parametrize("other", ["Not yet", "not  yet", "not\u00a0yet", "\uff4eot yet"])
def test_classes_that_the_setting_would_merge_are_named(other: str) -> None:
    spelt = pd.Series(["not yet", other, "no", "no"] * (ROWS // 4))
    assert class_labels(spelt, merge=True).nunique() == 2
    assert codes(target=spelt, problem=Problem("multiclass", "accuracy", "log_loss")) == [
        "note.class_spelling"
    ]
