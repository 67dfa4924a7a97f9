"""Rows of one group never stand on both sides of a split, whatever the groups are."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from failure import TrainingError
from inner_split import FOLD, given_rows, learnable
from intervals import TAIL
from metrics import ALIKE, Predictions
from prepare import Prepared, prepare
from problem import Problem
from simple_models import linear
from splits import Structure, deal, fold_numbers, hold_out
from structure import folds_of_texts
from tests.job_specs import job_spec
from tests.messages import raises

NUMBERS = Problem("regression", "r2", "r2")
TWO = Problem("binary", "roc_auc", "roc_auc", positive_class="yes")
CLASSES = Problem("multiclass", "accuracy", "log_loss")
GOALS = {"regression": NUMBERS, "binary": TWO, "multiclass": CLASSES}
ROWS = st.lists(st.tuples(st.integers(0, 9), st.sampled_from("aaab")), min_size=4, max_size=60)


def goal_of(kind: str, labels: list[str]) -> pd.Series:
    words = {"a": "yes", "b": "no"}
    if kind == "regression":
        return pd.Series(np.arange(len(labels), dtype=float), name="y")
    return pd.Series([words[one] for one in labels], name="y")


def both_sides(groups: pd.Series, learn: pd.Index, score: pd.Index) -> set[str]:
    return set(groups.loc[learn]) & set(groups.loc[score])


@settings(max_examples=150, deadline=None)
@given(rows=ROWS, kind=st.sampled_from(list(GOALS)), share=st.sampled_from([0.1, 0.2, 0.5]))
def test_no_group_is_held_out_and_learned_from(
    rows: list[tuple[int, str]], kind: str, share: float
) -> None:
    groups = pd.Series([f"g{number}" for number, _ in rows])
    goal, problem = goal_of(kind, [label for _, label in rows]), GOALS[kind]
    assume(kind != "binary" or goal.nunique() == 2)
    try:
        sides = hold_out(goal, problem, Structure(groups), share)
    except TrainingError:
        assert groups.nunique() < 2 or problem.has_classes
        return
    assert sorted([*sides.learn, *sides.score]) == list(range(len(rows)))
    assert not both_sides(groups, sides.learn, sides.score)
    assert len(sides.learn) and len(sides.score)
    if problem.has_classes:
        assert set(goal[sides.learn]) == set(goal)
    if kind == "binary":
        assert goal[sides.score].nunique() == 2


@settings(max_examples=150, deadline=None)
@given(rows=ROWS, kind=st.sampled_from(list(GOALS)), folds=st.sampled_from([2, 3, 5]))
def test_no_group_is_in_two_folds_and_each_fold_can_be_learned(
    rows: list[tuple[int, str]], kind: str, folds: int
) -> None:
    groups = pd.Series([f"g{number}" for number, _ in rows])
    goal, problem = goal_of(kind, [label for _, label in rows]), GOALS[kind]
    assume(kind != "binary" or goal.nunique() == 2)
    numbers = fold_numbers(goal, problem, Structure(groups), folds)
    if numbers is None:
        assert groups.nunique() < 2 or problem.has_classes
        return
    assert 2 <= numbers.nunique() <= min(folds, groups.nunique())
    assert numbers.groupby(groups).nunique().max() == 1
    for number in numbers.unique():
        if problem.has_classes:
            assert set(goal[numbers != number]) == set(goal)
        if kind == "binary":
            assert goal[numbers == number].nunique() == 2


def test_parts_are_alike_in_rows_and_in_rows_of_the_rare_class() -> None:
    random = np.random.default_rng(0)
    groups = pd.Series(np.repeat(np.arange(400), random.integers(1, 9, 400)).astype(str))
    rare = groups.isin(random.choice(groups.unique(), 40, replace=False).tolist())
    goal = pd.Series(np.where(rare, "yes", "no"))
    parts = deal(goal, TWO, groups, 5)
    for counted in (parts, parts[rare]):
        shares = counted.value_counts(normalize=True)
        assert len(shares) == 5 and shares.max() < 0.25


FEATURES = {
    "note": lambda n: ["good", "bad", "fine", "poor"][n % 4] + f" number {n % 13} of this day",
    "x": lambda n: str(n % 11),
}


def files(folder: Path, customers: list[str], test: pd.DataFrame | None = None) -> dict[str, Path]:
    """A train file with these customers, and perhaps a test file."""
    cells = {name: [make(n) for n in range(len(customers))] for name, make in FEATURES.items()}
    train = pd.DataFrame({"customer": customers, **cells})
    train["y"] = ["yes" if n % 3 else "no" for n in range(len(customers))]
    made = {"train": folder / "x_train.csv"}
    train.to_csv(made["train"], index=False)
    if test is not None:
        made["test"] = folder / "x_test.csv"
        test.to_csv(made["test"], index=False)
    return made


def prepared(paths: dict[str, Path], **chosen: object) -> Prepared:
    return prepare(job_spec(**paths, target="y", group_column="customer", **chosen))


def codes(found: Prepared) -> set[str]:
    return {note.code for note in found.notes}


def test_the_column_is_no_feature_unless_the_settings_keep_it(tmp_path: Path) -> None:
    paths = files(tmp_path, [f"c{n % 12}" for n in range(120)])
    found = prepared(paths)
    assert found.left_out["customer"] == "group_column"
    assert "customer" not in found.preprocessor.needed
    kept = prepared(paths, keep_columns=("customer",))
    assert "customer" in kept.preprocessor.needed and kept.left_out == {}
    assert kept.structure is not None and kept.structure.count == 12
    assert "customer" not in prepared(paths, ignore_columns=("customer",)).left_out


def test_one_value_in_two_spellings_is_one_group_and_no_value_is_none(tmp_path: Path) -> None:
    names = ["7", "7.0", " 7 ", "8", "", "NA", "unknown", "9"] * 15
    found = prepared(files(tmp_path, names))
    assert found.structure is not None
    # 7, 8 and 9, and each row without a value.
    assert found.structure.count == 3 + 45
    (note,) = [one for one in found.notes if one.code == "note.rows_without_group"]
    assert note.values["count"] == 45


def test_one_group_is_refused_by_the_job_too(tmp_path: Path) -> None:
    paths = files(tmp_path, ["c1", "c1 "] * 30)
    with raises(TrainingError, "data.one_group", column="customer"):
        prepared(paths)
    with raises(TrainingError, "data.no_split_column", column="client"):
        prepare(job_spec(**paths, target="y", group_column="client"))


def test_texts_are_scored_by_other_groups(tmp_path: Path) -> None:
    found = prepared(files(tmp_path, [f"c{n % 9}" for n in range(90)]))
    assert found.structure is not None
    groups = found.structure.groups
    scored = list[int]()
    for learn, score in folds_of_texts(found.rows["y"], found.problem, found.structure):
        assert not set(groups.iloc[learn]) & set(groups.iloc[score])
        scored += list(score)
    assert sorted(scored) == list(range(90))


def test_a_text_that_gives_a_customer_away_scores_nothing(tmp_path: Path) -> None:
    """Each customer has a word and a target of its own: by chance, the word tells the target."""
    random = np.random.default_rng(2)
    kinds, who = random.permutation([0, 1] * 30), np.repeat(np.arange(60), 8)
    train = pd.DataFrame(
        {
            "customer": [f"c{n}" for n in who],
            "note": [f"word{n} was said here, and a lot more by {i}" for i, n in enumerate(who)],
            "x": random.integers(0, 9, len(who)),
            "y": np.where(kinds[who], "yes", "no"),
        }
    )
    path = tmp_path / "x_train.csv"
    train.to_csv(path, index=False)

    def learned(**chosen: object) -> float:
        found = prepare(
            job_spec(train=path, target="y", ignore_columns=("x",), problem_type="binary", **chosen)
        )
        score = found.rows[
            found.preprocessor.features_of_text(found.preprocessor.text_scores[0])[0]
        ]
        return abs(float(np.corrcoef(score, found.rows["y"] == "yes")[0, 1]))

    assert learned() > 0.8
    assert learned(group_column="customer") < 0.4


@pytest.mark.parametrize("folds", [0, 4])
def test_autogluon_gets_splits_of_whole_groups(tmp_path: Path, folds: int) -> None:
    found = prepared(files(tmp_path, [f"c{n % 23}" for n in range(230)]))
    assert found.structure is not None
    groups = found.structure.groups
    numbers = fold_numbers(found.rows["y"], found.problem, found.structure, folds)
    given = given_rows(found.rows, folds, numbers if folds else None, found)
    if folds:
        assert given.groups == FOLD
        assert given.rows[FOLD].groupby(groups).nunique().max() == 1
        return
    chosen_by = given.arguments["tuning_data"]
    assert not both_sides(groups, given.rows.index, chosen_by.index)
    assert len(given.rows) + len(chosen_by) == 230


def test_the_linear_model_sees_no_group_that_it_is_scored_on() -> None:
    """Each group has a category and a target of its own, which only rows of the group tell."""
    random = np.random.default_rng(3)
    who = pd.Series(np.repeat(np.arange(15), 20).astype(str))
    rows = pd.DataFrame({"x": who.astype("category"), "y": random.normal(size=15).repeat(20)})
    mixed, apart = (linear(NUMBERS, rows, rows, "y", True, one) for one in (None, who))
    assert mixed is not None and apart is not None
    assert (mixed.score("r2") or 0) > 0.9 > 0.1 > (apart.score("r2") or 0)


def labelled(customers: list[str]) -> pd.DataFrame:
    rows = range(len(customers))
    cells = {name: [make(n) for n in rows] for name, make in FEATURES.items()}
    return pd.DataFrame({"customer": customers, **cells, "y": ["yes", "no"] * (len(rows) // 2)})


@pytest.mark.parametrize(
    ("customers", "code", "scored"),
    [
        ([f"new{n % 9}" for n in range(80)], None, 80),
        ([*["c1"] * 20, *[f"new{n}" for n in range(60)]], "note.test_some_not_apart", 60),
        ([*[""] * 20, *[f"new{n}" for n in range(60)]], "note.test_some_not_apart", 60),
        ([*["c1"] * 60, *[f"new{n}" for n in range(20)]], "note.test_not_apart", 0),
    ],
)
def test_only_test_rows_of_new_groups_are_scored(
    tmp_path: Path, customers: list[str], code: str | None, scored: int
) -> None:
    train = [f"c{n % 12}" for n in range(120)]
    found = prepared(files(tmp_path, train, labelled(customers)))
    test = found.labelled_test
    assert (0 if test is None else len(test)) == scored
    assert codes(found) & {"note.test_some_not_apart", "note.test_not_apart"} == (
        {code} if code else set()
    )
    if test is not None:
        assert found.test_structure is not None and found.structure is not None
        new = found.test_structure.of(test.index).groups
        assert not set(new) & set(found.structure.groups)  # type: ignore[arg-type]


def test_the_groups_of_a_file_to_predict_are_counted(tmp_path: Path) -> None:
    train = [f"c{n % 12}" for n in range(120)]
    test = labelled([f"new{n % 9}" for n in range(80)]).drop(columns="y")
    paths = files(tmp_path, train, test)
    assert prepared(paths).test_groups == 9
    assert prepare(job_spec(**paths, target="y")).test_groups is None
    test.drop(columns="customer").to_csv(paths["test"], index=False)
    assert prepared(paths).test_groups is None


def test_a_new_file_of_few_customers_varies_more_however_many_rows_it_has() -> None:
    found = clustered("regression", np.random.default_rng(0))
    metric = found.problem.metric
    interval, score = found.interval(metric), found.score(metric)
    assert interval is not None and score is not None
    for groups in (10, 40, 160):
        _, high = found.expected(metric, interval, len(found), groups)
        assert high - score == pytest.approx((interval[1] - score) * (1 + 40 / groups) ** 0.5)
    assert found.expected(metric, interval, len(found)) == pytest.approx(
        found.expected(metric, interval, len(found), 40)
    )


def test_a_test_file_without_the_column_is_not_scored(tmp_path: Path) -> None:
    test = labelled(["new"] * 80).drop(columns="customer")
    found = prepared(files(tmp_path, [f"c{n % 12}" for n in range(120)], test))
    assert found.labelled_test is None and found.test is not None
    assert "note.test_without_column" in codes(found)


def clustered(kind: str, random: np.random.Generator) -> Predictions:
    """Rows in groups of very different sizes; some groups are easier to predict than others."""
    who = np.repeat(np.arange(40), random.integers(1, 25, 40))
    skill = random.normal(1, 1.2, 40)[who]
    if kind == "regression":
        target = pd.Series(random.normal(size=len(who)))
        said = target + random.normal(size=40)[who] + 0.3 * random.normal(size=len(who))
        return Predictions(NUMBERS, target, said, None, pd.Series(who))
    actual = random.integers(0, 2, len(who))
    chance = 1 / (1 + np.exp(-(2 * actual - 1) * skill - random.normal(size=len(who))))
    table = pd.DataFrame({"no": 1 - chance, "yes": chance})
    target = pd.Series(np.where(actual, "yes", "no"))
    return Predictions(TWO, target, table.idxmax(axis=1), table, pd.Series(who))


TIMES = 60


@pytest.mark.parametrize(
    ("kind", "metric"),
    [
        *[("binary", metric) for metric in ("roc_auc", "accuracy", "f1", "log_loss")],
        ("regression", "root_mean_squared_error"),
    ],
)
def test_intervals_of_whole_groups_hold_the_truth(kind: str, metric: str) -> None:
    truth = np.mean([clustered(kind, np.random.default_rng(n)).score(metric) for n in range(999)])
    held = {"groups": 0, "rows": 0}
    for n in range(TIMES):
        found = clustered(kind, np.random.default_rng(10_000 + n))
        alone = Predictions(found.problem, found.target, found.predicted, found.probabilities)
        for name, one in (("groups", found), ("rows", alone)):
            interval = one.interval(metric)
            assert interval is not None
            held[name] += interval[0] <= truth <= interval[1]
    expected = TIMES * (1 - 2 * TAIL)
    # Two standard errors, and two rows for what any such interval lacks with groups so unequal.
    assert held["groups"] >= expected - 2 * (TIMES * 0.05 * 0.95) ** 0.5 - 2
    assert held["rows"] < held["groups"] - 4


def test_equal_models_are_seldom_told_apart_by_groups() -> None:
    """Each has groups that it is better at, by chance."""
    random = np.random.default_rng(5)
    named = {"groups": 0, "rows": 0}
    for _ in range(TIMES):
        who = np.repeat(np.arange(40), random.integers(1, 25, 40))
        target = pd.Series(random.normal(size=len(who)))
        said = [target + random.normal(size=40)[who] for _ in range(2)]
        for name, groups in (("groups", pd.Series(who)), ("rows", None)):
            one, other = (Predictions(NUMBERS, target, one, None, groups) for one in said)
            named[name] += one.compared_with(other, "root_mean_squared_error") != ALIKE
    # 5 % of 60, and three standard errors more.
    assert named["groups"] <= 8 < named["rows"]


def test_rows_that_are_groups_of_their_own_have_about_the_interval_of_rows() -> None:
    random = np.random.default_rng(8)
    found = clustered("binary", random)
    own = Predictions(
        TWO, found.target, found.predicted, found.probabilities, pd.Series(range(len(found)))
    )
    alone = Predictions(TWO, found.target, found.predicted, found.probabilities)
    for metric in ("roc_auc", "accuracy", "f1", "log_loss"):
        assert own.interval(metric) == pytest.approx(alone.interval(metric), abs=0.015)


TIMED = st.lists(
    st.tuples(st.integers(0, 6), st.sampled_from("aaab"), st.none() | st.integers(0, 12)),
    min_size=4,
    max_size=60,
)


@settings(max_examples=200, deadline=None)
@given(rows=TIMED, kind=st.sampled_from(list(GOALS)), grouped=st.booleans())
def test_no_later_row_teaches_an_earlier_one(
    rows: list[tuple[int, str, int | None]], kind: str, grouped: bool
) -> None:
    goal, problem = goal_of(kind, [label for _, label, _ in rows]), GOALS[kind]
    times = pd.Series([np.nan if time is None else time for *_, time in rows], dtype=float)
    groups = pd.Series([f"g{number}" for number, *_ in rows])
    structure = Structure(groups if grouped else None, times)
    folds = folds_of_texts(goal, problem, structure)
    cuts = [(pd.Index(learn), pd.Index(score)) for learn, score in folds]
    try:
        sides = hold_out(goal, problem, structure, 0.2)
    except TrainingError:
        assert times.nunique() < 2 or problem.has_classes or grouped
    else:
        cuts.append((sides.learn, sides.score))
        if problem.has_classes:
            assert goal[sides.learn].nunique() > 1
        if not grouped:
            # Only rows without a time are on neither side.
            assert len(sides.learn) + len(sides.score) == times.notna().sum()
    for learn, score in cuts:
        assert times[learn].max() < times[score].min()
        assert len(learn) and len(score)
        if grouped:
            assert not both_sides(groups, learn, score)


def test_the_latest_rows_are_held_out_and_rows_of_one_time_stay_together() -> None:
    times = pd.Series(np.repeat(np.arange(10.0), 10))
    goal = pd.Series(np.arange(100.0))
    for share, scored in ((0.2, 20), (0.14, 10), (0.01, 10)):
        sides = hold_out(goal, NUMBERS, Structure(times=times), share)
        assert list(sides.score) == list(range(100 - scored, 100))
    # Seven in ten rows have the last time.
    times[30:] = 9.0
    sides = hold_out(goal, NUMBERS, Structure(times=times), 0.2)
    assert list(sides.learn) == list(range(30))


def test_a_class_that_comes_late_only_is_waited_for() -> None:
    """Of the latest fifth all are of one class; of the latest half they are not."""
    goal = pd.Series(["yes", "no"] * 30 + ["yes"] * 40)
    sides = hold_out(goal, TWO, Structure(times=pd.Series(np.arange(100.0))), 0.2)
    assert goal[sides.score].nunique() == goal[sides.learn].nunique() == 2
    late = pd.Series(["yes"] * 90 + ["no"] * 10, name="y")
    with raises(TrainingError, "split.one_class", column="y"):
        hold_out(late, TWO, Structure(times=pd.Series(np.arange(100.0))), 0.2)


DAYS = pd.date_range("2024-01-01", periods=120).strftime("%d.%m.%Y").to_list()


def timed(folder: Path, days: list[str], **chosen: object) -> Prepared:
    paths = files(folder, [f"c{n % 12}" for n in range(len(days))])
    rows = pd.read_csv(paths["train"], dtype=str).assign(day=days)
    rows.to_csv(paths["train"], index=False)
    return prepare(job_spec(**paths, target="y", time_column="day", **chosen))


def test_times_are_read_as_dates_or_numbers_and_stay_features(tmp_path: Path) -> None:
    found = timed(tmp_path, DAYS)
    assert found.structure is not None and found.structure.times is not None
    times = found.structure.times
    assert times.is_monotonic_increasing and found.structure.written(times.iloc[0]) == "2024-01-01"
    assert "day" in found.preprocessor.needed
    assert "day" not in timed(tmp_path, DAYS, ignore_columns=("day",)).preprocessor.needed
    numbers = timed(tmp_path, [str(n // 2) for n in range(120)])
    assert numbers.structure is not None and numbers.structure.times is not None
    assert numbers.structure.times.tolist() == [n // 2 for n in range(120)]


def test_rows_without_a_time_are_on_neither_side_and_said(tmp_path: Path) -> None:
    found = timed(tmp_path, [*DAYS[:100], *["", "NA"] * 10])
    (note,) = [one for one in found.notes if one.code == "note.rows_without_time"]
    assert (note.values["count"], note.values["rows"]) == (20, 120)
    given = given_rows(found.rows, 0, None, found)
    assert set(given.index) == set(range(100))


@pytest.mark.parametrize(
    ("days", "code"),
    [(["morning", "evening"] * 60, "data.no_time"), (["7"] * 120, "data.one_time")],
)
def test_what_is_no_time_is_refused(tmp_path: Path, days: list[str], code: str) -> None:
    with raises(TrainingError, code, column="day"):
        timed(tmp_path, days)


@pytest.mark.parametrize(("first", "scored"), [(0, 0), (60, 60), (200, 80)])
def test_only_test_rows_that_are_not_earlier_are_scored(
    tmp_path: Path, first: int, scored: int
) -> None:
    test = labelled(["c1"] * 80)
    days = [str(100 + first + n) for n in range(80)]
    paths = files(tmp_path, [f"c{n % 12}" for n in range(120)], test.assign(day=days))
    rows = pd.read_csv(paths["train"], dtype=str).assign(day=[str(n + 61) for n in range(120)])
    rows.to_csv(paths["train"], index=False)
    found = prepare(job_spec(**paths, target="y", time_column="day"))
    assert (0 if found.labelled_test is None else len(found.labelled_test)) == scored


def test_a_model_is_fitted_once_more_on_classes_that_it_knows() -> None:
    predictor: Any = SimpleNamespace(problem_type="multiclass", label="y", class_labels=["a", "b"])
    unseen = pd.DataFrame({"x": range(4), "y": ["a", "late", "b", "late"]})
    found = learnable(unseen, predictor)
    assert found is not None and found["y"].tolist() == ["a", "b"]
    assert learnable(unseen[unseen["y"] == "late"], predictor) is None
    assert learnable(pd.DataFrame(), predictor) is None


@pytest.mark.parametrize(
    ("kind", "metric"), [("binary", "roc_auc"), ("regression", "root_mean_squared_error")]
)
def test_a_lead_over_a_mean_is_of_whole_groups_too(kind: str, metric: str) -> None:
    found = clustered(kind, np.random.default_rng(11))
    other = clustered(kind, np.random.default_rng(11))
    noise = np.random.default_rng(1).normal(size=40)[found.groups]
    if other.probabilities is None:
        worse = Predictions(NUMBERS, other.target, other.predicted + noise, None, other.groups)
    else:
        yes = (other.probabilities["yes"] + noise / 4).clip(0, 1)
        table = pd.DataFrame({"no": 1 - yes, "yes": yes})
        worse = Predictions(TWO, other.target, table.idxmax(axis=1), table, other.groups)
    alone = replace(found, groups=None)
    (_, by_groups), (_, by_rows) = (one.lead_of_mean([worse], metric) for one in (found, alone))
    assert by_groups[1] - by_groups[0] > 1.3 * (by_rows[1] - by_rows[0])
    lead = found.lead(worse, metric)
    assert by_groups == pytest.approx(lead, abs=0.01)
