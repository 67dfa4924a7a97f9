"""One cell and a column of cells mean the same: the scorer's road and the job's are equal."""

import math
from collections.abc import Sequence
from datetime import datetime

import numpy as np
import pandas as pd
import pyarrow as pa
from hypothesis import example, given, settings
from hypothesis import strategies as st

from contract.date_order import DATE_ORDERS
from contract.missing import ALWAYS_MISSING, PERHAPS_MISSING
from model_code.cells import of_cells
from model_code.columns import means_missing, typed_column
from reading.column import CATEGORY, DATE, DURATION, NUMBER, NUMBERS, TEXT, Column, Value
from reading.numbers import NumberStyle

KILOGRAMS = (("kg", 1.0), ("", 1.0), ("g", 0.001))
MARKS = (*ALWAYS_MISSING, *PERHAPS_MISSING)
STYLES = (
    NumberStyle(),
    NumberStyle(","),
    NumberStyle(signs=("$", "€")),
    NumberStyle(",", signs=("€",)),
    NumberStyle(signs=("%",), bare="share"),
    NumberStyle(signs=("%",), bare="percent"),
    NumberStyle(signs=("%",)),
    NumberStyle(unit="kg", units=KILOGRAMS),
    NumberStyle(unit="m", units=(("m", 1.0), ("", 1.0), ("cm", 0.01))),
    NumberStyle(",", fractions=True),
    NumberStyle(ranges=True),
    NumberStyle(",", ranges=True, signs=("€",)),
    NumberStyle(ranges=True, signs=("%",)),
    NumberStyle(ranges=True, unit="kg", units=KILOGRAMS),
)
GAPS = (
    *(("", "/", ""), ("", "x", "cm"), ("", ",", ""), ("(", ",", ")"), ("point(", " ", ")")),
    *(("", "±", ""), ("", "[", "-", "]"), ("", "x", "x", ""), ("", "outof", "")),
)
columns = st.one_of(
    st.builds(
        Column,
        st.just("x"),
        st.just(NUMBER),
        style=st.sampled_from(STYLES),
        truths=st.booleans(),
        wide=st.booleans(),
        offset=st.sampled_from([0, 0, 1000, 2**53 + 1]),
        marks=st.sampled_from([MARKS, ("", "-999")]),
    ).filter(lambda column: not (column.truths and column.offset)),
    st.builds(
        Column,
        st.just("x"),
        st.just(DATE),
        order=st.sampled_from(DATE_ORDERS),
        marks=st.sampled_from([MARKS, ("", "1900-01-01")]),
    ),
    st.builds(
        Column,
        st.just("x"),
        st.just(NUMBERS),
        style=st.sampled_from([NumberStyle(), NumberStyle(",")]),
        gaps=st.sampled_from(GAPS),
        marks=st.sampled_from([MARKS, ("", "0/0")]),
    ),
    st.builds(Column, st.just("x"), st.just(DURATION), minutes=st.booleans(), marks=st.just(MARKS)),
    st.builds(
        Column,
        st.just("x"),
        st.just(CATEGORY),
        categories=st.sampled_from([(), ("Red", "New York", "é", "1"), ("a", "A")]),
    ),
    st.just(Column("x", TEXT)),
)
NUMBER_CELLS = (
    *("0", "-0", "7", "1.5", "1,5", "1.234", "1,234", "1.234,56", "1,234.56", "12 %", "12%", "$5"),
    *("(3)", "12,50-", "5 kg", "500 g", "1e5", "1e400", "inf", "-inf", "nan", "0x1F", "½", "1 1/2"),
    *("1/2", "12345678901234567890", "９", "<5", "10+", "+4", "1 234", "1'234", "€ 7,5", "5$", "."),
    *("9007199254740993", "-999", "7" * 70, "1_000", "--5", "5-", "1.2.3", "1,2,3", "1,23,456"),
    *("#23", "No. 5", "№ 8", "n° 9", "nr7", "1.5x10^3", "2 × 10⁻²", "1.5D+03", "1m80", "1m8", "2m"),
    *("10-20", "5 – 15 kg", "20-10", "10~20 %", "5 % to 15 %", "under 5", "65 and over", "007-010"),
    *(
        f"1.{'0' * 80}1",
        f"$ {'1,234' * 14}",
        f"{'9' * 70} kg",
        f"12 {'000 ' * 20}",
        "1.5" + "0" * 90,
    ),
    *(f"5{' ' * 80}kg", f"<{' ' * 80}5", f"10-20 (of {'x' * 28})", f"10-20{' ' * 150}(all)"),
    *("between 1,000 and 2,000", "500 g-1 kg", "€10-€20", "1.5-2,5", "30 이상", "5-NA", "1-2-3"),
)
SEVERAL = (
    *("126/83", "126 / 83", "10x20 cm", "10 × 20CM", "10 x 20", "126.0, 83.5", "126,5 / 83,25"),
    *("(52.5, -13.4)", "POINT (52 13)", "12.3 ± 0.4", "5 [4-6]", "1x2x3", "4.5 Out of 5", "0/0"),
    *("1/2/3/4", "/", "1/", "a/b", "－1／２", "1e5/2", "-1/-2", "1 2", "0 / 0", "9" * 15 + "/1"),
)
DATES = (
    *("2024-01-31", "2024-01-31 10:20", "2024-01-31T10:20:30Z", "2024-01-31 10:20:30+02:00"),
    *("2024-02-30", "31.12.1999", "31.12.1999 23:59", "01/02/2024", "13/02/2024", "1/2/24"),
    *("3 Jan 2024", "3-Jan-24", "Jan 3, 2024", "20240131", "202401", "240131", "1700000000"),
    *("45000", "45000.5", "1900-01-01", "2024년 1월 3일", "令和5年1月3日", "2024-W05", "2024Q1"),
    *("9999-12-31", "0001-01-01", "1600-01-01", "2024-01-31 24:00", "2024-01-31 10:20:30.123456"),
    *("12/31/1999 11:59 PM", "2024-01-31 10:20:30.123456-03:30", "1700000000000", "2024-13-01"),
    *(
        "31. tammikuuta 2024 klo 10.20",
        "31 Ιανουαρίου 2024",
        "2024. január 31.",
        "R6.1.31",
        "5-Jan",
    ),
    *("Ngày 31 tháng 1 năm 2024", "113年1月31日", "令和元年5月1日", "Jan  5 10:20:30", "29 Feb"),
)
WORDS = (
    *("red", " Red ", "RED", "new  york", "New York", "é", "e\u0301", "1.0", "1", "a", "A", "true"),
    *("no", "ja", "✓", "10:20", "40:05", "1:02:03", "PT1H", "2 days 01:02:03", "3 h", "11 PM"),
    *("2 ч 5 мин", "2 godz. 5 min", "5 лет", "2 saat 5 dk", "1.#QNAN", "#NV", "#¡VALOR!", "(null)"),
    *("", " ", "NA", "N/A", "none", "-", "\u2003x\u2003", "\x1fx", "İ", "K"),
)
texts = st.one_of(
    st.sampled_from((*NUMBER_CELLS, *SEVERAL, *DATES, *WORDS)),
    st.text(max_size=12),
    st.from_regex(r"[-+(]?[0-9]{1,4}[.,/: -]?[0-9]{0,4}[.,/: -]?[0-9]{0,4}[ %$)]?", fullmatch=True),
    st.from_regex(
        r"[(]?-?[0-9]{1,3}[.,]?[0-9]{0,2} ?[-/x,~] ?[0-9.]{1,4} ?(cm|kg|%|[)])?", fullmatch=True
    ),
    st.floats().map(str),
    st.datetimes().map(str),
    st.dates().map(lambda day: day.strftime("%d.%m.%Y")),
)


