from dataclasses import replace

import pytest

from automl.checks import check_datasets
from automl.errors import RefusedError
from automl.settings import Settings
from automl.target import Target
from reading.csv_head import TableHead

TARGET = Target("y", "the test says so")


def table(columns: str, *rows: str, whole: bool = True) -> TableHead:
    cells = tuple(tuple(row.split(",")) for row in rows)
    return TableHead(tuple(columns.split(",")), cells, whole)


GOOD = table("id,a,y", *[f"{n},{n % 7},{n % 2}" for n in range(30)])


def refusal(
    train: TableHead, test: TableHead | None = None, settings: Settings | None = None
) -> str:
    with pytest.raises(RefusedError) as refused:
        check_datasets(train, test, TARGET, settings or Settings())
    return str(refused.value)


def test_a_sound_dataset_passes() -> None:
    check_datasets(GOOD, table("id,a", "1,2"), TARGET, Settings())


def test_one_class_only_is_named() -> None:
    train = table("a,y", *[f"{n},yes" for n in range(30)])
    assert "'yes' in every row" in refusal(train)


def test_missing_targets_are_no_second_class() -> None:
    train = table("a,y", *[f"{n},{'yes' if n % 2 else 'N/A'}" for n in range(60)])
    assert "'yes' in every row" in refusal(train)


def test_one_class_in_the_first_megabyte_of_a_sorted_file_is_no_reason() -> None:
    check_datasets(
        table("a,y", *[f"{n},yes" for n in range(30)], whole=False), None, TARGET, Settings()
    )


def test_too_few_rows_are_counted() -> None:
    train = table("a,y", *[f"{n},{n % 2}" for n in range(19)])
    assert "has 19 rows" in refusal(train) and "at least 20" in refusal(train)


def test_columns_that_test_lacks_are_listed() -> None:
    train = table("a,b,c,d,y", *[f"1,2,3,4,{n % 2}" for n in range(30)])
    assert "lacks 3 of the train file's columns: a, c, d" in refusal(train, table("b,z", "1,2"))


def test_ignored_and_id_columns_may_be_lacking() -> None:
    settings = Settings(ignore_columns=("a",), id_column="id")
    train = table("id,a,b,y", *[f"{n},1,2,{n % 2}" for n in range(30)])
    check_datasets(train, table("b", "1"), TARGET, settings)


def test_a_target_that_is_set_aside_is_refused() -> None:
    assert "sets the target 'y' aside" in refusal(GOOD, settings=Settings(ignore_columns=("y",)))


def test_an_unknown_id_column_is_refused() -> None:
    assert "no column 'key'" in refusal(GOOD, settings=Settings(id_column="key"))


def test_a_target_that_appears_twice_is_refused() -> None:
    assert "'y' 2 times" in refusal(table("a,y,y", *[f"{n},1,0" for n in range(30)]))


def test_other_columns_may_have_the_same_name() -> None:
    train = table("a,a,y", *[f"{n},{n},{n % 2}" for n in range(30)])
    check_datasets(train, table("a,a", "1,2"), TARGET, Settings())


def test_a_target_that_got_a_number_because_another_has_its_name_is_refused() -> None:
    train = table("a,y,y", *[f"{n},1,0" for n in range(30)])
    with pytest.raises(RefusedError, match=r"'y\.1' 2 times"):
        check_datasets(train, None, Target("y.1", "the settings file names it"), Settings())


def test_row_numbers_without_a_name_may_be_lacking() -> None:
    train = table(",a,y", *[f"{n},{n % 7},{n % 2}" for n in range(30)])
    check_datasets(train, table("a", "1"), TARGET, Settings())


def test_few_rows_are_counted_where_only_their_number_is_known() -> None:
    train = TableHead(("a", "y"), (), whole=False, row_count=19)
    assert "has 19 rows" in refusal(train)
    check_datasets(replace(train, row_count=20), None, TARGET, Settings())


def test_nothing_to_learn_from_is_refused() -> None:
    settings = Settings(ignore_columns=("a",), id_column="id")
    assert "no column to learn from" in refusal(GOOD, settings=settings)
