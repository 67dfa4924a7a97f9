from collections.abc import Callable
from dataclasses import replace

import pandas as pd
import pyarrow as pa
import pytest

from automl.checks import MIN_ROWS, check_datasets
from automl.target import Target
from choose_columns import choose_columns
from contract.messages import Message, message
from contract.missing import ALWAYS_MISSING, PERHAPS_MISSING, is_missing
from failure import TrainingError
from model_code.column_decisions import DEFAULT
from model_code.tables import Table
from pipeline.errors import RefusedError
from pipeline.settings import Settings
from problem import missing
from reading.csv_head import TableHead
from reading.numbers import CURRENCIES
from tests.job_specs import job_spec
from tests.messages import raises

TARGET = Target("y", "rule.settings")


def table(columns: str, *rows: str, whole: bool = True) -> TableHead:
    cells = tuple(tuple(row.split(",")) for row in rows)
    return TableHead(tuple(columns.split(",")), cells, whole)


GOOD = table("id,a,y", *[f"{n},{n % 7},{n % 2}" for n in range(30)])


def refusal(
    train: TableHead, test: TableHead | None = None, settings: Settings | None = None
) -> Message:
    with pytest.raises(RefusedError) as refused:
        check_datasets(train, test, TARGET, settings or Settings())
    return refused.value.message


def test_a_sound_dataset_passes() -> None:
    check_datasets(GOOD, table("id,a", "1,2"), TARGET, Settings())


def test_one_class_only_is_named() -> None:
    train = table("a,y", *[f"{n},yes" for n in range(30)])
    assert refusal(train) == message("target.one_class", column="y", value="yes")


def test_missing_targets_are_no_second_class() -> None:
    train = table("a,y", *[f"{n % 7},{'yes' if n % 2 else 'NA'}" for n in range(60)])
    assert refusal(train) == message(
        "target.one_class_but_marks", column="y", value="yes", marks=("NA",)
    )
    check_datasets(train, None, TARGET, Settings(missing_values=()))
    named = Settings(missing_values=("yes",))
    assert refusal(train, settings=named).values["value"] == "NA"


def test_more_than_two_classes_are_no_binary_problem_and_spellings_of_two_may_be() -> None:
    binary = Settings(problem_type="binary")
    three = table("a,y", *[f"{n % 7},{n % 3}" for n in range(30)])
    assert refusal(three, settings=binary) == message("target.not_binary", column="y", number=3)
    two = table("a,y", *[f"{n % 7},{('1', '1.0', '0', ' 0')[n % 4]}" for n in range(30)])
    check_datasets(two, None, TARGET, binary)


@pytest.mark.parametrize(
    "label",
    [
        "Smith {}, Mr. John Jacob Frederick",
        "2020-01-{}",
        "1/{}/2020 10:00",
        "1:{:02}",
        "3:{:02} PM",
    ],
)
def test_as_many_classes_as_rows_are_refused_before_they_cost(label: str) -> None:
    rows = tuple((str(n), label.format(n)) for n in range(30))
    expected = message("target.too_many_classes", column="y", number=30, rows=30)
    assert refusal(TableHead(("a", "y"), rows, True)) == expected


@pytest.mark.parametrize("label", ["{}.5", "1.234,{} €", "{} kg", "3:{} PM", "US$ {}"])
def test_numbers_in_any_spelling_are_not_counted_as_classes(label: str) -> None:
    rows = tuple((str(n % 7), label.format(n)) for n in range(30))
    check_datasets(TableHead(("a", "y"), rows, True), None, TARGET, Settings())


def test_one_class_in_the_first_megabyte_of_a_sorted_file_is_no_reason() -> None:
    check_datasets(
        table("a,y", *[f"{n},yes" for n in range(30)], whole=False), None, TARGET, Settings()
    )


def test_too_few_rows_are_counted() -> None:
    train = table("a,y", *[f"{n},{n % 2}" for n in range(19)])
    assert refusal(train) == message("target.few_rows", count=19, column="y", fewest=MIN_ROWS)


def test_columns_that_test_lacks_are_listed() -> None:
    train = table("a,b,c,d,y", *[f"1,2,3,4,{n % 2}" for n in range(30)])
    lacking = message("data.test_lacks", count=3, columns=("a", "c", "d"))
    assert refusal(train, table("b,z", "1,2")) == lacking


