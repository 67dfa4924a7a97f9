"""What columns hold, from how people write it."""

import datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from model_code.columns import (
    CATEGORY,
    DATE,
    NUMBER,
    TEXT,
    column_from_json,
    decide_column,
    looks_like_id,
)


def chunked(values: list[object]) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(values)])


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        (["1.5", "2", "-3e2"], [1.5, 2, -300]),
        (["1,234.5", "12", "1,000,000"], [1234.5, 12, 1_000_000]),
        (["1.234,5", "12,25", "7"], [1234.5, 12.25, 7]),
        (["9,2873", "3,1"], [9.2873, 3.1]),
        (["1 234,5", "12"], [1234.5, 12]),
        (["1'234.50", "0.5"], [1234.5, 0.5]),
        (["5%", "12.5 %"], [5, 12.5]),
        (["$1,200", "$7"], [1200, 7]),
        (["50,000원", "1,200원"], [50_000, 1200]),
        (["(5.5)", "6"], [-5.5, 6]),
        (["NT$ 30", "NT$ 1,000"], [30, 1000]),
    ],
)
def test_numbers_are_read_as_they_are_written(cells: list[str], numbers: list[float]) -> None:
    column = decide_column("x", chunked(cells), decimal_commas=False)
    assert column.kind == NUMBER
    assert column.typed(chunked(cells)).tolist() == pytest.approx(numbers, rel=1e-6)


def test_semicolon_files_mean_a_fraction_by_one_comma() -> None:
    cells = chunked(["1,234", "5,678"])
    assert decide_column("x", cells, True).typed(cells).tolist() == pytest.approx([1.234, 5.678])
    assert decide_column("x", cells, False).typed(cells).tolist() == [1234, 5678]


def test_a_few_words_among_numbers_count_as_missing() -> None:
    cells = chunked([*map(str, range(40)), "-", "unknown"])
    column = decide_column("x", cells, False)
    assert column.kind == NUMBER
    assert column.typed(cells).isna().sum() == 2


@pytest.mark.parametrize(
    "cells",
    [
        ["2024-01-31", "2023-12-01"],
        ["2024-01-31 10:20", "2023-12-01 00:00"],
        ["31.01.2024", "1.12.2023"],
        ["01/31/2024", "12/01/2023"],
        ["2024년 1월 31일", "2023년 12월 1일"],
        ["2024. 1. 31.", "2023. 12. 1."],
        ["Jan 31, 2024", "Dec 01, 2023"],
        ["2024-01-31T10:20:30Z", "2023-12-01T00:00:00Z"],
    ],
)
def test_dates_are_read_as_they_are_written(cells: list[str]) -> None:
    column = decide_column("day", chunked(cells), False)
    assert column.kind == DATE
    assert [day.date() for day in column.typed(chunked(cells))] == [
        datetime.date(2024, 1, 31),
        datetime.date(2023, 12, 1),
    ]


def test_days_written_as_numbers_are_dates() -> None:
    column = decide_column("day", chunked([20240131, 20231201]), False)
    assert (column.kind, column.format) == (DATE, "%Y%m%d")
    # An employee number is none.
    assert decide_column("n", chunked([20240199, 20231377]), False).kind == NUMBER


def test_words_that_repeat_are_a_category_and_sentences_are_text() -> None:
    words = chunked(["red", "green", "blue"] * 20)
    assert decide_column("colour", words, False).kind == CATEGORY
    sentences = chunked([f"it is number {n} of the nice reviews" for n in range(50)])
    assert decide_column("review", sentences, False).kind == TEXT
    korean = chunked([f"정말 재미있는 영화 {n} 번째 봤어요" for n in range(50)])
    assert decide_column("review", korean, False).kind == TEXT


@pytest.mark.parametrize(
    ("name", "values", "is_id"),
    [
        ("PassengerId", list(range(1, 101)), True),
        ("", list(range(100)), True),
        ("n", list(range(100)), True),
        ("customer_id", [n * 37 % 1009 for n in range(100)], True),
        ("price", [n * 37 % 1009 for n in range(100)], False),
        ("age", [20 + n % 50 for n in range(100)], False),
        ("code", [f"A{n:05d}" for n in range(100)], True),
        ("x", [n / 7 for n in range(100)], False),
    ],
)
def test_what_only_numbers_or_names_the_rows_is_an_id(
    name: str, values: list[object], is_id: bool
) -> None:
    cells = chunked(values)
    assert looks_like_id(decide_column(name, cells, False), name, cells) == is_id


def test_a_column_comes_back_from_json_and_types_texts_as_it_did_the_file() -> None:
    cells = chunked([1.5, None, 3.0])
    column = decide_column("x", cells, False)
    again = column_from_json(column.to_json())
    assert again == column
    texts = chunked(["1.5", "", "3.0"])
    pd.testing.assert_series_equal(again.typed(texts), column.typed(cells))
    assert column.typed(cells).dtype == np.float32


def test_whole_numbers_that_float32_would_round_stay_exact() -> None:
    cells = chunked([16_777_217, 33_554_433, 5])
    assert decide_column("x", cells, False).typed(cells).tolist() == [16_777_217, 33_554_433, 5]
