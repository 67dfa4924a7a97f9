"""No cell and no name takes longer than its length explains, or stays in memory when it is long."""

import gc
import time
import tracemalloc
from collections.abc import Callable

import pytest

from reading.column import CATEGORY, DATE, DURATION, NUMBER, NUMBERS, TEXT, Column
from reading.names import column_names, key_of_name, matched
from reading.numbers import NumberStyle

KILOGRAMS = (("kg", 1.0), ("", 1.0), ("g", 0.001))
STYLES = (
    *(NumberStyle(), NumberStyle(",")),
    NumberStyle(signs=("$", "%"), bare="share"),
    NumberStyle(",", fractions=True, unit="kg", units=KILOGRAMS),
    NumberStyle(ranges=True, unit="kg", units=KILOGRAMS),
)
GAPS = (("", "/", ""), ("point(", " ", ")"), ("", "x", "x", "cm"))

COLUMNS = (
    *(Column("x", NUMBER, style, truths=True) for style in STYLES),
    *(Column("x", DATE, order=order) for order in ("day_first", "month_first", "year_first")),
    *(Column("x", NUMBERS, NumberStyle(), gaps=gaps) for gaps in GAPS),
    Column("x", DURATION),
    Column("x", CATEGORY, categories=("a", "é", "1")),
    Column("x", TEXT),
)
# What a cell has over and over, and what ends it so that no pattern fits.
REPEATED = (
    *(
        "1",
        "1,",
        "1.",
        "12,",
        ".",
        ",",
        " ",
        "\t",
        "-",
        "+",
        "(",
        ")",
        "%",
        "$",
        "e",
        "1e",
        "x",
        "a",
    ),
    *(
        "1 ",
        "1:",
        "1/",
        "/",
        "1h",
        "1 h ",
        "00",
        "'",
        '"',
        "½",
        "²",
        "\u0301",
        "a\u0301\u0316",
        "가",
    ),
    *("\u0316\u0301", "\xa0", "\uff11", "_", "\u200b", "Ⅷ", "ﷺ"),
)
FEW, MANY, FACTOR = 4_000, 16_000, 4
# What measuring costs, and what a quarter of a second of another process does to it.
LEEWAY_SECONDS = 0.25


def seconds_of(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


@pytest.mark.parametrize("repeated", REPEATED, ids=ascii)
@pytest.mark.parametrize("end", ["", "x", " (", "1"])
def test_four_times_the_text_takes_no_sixteen_times_the_time(repeated: str, end: str) -> None:
    def read(length: int) -> None:
        text = (repeated * length)[:length] + end
        for column in COLUMNS:
            column.value_of(text)
            column.means_missing(text)
        matched(column_names([text, "", text]), [key_of_name(text)])

    assert seconds_of(lambda: read(MANY)) < 2 * FACTOR * seconds_of(lambda: read(FEW)) + (
        LEEWAY_SECONDS
    )


def test_long_cells_are_not_kept() -> None:
    length = 100_000
    gc.collect()
    tracemalloc.start()
    for number in range(20):
        for column in COLUMNS:
            column.value_of(f"{number} - {'1' * length} kg")
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # Each column was given twenty of them.
    assert kept < 10 * length


def test_what_is_capped_is_longer_than_what_people_write() -> None:
    exact = f"{1 / 3:.60f}{'0' * 40}"
    assert Column("x", NUMBER).value_of(exact) == 1 / 3
    name = "cafe\u0301 " * 80
    assert key_of_name(name) == key_of_name("CAFÉ " * 80)