def test_ignored_and_id_columns_may_be_lacking() -> None:
    settings = Settings(ignore_columns=("a",), id_column="id")
    train = table("id,a,b,y", *[f"{n},{n % 7},{n % 5},{n % 2}" for n in range(30)])
    check_datasets(train, table("b", "1"), TARGET, settings)


def test_a_target_that_is_set_aside_is_refused() -> None:
    said = refusal(GOOD, settings=Settings(ignore_columns=("y",)))
    assert said == message("target.set_aside", column="y")


def test_an_unknown_id_column_is_refused() -> None:
    said = refusal(GOOD, settings=Settings(id_column="key"))
    assert said == message("data.no_id_column", column="key", columns=GOOD.columns)


def test_a_target_that_appears_twice_is_refused() -> None:
    said = refusal(table("a,y,y", *[f"{n},1,0" for n in range(30)]))
    assert said == message("target.twice", column="y", times=2)


def test_other_columns_may_have_the_same_name() -> None:
    train = table("a,a,y", *[f"{n % 7},{n % 5},{n % 2}" for n in range(30)])
    check_datasets(train, table("a,a", "1,2"), TARGET, Settings())


def test_a_target_that_got_a_number_because_another_has_its_name_is_refused() -> None:
    train = table("a,y,y", *[f"{n},1,0" for n in range(30)])
    with raises(RefusedError, "target.twice", column="y.1", times=2):
        check_datasets(train, None, Target("y.1", "rule.settings"), Settings())


def test_row_numbers_without_a_name_may_be_lacking() -> None:
    train = table(",a,y", *[f"{n},{n % 7},{n % 2}" for n in range(30)])
    check_datasets(train, table("a", "1"), TARGET, Settings())


def test_few_rows_are_counted_where_only_their_number_is_known() -> None:
    train = TableHead(("a", "y"), (), whole=False, row_count=19)
    assert refusal(train) == message("data.few_rows", count=19, fewest=MIN_ROWS)
    check_datasets(replace(train, row_count=20), None, TARGET, Settings())


@pytest.mark.parametrize("kept", [(), ("id",), ("place",)])
def test_columns_that_tell_nothing_are_refused_before_they_cost(kept: tuple[str, ...]) -> None:
    """Just those that the job would leave out, every one of them."""
    cells = {
        "id": [f"A{n}" for n in range(30)],
        "place": ["Rome"] * 30,
        "": [str(n + 1) for n in range(30)],
        "customer_id": [str(7919 * n % 999_983) for n in range(30)],
        "n": [str(n) for n in range(30)],
    }
    rows = [(*row, str(n % 2)) for n, row in enumerate(zip(*cells.values(), strict=True))]
    train = TableHead((*cells, "y"), tuple(rows), True)
    settings = Settings(keep_columns=kept)
    data = pa.table([*cells.values(), [str(n % 2) for n in range(30)]], list(train.columns))
    spec = job_spec(target="y", keep_columns=kept)
    target = pd.Series([str(n % 2) for n in range(30)])
    learns = kept == ("id",)
    if learns:
        check_datasets(train, None, TARGET, settings)
        assert len(choose_columns(Table("x", train, data), target, spec, DEFAULT).columns) == 1
        return
    assert refusal(train, settings=settings) == message("data.nothing_to_learn", column="y")
    with raises(TrainingError, "data.nothing_to_learn"):
        choose_columns(Table("x", train, data), target, spec, DEFAULT)


@pytest.mark.parametrize(
    "name",
    ["U{:06}", "user-{:04}", "id_{:05}", "p{}@example.org", "3f2504e0-4f89-11d3-9a0c-{:012}"],
)
def test_names_of_rows_are_refused_where_the_job_has_nothing_else(name: str) -> None:
    cells = [name.format(n * 37 % 101) for n in range(60)]
    labels = [str(n % 2) for n in range(60)]
    train = TableHead(("who", "y"), tuple(zip(cells, labels, strict=True)), True)
    assert refusal(train).code == "data.nothing_to_learn"
    data = pa.table([cells, labels], ["who", "y"])
    with raises(TrainingError, "data.nothing_to_learn"):
        choose_columns(Table("x", train, data), pd.Series(labels), job_spec(target="y"), DEFAULT)
    check_datasets(replace(train, rows=train.rows * 2), None, TARGET, Settings())


@pytest.mark.parametrize("prefix", [sign for sign in CURRENCIES if sign.isascii()])
def test_amounts_of_money_are_not_refused(prefix: str) -> None:
    rows = tuple((f"{prefix}{n * 37 % 101:05}", str(n % 2)) for n in range(60))
    check_datasets(TableHead(("x", "y"), rows, True), None, TARGET, Settings())