def of_column(column: Column, cells: Sequence[object], points: bool) -> list[Value]:
    """What a column of cells says, read all at once."""
    values = pa.chunked_array([of_cells(cells)])
    found = typed_column(column, values, points)
    if column.kind == DATE:
        # `to_pydatetime` would round what pandas cannot hold.
        return [None if pd.isna(one) else one for one in found.to_numpy().astype(object)]
    if column.kind in (NUMBER, DURATION):
        return [float(one) for one in found]
    present = [None if pd.isna(one) else one for one in found]
    if column.kind == NUMBERS:
        return [one and tuple(map(float, one.split())) for one in present]
    return present


def as_trained(column: Column, value: Value) -> Value:
    """In the precision in which models learn."""
    if column.kind == NUMBER and not column.wide:
        with np.errstate(over="ignore"):
            return float(np.float32(value))  # type: ignore[arg-type]
    return value


def same(one: Value, other: Value) -> bool:
    if isinstance(one, float) and isinstance(other, float) and math.isnan(one):
        return math.isnan(other)
    return one == other and isinstance(one, datetime) == isinstance(other, datetime)


@settings(max_examples=400)
@given(columns, st.lists(texts, min_size=1, max_size=6), st.booleans())
@example(Column("x", NUMBER, offset=2**53 + 1, wide=True), ["9007199254740993"], False)
@example(Column("x", NUMBER, truths=True), ["yes", "1", "2", ""], False)
@example(Column("x", NUMBER, STYLES[-1]), ["5-15 kg", "500 g - 1 kg", "under 5"], False)
@example(Column("x", NUMBERS, gaps=GAPS[0], marks=("", "0/0")), ["126 / 83", "0/0", "NA"], False)
def test_a_cell_means_the_same_alone_and_in_its_column(
    column: Column, cells: list[str], points: bool
) -> None:
    alone = [as_trained(column, column.value_of(cell, points)) for cell in cells]
    together = of_column(column, cells, points)
    assert all(map(same, alone, together)), (alone, together)
    if column.kind != TEXT:
        stripped = pa.chunked_array([pa.array([cell.strip() for cell in cells], pa.string())])
        missing = means_missing(column, stripped).tolist()
        assert [column.means_missing(cell) for cell in cells] == missing


stored = st.one_of(st.integers(-(2**62), 2**62), st.floats(), st.sampled_from([0.0, -999.0, 1.5]))


@given(columns.filter(lambda c: c.kind in (NUMBER, DURATION)), stored)
def test_a_stored_number_means_the_same_alone_and_in_its_column(
    column: Column, number: float
) -> None:
    (together,) = of_column(column, [number], False)
    assert same(as_trained(column, column.value_of_number(number)), together)
