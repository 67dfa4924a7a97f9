"""What is wrong with data is named."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import matthews_corrcoef, roc_auc_score

from data_checks import find_faults
from leaks import find_leaks, matthews, scored_leak_note, strength
from problem import Problem, class_labels
from roc import roc_area

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


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40))
def test_the_matthews_correlation_is_that_of_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    true, said = np.array(pairs).T
    assert matthews(true, said, 4) == pytest.approx(matthews_corrcoef(true, said))


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


LEAVERS = TARGET == "yes"
HONEST = pd.DataFrame({"x": random.normal(size=ROWS)})


def why(column: pd.Series) -> str | None:
    """The code of what is suspicious in a column."""
    found = find_leaks(HONEST.assign(suspect=column), TARGET, BINARY)
    return found[0].why.code if found else None


def only_for(rows: pd.Series, share: float) -> pd.Series:
    """Numbers in a share of these rows; missing elsewhere."""
    return pd.Series(random.normal(size=ROWS)).where(rows & (random.random(ROWS) < share))


def test_what_a_person_would_notice_is_a_suspected_leak() -> None:
    """A fee of those who leave, a survey that they are sent, a copy of the target with errors."""
    assert why(only_for(LEAVERS, 0.9).abs().fillna(0.0)) == "leak.alone"
    assert why(only_for(LEAVERS, 0.6).abs().fillna(0.0)) == "leak.values"
    assert why(only_for(LEAVERS, 0.6)) == "leak.filled"
    assert why(pd.Series(random.normal(size=ROWS)).mask(LEAVERS & (random.random(ROWS) < 0.6))) == (
        "leak.empty"
    )
    flipped = LEAVERS ^ (random.random(ROWS) < 0.03)
    assert why(flipped.astype(float)) == "leak.alone"


@pytest.mark.parametrize("flips", [0.15, 0.3])
def test_a_strong_column_with_many_errors_is_no_leak(flips: float) -> None:
    assert why((LEAVERS ^ (random.random(ROWS) < flips)).astype(float)) is None


def test_values_of_one_class_are_no_leak_where_chance_or_the_usual_class_explains_them() -> None:
    few = only_for(LEAVERS, 0.2)
    assert why(few) is None
    usual = pd.Series(random.choice(["no", "yes"], ROWS, p=[0.97, 0.03]))
    assert find_leaks(HONEST.assign(y=only_for(usual == "no", 0.7)), usual, BINARY) == []


def test_the_note_names_the_columns_to_leave_out_beside_those_that_are() -> None:
    rows = HONEST.assign(**{"review: score": LEAVERS.astype(float)})
    columns = {"review: score": "review", "x": "x"}
    (note,) = find_faults(rows, TARGET, BINARY, None, columns, ["id"])
    assert note.values["suspects"] == ("review",)
    assert json.loads(note.values["line"]) == {"ignore_columns": ["id", "review"]}
    tested = scored_leak_note(note, "roc_auc", 0.99, 0.71)
    assert "0.71" in str(tested) and note.values["line"] in str(tested)


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


@pytest.mark.parametrize("ties", [1, 10, ROWS])
def test_the_area_under_the_curve_is_that_of_scikit_learn(ties: int) -> None:
    scores, positive = random.integers(0, ROWS // ties, ROWS) / ROWS, (TARGET == "yes").to_numpy()
    assert roc_area(positive, scores) == pytest.approx(roc_auc_score(positive, scores), abs=1e-12)


def test_a_column_that_tells_customers_apart_is_no_leak_where_rows_stand_by_customer() -> None:
    customers = pd.Series(np.arange(ROWS) // 20)
    target = pd.Series(np.where(random.random(ROWS // 20) < 0.5, "yes", "no"))[customers]
    target = target.reset_index(drop=True)
    birthday = pd.Series(random.permutation(ROWS // 20))[customers].reset_index(drop=True)
    rows = HONEST.assign(birthday=birthday.astype(float))
    assert [one.column for one in find_leaks(rows, target, BINARY)] == ["birthday"]
    assert find_leaks(rows, target, BINARY, customers) == []
    assert strength(rows["birthday"], target, BINARY, customers) < 0.6
    # What gives the target of every customer away still does.
    rows["paid"] = (target == "yes").astype(float)
    assert [one.column for one in find_leaks(rows, target, BINARY, customers)] == ["paid"]