@pytest.mark.parametrize(
    "cells",
    [
        # Whatever may be a measure, a date, or a text is for the job to judge.
        [f"{n}kg" for n in range(30)],
        [f"{n}.5" for n in range(30)],
        [f"2024-01-{n + 1:02}" for n in range(30)],
        [str(1990 + n) for n in range(30)],
        [*(f"{n}" for n in range(29)), ""],
        [f"No. {n:04}" for n in range(30)],
        [f"nr{n:04}" for n in range(30)],
        [f"W{n + 10}" for n in range(30)],
        [f"p{n}" for n in range(30)],
    ],
)
def test_a_column_that_may_tell_something_is_not_refused(cells: list[str]) -> None:
    rows = tuple((cell, str(n % 2)) for n, cell in enumerate(cells))
    check_datasets(TableHead(("x", "y"), rows, True), None, TARGET, Settings())


def test_nothing_to_learn_from_is_refused() -> None:
    settings = Settings(ignore_columns=("a",), id_column="id")
    assert refusal(GOOD, settings=settings) == message("data.no_features", column="y")


@pytest.mark.parametrize("mark", [mark for mark in ALWAYS_MISSING if mark])
@pytest.mark.parametrize("spelt", [str.lower, str.upper])
def test_no_mark_of_a_missing_value_is_a_class(mark: str, spelt: Callable[[str], str]) -> None:
    cells = [f"{n},{n % 7},{spelt(mark) if n % 2 else 'yes'}" for n in range(60)]
    marks = (spelt(mark),)
    assert refusal(table("id,a,y", *cells)) == message(
        "target.one_class_but_marks", column="y", value="yes", marks=marks
    )


def test_a_mark_that_may_be_a_class_is_one() -> None:
    for mark in PERHAPS_MISSING:
        assert not is_missing(mark)


def test_the_job_knows_the_same_marks() -> None:
    marks = pd.Series([*ALWAYS_MISSING, *map(str.upper, ALWAYS_MISSING), *PERHAPS_MISSING, "yes"])
    assert missing(marks).tolist() == [is_missing(mark) for mark in marks]


def test_a_column_to_split_by_is_there_and_is_no_target() -> None:
    lacking = refusal(GOOD, settings=Settings(group_column="customer"))
    assert lacking.code == "data.no_split_column"
    assert lacking.values["setting"] == "group_column"
    assert refusal(GOOD, settings=Settings(group_column="y")) == message(
        "target.splits", setting="group_column", column="y"
    )
    train = table("b,a,y", *[f"{n % 5},{n % 7},{n % 2}" for n in range(30)])
    check_datasets(train, table("b", "1"), TARGET, Settings(group_column="a"))
    # As a feature, the test file needs it.
    kept = Settings(group_column="a", keep_columns=("a",))
    assert refusal(train, table("b", "1"), kept).code == "data.test_lacks"


def test_one_group_is_refused_where_the_head_is_the_whole_file() -> None:
    rows = [f"{n % 7},c1,{n % 2}" for n in range(30)]
    settings = Settings(group_column="c")
    assert refusal(table("a,c,y", *rows), settings=settings).code == "data.one_group"
    check_datasets(table("a,c,y", *rows, whole=False), None, TARGET, settings)
    # Each row without a value is a group of its own.
    empty = [f"{n % 7},,{n % 2}" for n in range(30)]
    check_datasets(table("a,c,y", *empty), None, TARGET, settings)


def test_what_is_surely_no_time_is_refused() -> None:
    def rows(times: list[str], whole: bool = True) -> TableHead:
        return table("a,t,y", *[f"{n % 7},{times[n % 2]},{n % 2}" for n in range(30)], whole=whole)

    settings = Settings(time_column="t")
    words = refusal(rows(["soon", "later"], whole=False), settings=settings)
    assert words == message("data.no_time", column="t", value="later")
    assert refusal(rows(["3", "3"]), settings=settings).code == "data.one_time"
    for good in (["1", "2"], ["2024-01-05", ""], ["Q1", "Q2"], ["3", "3"]):
        check_datasets(rows(good, whole=False), None, TARGET, settings)
    assert refusal(GOOD, settings=Settings(time_column="y")).code == "target.splits"
    # Its month and hour may be learned from, so the test file needs it.
    assert refusal(rows(["1", "2"]), table("a", "1"), settings).code == "data.test_lacks"
