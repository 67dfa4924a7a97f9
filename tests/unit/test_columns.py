"""What columns hold, from how people write it, and that every cell is read for itself alone."""

import datetime
import json
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.date_order import DATE_ORDERS
from contract.missing import ALWAYS_MISSING, PERHAPS_MISSING
from model_code import number_style as deciding
from model_code.cells import marked, of_cells
from model_code.column_decisions import (
    DEFAULT,
    FEW_CATEGORIES,
    Context,
    decide_and_type,
    decide_column,
    looks_like_id,
)
from model_code.columns import means_missing, typed, typed_column
from model_code.dates import as_dates
from model_code.durations import as_seconds
from model_code.number_style import number_style
from model_code.numbers import as_numbers
from model_code.preprocessor import Preprocessor
from reading.column import (
    CATEGORY,
    DATE,
    DURATION,
    NUMBER,
    NUMBERS,
    TEXT,
    Column,
    column_from_json,
)
from reading.csv_head import Expected
from reading.dates import parse_date
from reading.durations import parse_duration
from reading.numbers import NumberStyle, parse_number
from reading.truth import FALSE, TRUE

COMMA = Context(decimal=",", decimal_in_doubt=True)


def chunked(values: Sequence[object]) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(values)])


def read(cells: Sequence[object], context: Context = DEFAULT) -> list[float]:
    values = chunked(cells)
    column = decide_column("x", values, context)
    assert column.kind == NUMBER
    return [float(number) + column.offset for number in typed_column(column, values)]


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        (["1.5", "2", "-3e2"], [1.5, 2, -300]),
        (["1,234.5", "12", "1,000,000"], [1234.5, 12, 1_000_000]),
        (["1.234,5", "12,25", "7"], [1234.5, 12.25, 7]),
        (["9,2873", "3,1"], [9.2873, 3.1]),
        (["80,656", "77,858"], [80_656, 77_858]),
        (["1 234,5", "12"], [1234.5, 12]),
        (["1'234.50", "0.5"], [1234.5, 0.5]),
        (["5%", "12.5 %"], [0.05, 0.125]),
        (["$1,200", "$7"], [1200, 7]),
        (["₹1,23,456", "₹93"], [123_456, 93]),
        (["R$ 466,01", "R$ 1.297,44"], [466.01, 1297.44]),
        (["50,000원", "1,200원"], [50_000, 1200]),
        (["(5.5)", "6"], [-5.5, 6]),
        (["1.030,81-", "507,47-"], [-1030.81, -507.47]),
        (["NT$ 30", "NT$ 1,000"], [30, 1000]),
        (["CHF 1'000.00", "CHF 5.50"], [1000, 5.5]),
        (["１２", "３．５"], [12, 3.5]),
        (["٣٤", "٥"], [34, 5]),
        (["+5", "−5"], [5, -5]),
        (["1.200,-", "12,50 €"], [1200, 12.5]),
        (["₹ 1,23,456/-", "₹ 93/-"], [123_456, 93]),
        (["$(748)", "($ 7.50)"], [-748, -7.5]),
        (["7,915E+04", "1,5E-01"], [79_150, 0.15]),
        (["0x1F", "0x0a"], [31, 10]),
        (['="10.10"', "'7.5"], [10.1, 7.5]),
        (["~12", "ca. 5"], [12, 5]),
        (["12.5*", "3 †"], [12.5, 3]),
        (["12 kg", "3.5kg", "7 KG", "500 g", "4"], [12, 3.5, 7, 0.5, 4]),
        (["1,248 CC", "998 cc"], [1248, 998]),
        (["12,5 °C", "-3,0 °C"], [12.5, -3]),
        (["120 m²", "45.5 m²"], [120, 45.5]),
        (["$9.99/mo", "$5/mo"], [9.99, 5]),
        (["1.5k", "900", "2.5M", "3k"], [1500, 900, 2_500_000, 3000]),
        (["€110.5M", "€77K"], [110_500_000, 77_000]),
        (["£1.5m", "£250k"], [1_500_000, 250_000]),
        (["3억 5,000만원", "8,000만원"], [350_000_000, 80_000_000]),
        (["1.5 Cr", "80 Lakh"], [15_000_000, 8_000_000]),
        (["5'11\"", "6' 2\"", "5’ 8”"], [5 + 11 / 12, 6 + 2 / 12, 5 + 8 / 12]),
        (["1,200.00 CR", "300.00 DR"], [1200, -300]),
        (["7 3/4", "1/2", "-3 1/8", "5"], [7.75, 0.5, -3.125, 5]),
        (["½", "1½", "2 ¼", "3"], [0.5, 1.5, 2.25, 3]),
        (['3 1/2"', '4"', '1/4"', "1' 2 1/2\""], [3.5, 4, 0.25, 14.5]),
        (["“12.5”", "„7,5“", "‘3’", "«4»", '"5"', "6"], [12.5, 7.5, 3, 4, 5, 6]),
        (["#23", "# 7", "No. 5", "Nr. 6", "№ 8", "n° 9"], [23, 7, 5, 6, 8, 9]),
        (["1.5x10^3", "2 × 10⁻²", "1.5D+03"], [1500, 0.02, 1500]),
        (["1m80", "2 m", "1m05"], [1.8, 2, 1.05]),
    ],
)
def test_numbers_are_read_as_they_are_written(cells: list[str], numbers: list[float]) -> None:
    assert read(cells) == pytest.approx(numbers, rel=1e-6)


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["3/5", "4/5", "1/5"] * 10, CATEGORY),
        (["1/2", "3/4"] * 10, CATEGORY),
        (["126/83", "140/90", "117/76"] * 10, CATEGORY),
        ([*["3/5", "4/5"] * 30, "3 1/2"], CATEGORY),
        (["1/2/2020", "3/14/2020"] * 10, DATE),
        (["7 3/4/2020", "x"], CATEGORY),
    ],
)
def test_dates_scores_and_pairs_are_no_fractions(cells: list[str], kind: str) -> None:
    assert decide_column("x", chunked(cells)).kind == kind


def ranges(width: str, bounds: Sequence[str] = ()) -> list[str]:
    """More than people know by their names."""
    return [*(width.format(n, n + 10) for n in range(5, 20)), *bounds]


@pytest.mark.parametrize(
    ("cells", "middle"),
    [
        (ranges("{}-{}"), 10),
        (ranges("{} – {} kg"), 10),
        (ranges("{}~{}"), 10),
        (ranges("{} to {} years", ["under 5 years", "65 and over"]), 10),
        (ranges("${}K-${}K (Glassdoor est.)", ["$50K"]), 10_000),
        (ranges("€{}-{}k", ["mehr als 50k", "100k+"]), 10_000),
        (ranges("{},000 to {},999"), 10_499.5),
        (ranges("{}-{}", ["30 이상", "4 or less", "<3"]), 10),
    ],
)
def test_a_range_is_its_middle_where_ranges_are_many(cells: list[str], middle: float) -> None:
    found = read(cells)
    assert found[0] == pytest.approx(middle)
    assert np.isfinite(found).all()
    assert decide_column("x", chunked(cells[:FEW_CATEGORIES] * 5)).kind == CATEGORY


@pytest.mark.parametrize(
    "cells",
    [
        [f"{n % 7}-{n % 5}" for n in range(40)],
        [f"{n}-{100 + n * 7}" for n in range(10, 60)],
        [f"{n:02}-{n + 5:02}" for n in range(1, 40)],
        [f"555-{1000 + n * 37}" for n in range(40)],
        [f"{1980 + n}-{(81 + n) % 100:02}" for n in range(40)],
        [f"ab {n}" for n in range(40)],
        [f"10.0.{n}.{n + 1}" for n in range(40)],
        [f"{n}:00-{n + 2}:00" for n in range(8, 22)],
    ],
)
def test_scores_codes_and_seasons_are_no_ranges(cells: list[str]) -> None:
    assert decide_column("x", chunked(cells)).kind == CATEGORY


SEVERAL = {
    "{}/{}": ["126/83", "126 / 83"],
    "{} x {} cm": ["126x83 cm", "126×83cm", "126 * 83 CM"],
    "{}, {}": ["126.0,83.0"],
    "({}.5, -{}.25)": ["(126.5,-83.25)"],
    "POINT ({} {})": ["POINT(126 83)"],
    "{}.5 ± {}": ["126.5±83", "126.5 ± 83.0"],
    "{} ({})": ["126(83)"],
    "{}.5 [{}.1-{}.9]": ["126.5 [83.1 - 126.9]"],
    '{}" x {}"': ["126″ × 83″"],
    "{} out of {}": ["126 Out Of 83"],
}


@pytest.mark.parametrize("shape", SEVERAL)
def test_several_numbers_of_a_cell_are_features_of_their_own(shape: str) -> None:
    cells = [shape.format(n, n % 9, n) for n in range(30)]
    column = decide_column("x", chunked(cells))
    assert column.kind == NUMBERS
    first = features(column, cells)
    assert first.iloc[:, 0].abs().astype(int).tolist() == list(range(30))
    assert first.iloc[:, 1].abs().astype(int).tolist() == [n % 9 for n in range(30)]
    later = features(column, [shape.format(126, 83, 126), *SEVERAL[shape], "126", "", "x"])
    same = len(SEVERAL[shape]) + 1
    assert (later[:same] == later.iloc[0]).all(axis=None)
    assert later[same:].isna().all(axis=None)


def features(column: Column, cells: Sequence[str]) -> pd.DataFrame:
    preprocessor = Preprocessor("y", [column], Expected((column.name,)), [])
    return preprocessor.features(pa.table({column.name: list(cells)}))


def test_several_numbers_in_other_units_are_not_read() -> None:
    column = decide_column("x", chunked([f"{n} x {n + 1} cm" for n in range(30)]))
    others = chunked(["3 x 4 mm", "3 x 4", "3/4", "3 x 4 x 5 cm"])
    assert typed_column(column, others).isna().all()
    mixed = chunked([f"{n} x {n + 1} {'cm' if n % 2 else 'mm'}" for n in range(30)])
    assert decide_column("x", mixed).kind == CATEGORY


def test_a_mark_of_missing_values_is_missing_among_several_numbers() -> None:
    cells = ["0/0", *(f"{n}/{n + 1}" for n in range(30))]
    context = Context(missing_values=("0/0",))
    column, values = decide_and_type("x", chunked(cells), context)
    assert column.kind == NUMBERS
    assert values.isna().tolist() == [True] + [False] * 30
    assert means_missing(column, chunked(["0/0", "1/0"])).tolist() == [True, False]


def test_quotes_around_cells_change_nothing() -> None:
    for cells in (["2024-01-31", "2023-12-01"], ["11:00", "12:30"], ["yes", "no"], ["1.5", "2"]):
        plain = decide_column("x", chunked(cells))
        for left, right in ("“”", "‘’", "„“", '""', "''", "«»"):
            quoted = chunked([f"{left}{cell}{right}" for cell in cells])
            assert list(typed_column(decide_column("x", quoted), quoted)) == list(
                typed_column(plain, chunked(cells))
            )


def test_a_cell_in_a_unit_that_the_column_does_not_know_is_not_read() -> None:
    kilos = decide_column("x", chunked([f"{n} kg" for n in range(30)]))
    found = typed_column(kilos, chunked(["2 kg", "3", "500 g", "5 km", "6 miles"]))
    assert found.tolist()[:3] == pytest.approx([2, 3, 0.5])
    assert found.isna().tolist() == [False] * 3 + [True] * 2
    # Of two units that nothing converts, neither is the column's.
    both = chunked([f"{n} {'bhp' if n % 2 else 'Nm'}" for n in range(30)])
    assert decide_column("x", both).kind == CATEGORY


def test_what_is_below_or_above_a_bound_is_beside_it() -> None:
    cells = ["<5", "5", "7.5", "100", ">100", "100+"]
    found = read(cells)
    assert found == pytest.approx([5, 5, 7.5, 100, 100, 100], rel=1e-5)
    assert found[0] < found[1]
    assert found[3] < min(found[4], found[5])
    assert read(["10+ years", "3 years", "< 1 year"]) == pytest.approx([10, 3, 1], rel=1e-5)


@pytest.mark.parametrize(
    ("cells", "other", "later", "share"),
    [
        (["12%", "5%"], (), ["8"], None),
        (["12%", "5%"], (), ["0.08"], 0.08),
        (["12%", "5%", "9"], (), ["8"], 0.08),
        (["12%", "5%", "0.09"], (), ["0.5"], 0.5),
        (["12%", "5%"], ("9", "7.5"), ["8"], 0.08),
        (["12%", "5%"], ("0.09", "0.075"), ["0.5"], 0.5),
        (["120%", "5%"], (), ["1.5"], 1.5),
    ],
)
def test_a_number_among_percentages_is_a_share_or_a_percentage_or_not_read(
    cells: list[str], other: tuple[str, ...], later: list[str], share: float | None
) -> None:
    column = decide_column("x", chunked(cells), Context(others=lambda name: other))
    for values in (chunked(later), chunked([*later, "1%"]), chunked(list(map(float, later)))):
        found = typed_column(column, values)[0]
        assert np.isnan(found) if share is None else found == pytest.approx(share)


@pytest.mark.parametrize("word", ["TBD", "(blank)", "keine Angabe", "//", "*", "보류"])
def test_a_few_words_among_many_numbers_are_missing(word: str) -> None:
    cells = [f"{n}.5" for n in range(40)] + [word] * 10
    column = decide_column("x", chunked(cells))
    assert (column.kind, typed_column(column, chunked(cells)).isna().sum()) == (NUMBER, 10)
    named = Context(missing_values=("?",))
    assert decide_column("x", chunked(cells), named).kind == CATEGORY
    codes = [str(n) for n in range(5)] * 8 + [word] * 10
    assert decide_column("x", chunked(codes)).kind == CATEGORY
    mixed = [str(n) for n in range(40)] + [f"{word}{n}" for n in range(10)]
    assert decide_column("x", chunked(mixed)).kind == CATEGORY


def test_what_a_mark_before_three_digits_means_is_decided_by_column_and_file() -> None:
    assert read(["1,234", "5,678"], COMMA) == pytest.approx([1.234, 5.678])
    assert read(["1,234", "5,678"]) == [1234, 5678]
    assert read(["12.345", "987", "3.112"], COMMA) == [12_345, 987, 3112]
    assert read(["12.345", "987", "3.11"], COMMA) == pytest.approx([12.345, 987, 3.11])
    assert decide_column("x", chunked(["1,234", "5,678"]), COMMA).in_doubt
    assert not decide_column("x", chunked(["1,234", "5,6"]), COMMA).in_doubt


@pytest.mark.parametrize(
    "style",
    [
        NumberStyle("."),
        NumberStyle(","),
        NumberStyle(",", points=True),
        NumberStyle(".", signs=("$", "%")),
        NumberStyle(",", signs=("€", "%")),
        NumberStyle(",", signs=("€", "%"), bare="percent"),
        NumberStyle(".", unit="kg", units=(("kg", 1.0), ("", 1.0), ("g", 0.001))),
        NumberStyle(",", unit="k", units=(("k", 1e3), ("", 1.0))),
    ],
)
@given(text=st.text("0123456789.,-+ %()eE$€ \xa0'１<kg*", max_size=12))
def test_a_cell_is_the_same_number_alone_and_in_any_column(style: NumberStyle, text: str) -> None:
    alone = parse_number(text.strip(), style)
    for others in ([], ["word"], ["1.5", "2"], ["1,234.5"]):
        found = as_numbers(chunked([text, *others]), style)[0]
        assert np.array_equal(found, alone, equal_nan=True)


@pytest.mark.parametrize("order", DATE_ORDERS)
@given(text=st.text("0123456789-/.: TZ+년월APM", max_size=22))
def test_a_cell_is_the_same_date_alone_and_in_any_column(order: str, text: str) -> None:
    assert order in DATE_ORDERS
    alone = parse_date(text.strip(), order)
    for others in ([], ["2021-03-04T05:06:07+02:00"], ["31.12.2020", "x"]):
        found = as_dates(chunked([*others, text]), order).iloc[-1]
        assert (found is pd.NaT and alone is None) or found == alone


@given(text=st.text("0123456789:. dhmPTays-", max_size=16))
def test_a_cell_is_the_same_time_alone_and_in_any_column(text: str) -> None:
    found = as_seconds(chunked(["11:00", text]))[1]
    assert np.array_equal(found, parse_duration(text.strip()), equal_nan=True)


def test_a_zone_moves_its_own_date_alone() -> None:
    cells = ["2021-03-04T05:06:07+02:00", "2021-04-19 09:53:01", "2021-03-04T05:06:07Z"]
    assert list(as_dates(chunked(cells), "month_first")) == [
        pd.Timestamp("2021-03-04 03:06:07"),
        pd.Timestamp("2021-04-19 09:53:01"),
        pd.Timestamp("2021-03-04 05:06:07"),
    ]


@pytest.mark.parametrize("odd", ["inf", "-inf", "1e400", "nan", "⑤", "5²", "1.2.3"])
def test_what_is_no_finite_number_is_missing_whatever_stands_beside_it(odd: str) -> None:
    for others in (["1", "2"], ["1,5", "x"]):
        assert np.isnan(as_numbers(chunked([odd, *others]), NumberStyle())[0])


@pytest.mark.parametrize("mark", [mark for mark in (*ALWAYS_MISSING, *PERHAPS_MISSING) if mark])
def test_a_tenth_of_marks_leaves_a_column_of_numbers_or_dates_what_it_is(mark: str) -> None:
    numbers = [str(n) for n in range(90)] + [mark.upper()] * 10
    column = decide_column("x", chunked(numbers))
    assert column.kind == NUMBER
    assert typed_column(column, chunked(numbers)).isna().sum() == 10
    dates = [f"2024-01-{1 + n % 28:02}" for n in range(90)] + [mark] * 10
    assert decide_column("x", chunked(dates)).kind == DATE


def test_among_words_a_mark_is_a_category_unless_the_settings_say_otherwise() -> None:
    cells = chunked(["red", "blue", "None", "NA", ""] * 10)
    assert set(typed_column(decide_column("x", cells), cells).dropna()) == {"red", "blue", "None"}
    chosen = Context(missing_values=("None",))
    assert set(typed_column(decide_column("x", cells, chosen), cells).dropna()) == {
        "red",
        "blue",
        "NA",
    }


def test_booleans_match_in_every_spelling() -> None:
    column = decide_column("x", chunked([True, False, None] * 10).cast(pa.string()))
    assert column.truths
    for words, value in ((TRUE, 1.0), (FALSE, 0.0)):
        cells = chunked([spelt for word in words for spelt in (word, word.upper())])
        assert typed_column(column, cells).tolist() == [value] * len(cells)
    counts = chunked(["0", "1"] * 10)
    assert typed_column(decide_column("n", counts), chunked(["True", "no", "3"])).tolist() == [
        1,
        0,
        3,
    ]
    words = chunked(["yes", "no", "maybe"] * 10)
    assert decide_column("x", words).kind == CATEGORY


@pytest.mark.parametrize(
    ("cells", "seconds"),
    [
        (["11:00", "23:59"], [39_600, 86_340]),
        (["1:02:03", "49:00:00"], [3723, 176_400]),
        (["PT1H", "PT90S"], [3600, 90]),
        (["0 days 02:19:43", "1 days 00:00:00"], [8383, 86_400]),
        (["3:05 PM", "12:10 AM"], [54_300, 600]),
        (["1 h 2 min", "90 min"], [3720, 5400]),
        (["1h30", "2h05"], [5400, 7500]),
        (["1,5 Std.", "2 Stunden 5 Minuten"], [5400, 7500]),
        (["15:04 Uhr", "T15:04"], [54_240, 54_240]),
        (["오후 3시 4분", "3시"], [54_240, 10_800]),
        (["350 ms", "1:02.5"], [0.35, 62.5]),
        (["2 ч 5 мин", "1 час", "3 минуты"], [7500, 3600, 180]),
        (["2 saat 5 dk", "2 godz. 5 min", "2 ore 5 minuti", "2 uur"], [7500, 7500, 7500, 7200]),
        (["1 год", "2 года", "5 лет"], [31_557_600, 63_115_200, 157_788_000]),
        # Beside a duration of hours, these are minutes.
        (["1:02:03", "40:05", "4:05"], [3723, 2405, 245]),
        # Loans, which typed files tell in hours.
        (["36 months", "26298:00:00"], [94_672_800, 94_672_800]),
        # Hours, as a spreadsheet reads them.
        (["1:02:03", "23:05"], [3723, 83_100]),
        (["38:30", "40:00"], [138_600, 144_000]),
    ],
)
def test_times_and_durations_become_seconds(cells: list[str], seconds: list[float]) -> None:
    column = decide_column("x", chunked(cells))
    assert column.kind == DURATION
    assert typed_column(column, chunked(cells)).tolist() == pytest.approx(seconds)


@pytest.mark.parametrize(
    "cells",
    [
        ["2024-01-31", "2023-12-01"],
        ["2024-01-31 10:20", "2023-12-01 00:00"],
        ["2024-01-31", "2023-12-01 10:20"],
        ["31.01.2024", "1.12.2023"],
        ["01/31/2024", "12/01/2023"],
        ["01/31/2024 12:02:53 AM", "12/01/2023 08:12:10 PM"],
        ["2024년 1월 31일", "2023년 12월 1일"],
        ["2024. 1. 31.", "2023. 12. 1."],
        ["2024-01-31 오후 3:05", "2023-12-01 오전 11:00"],
        ["Jan 31, 2024", "Dec 01, 2023"],
        ["31-Jan-24", "01-Dec-23"],
        ["31 January 2024 10:00 UTC", "1 December 2023"],
        ["2024-01-31T10:20:30Z", "2023-12-01T00:00:00Z"],
        ["20240131", "20231201"],
        ["9999-12-31", "2024-01-31", "2023-12-01"],
        ["31/Jan/2024:10:20:30 +0000", "[01/Dec/2023:00:00:00 +0000]"],
        ["Wed Jan 31 10:20:30 2024", "Fri Dec  1 10:20:30 2023"],
        ["Wed Jan 31 2024 10:20:30 GMT+0000 (Coordinated Universal Time)", "Dec 1, 2023"],
        ["10:20 31/01/2024", "10:20 01/12/2023"],
        ["2024년 1월 31일 (수) 오후 3시 5분", "2023年12月1日 星期五"],
        ["113/01/31", "民國112年12月1日"],
        ["31 января 2024 г.", "1 Aralık 2023"],
        ["mercredi 31 janvier 2024", "1er décembre 2023"],
        ["31.1.24", *(f"{day}.{1 + day % 12}.24" for day in range(1, 30)), "31.1.24", "1.12.23"],
        ["20240131T102030Z", "20231201_102030"],
        ["2024", "2023-12", "2024-01-31", "2023-12-01"],
        ["45322.25", "2024-01-31 10:20", "1701388800"],
        ["31st of January 2024", "1 de diciembre del 2023"],
        ["31. tammikuuta 2024", "1. joulukuuta 2023 klo 10.20"],
        ["31 ianuarie 2024", "1 decembrie 2023"],
        ["31 Ιανουαρίου 2024", "1 Δεκεμβρίου 2023"],
        ["31 січня 2024", "1 грудня 2023"],
        ["31 يناير 2024", "1 ديسمبر 2023"],
        ["31 ינואר 2024", "1 דצמבר 2023"],
        ["2024. január 31.", "2023. december 1."],
        ["Ngày 31 tháng 1 năm 2024", "1 tháng 12, 2023"],
        ["113年1月31日", "112年12月1日"],
        ["令和元年5月1日", "R6.1.31", "R5.12.1"],
    ],
)
def test_dates_are_read_as_they_are_written(cells: list[str]) -> None:
    column = decide_column("day", chunked(cells))
    assert column.kind == DATE
    found = [day.date() for day in typed_column(column, chunked(cells))]
    assert found[-2:] == [datetime.date(2024, 1, 31), datetime.date(2023, 12, 1)]


def test_days_without_a_year_are_days_of_one_year() -> None:
    for cells in (
        ["5-Jan", "29 Feb", "31 Dez"],
        ["Jan  5 10:20:30", "Feb 29 00:00", "Dec 31 1:02"],
    ):
        column = decide_column("day", chunked(cells))
        assert column.kind == DATE
        found = [(day.month, day.day) for day in typed_column(column, chunked(cells))]
        assert found == [(1, 5), (2, 29), (12, 31)]
    assert decide_column("n", chunked([f"{n} set" for n in range(1, 20)])).kind == NUMBER
    assert decide_column("gene", chunked(["1-Mar", "2-Mar", "7-Sep"] * 9)).kind != DATE


@pytest.mark.parametrize(
    ("cells", "order", "doubtful"),
    [
        (["03/04/2024", "05/06/2024"], "month_first", True),
        (["03/04/24 10:20", "05/06/24 00:00"], "month_first", True),
        (["03-04-2024", "05-06-2024"], "day_first", True),
        (["03/04/2024", "05/25/2024"], "month_first", False),
        (["03/04/2024", "25/05/2024"], "day_first", False),
        # The same day either way.
        (["03/03/2024", "04/04/2024"], "month_first", False),
        (["03.04.2024", "05.06.2024"], "day_first", False),
        (["23.01.31", "24.05.11", "24.12.01", "23.07.07"], "year_first", True),
        (["23.01.31", "24.05.11", "24.12.45", "23.07.07"], "day_first", False),
        # The first days of months.
        ([f"01/{n:02}/2024" for n in range(1, 13)], "day_first", True),
    ],
)
def test_the_order_of_day_and_month_is_settled_by_all_cells_or_told(
    cells: list[str], order: str, doubtful: bool
) -> None:
    column = decide_column("day", chunked([*cells, "", None]))
    assert (column.kind, column.order, column.in_doubt) == (DATE, order, doubtful)
    assert column.ordered


def test_the_other_file_or_a_setting_settles_the_order_of_day_and_month() -> None:
    cells = chunked(["03/04/2024", "05/06/2024"])
    other = Context(others=lambda name: ["25/12/2023"] if name == "day" else [])
    asked = Context(date_order="day_first")
    for context in (other, asked):
        column = decide_column("day", cells, context)
        assert (column.order, column.in_doubt) == ("day_first", False)


def test_iso_dates_are_understood_beside_the_order_of_a_column() -> None:
    column = decide_column("day", chunked(["31.12.2023", "1.2.2024"]))
    assert typed_column(column, chunked(["2024-02-03", "3.2.2024"])).nunique() == 1


@pytest.mark.parametrize(
    "cells",
    [["1.10.12", "2.4.11", "1.9.3"], ["1.2.3", "1.2.4"], ["10.0.0.1", "10.0.0.2"], ["5/7", "6/7"]],
)
def test_version_numbers_and_the_like_are_no_dates(cells: list[str]) -> None:
    assert decide_column("x", chunked(cells * 5)).kind == CATEGORY


def test_days_written_as_numbers_are_dates() -> None:
    for cells in ([20240131, 20231201], ["20240131", "20231201"]):
        assert decide_column("day", chunked(cells)).kind == DATE
    months = [f"{2015 + n // 12}{1 + n % 12:02}" for n in range(30)]
    for cells in (months, [f"{month[:4]}.{month[4:]}" for month in months]):
        found = decide_column("n", chunked(cells))
        assert found.kind == DATE
        assert list(typed_column(found, chunked(cells))) == list(
            pd.date_range("2015-01", periods=30, freq="MS")
        )
    days = pd.date_range("2023-12-25", periods=30)
    for cells in ([f"{day:%y%m%d}" for day in days], [f"{day:%Y%m%d0000}" for day in days]):
        assert list(typed_column(decide_column("n", chunked(cells)), chunked(cells))) == list(days)
    # An employee number is none.
    assert decide_column("n", chunked([20240199, 20231377])).kind == NUMBER


@pytest.mark.parametrize("unit", [1, 1000, 1_000_000, 1_000_000_000])
@pytest.mark.parametrize("stored", [True, False])
# In milliseconds, the latter begins like the 8th of November 9467.
@pytest.mark.parametrize("first", ["2024-01-01", "2000-01-01 07:18"])
def test_unix_times_are_dates_where_the_column_is_called_so(
    unit: int, stored: bool, first: str
) -> None:
    days = pd.date_range(first, periods=30, freq="17h")
    seconds = [int(day.timestamp()) * unit for day in days]
    cells = chunked(seconds if stored else list(map(str, seconds)))
    column = decide_column("createdAt", cells)
    assert list(typed_column(column, cells)) == list(days)
    assert decide_column("account", cells).kind == NUMBER


def test_days_of_spreadsheets_are_dates_where_the_column_is_called_so() -> None:
    cells = chunked([45_322.0, 45_323.25])
    assert list(typed_column(decide_column("Order Date", cells), cells)) == [
        pd.Timestamp("2024-01-31"),
        pd.Timestamp("2024-02-01 06:00"),
    ]
    assert decide_column("salary", cells).kind == NUMBER


def test_words_that_repeat_are_a_category_and_sentences_are_text() -> None:
    words = chunked(["red", "green", "blue"] * 20)
    assert decide_column("color", words).kind == CATEGORY
    sentences = chunked([f"it is number {n} of the nice reviews" for n in range(50)])
    assert decide_column("review", sentences).kind == TEXT
    korean = chunked([f"정말 재미있는 영화 {n} 번째 봤어요" for n in range(50)])
    assert decide_column("review", korean).kind == TEXT


@pytest.mark.parametrize("other", ["BUSAN", " busan ", "bu\u200bsan", "Ｂｕｓａｎ", "Busan"])
def test_a_category_is_known_in_another_spelling(other: str) -> None:
    column = decide_column("city", chunked(["Busan", "Seoul"] * 10))
    assert typed_column(column, chunked([other])).tolist() == ["Busan"]


def test_two_categories_that_differ_in_case_stay_two() -> None:
    cells = chunked(["US", "us", "Us"] * 10)
    column = decide_column("x", cells)
    assert typed_column(column, cells).nunique() == 3
    assert typed_column(column, chunked(["uS"])).tolist() == ["uS"]


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
        ("AMOUNT_PAID", [n * 7919 % 100_003 for n in range(100)], False),
        ("price_index", [n * 7919 % 100_003 for n in range(100)], False),
        ("Customer No", [10_000 + n * 37 % 1009 for n in range(200)], True),
        ("BID", [n * 7919 % 100_003 for n in range(100)], False),
        ("CUSTOMERID", [10_000 + n * 37 % 1009 for n in range(200)], True),
        ("Year", list(range(1800, 1900)), False),
    ],
)
def test_what_only_numbers_or_names_the_rows_is_an_id(
    name: str, values: list[object], is_id: bool
) -> None:
    cells = chunked(values)
    column, numbers = decide_and_type(name, cells)
    assert looks_like_id(column, name, cells, numbers) == is_id


@pytest.mark.parametrize(
    "cells",
    [
        ["1.5", "", "3.0"],
        ["31.12.2023", "1.2.2024"],
        ["1.234,5", "2"],
        ["yes", "no"],
        ["11:00", "12:00"],
        ["a", "b", "a"],
        ["2460000.63936", "2460001.48259"],
        [f"{n} x {n + 5} cm" for n in range(20)],
        [f"{n}-{n + 5}" for n in range(20)],
        [str(10**20 + n * n) for n in range(20)],
    ],
)
def test_a_column_comes_back_from_json_as_it_was(cells: list[str]) -> None:
    column = decide_column("x", chunked(cells))
    again = column_from_json(json.loads(json.dumps(column.to_json())))
    assert again == column
    pd.testing.assert_series_equal(
        typed_column(again, chunked(cells)), typed_column(column, chunked(cells))
    )


@pytest.mark.parametrize(
    "numbers",
    [
        [16_777_217, 33_554_433, 5],
        [9_007_199_254_741_073, 9_007_199_254_741_049, 9_007_199_254_741_020],
        [1_700_001_968_084, 1_700_001_968_085, 1_700_001_968_090],
    ],
)
def test_whole_numbers_that_floats_would_round_stay_apart(numbers: list[int]) -> None:
    for cells in (chunked(numbers), chunked(list(map(str, numbers)))):
        column = decide_column("x", cells)
        steps = np.diff(typed_column(column, cells).to_numpy(np.float64))
        assert steps.tolist() == np.diff(numbers).tolist()


def test_days_of_astronomers_keep_their_fractions_as_float32() -> None:
    cells = chunked(["2460000.63936", "2460001.48259", "2460001.4609"])
    found = typed_column(decide_column("jd", cells), cells).to_numpy(np.float32)
    assert np.diff(found) == pytest.approx([0.84323, -0.02169], abs=1e-5)


def test_points_part_decimals_in_a_file_that_is_separated_by_commas() -> None:
    column = decide_column("x", chunked(["1,875", "12,25", "1.234,5"]), COMMA)
    table = pa.table({"x": ["1.875", "1.234,5", "1,875", "1.234.567"]})
    read = {mark: typed([column], marked(table, mark))["x"].tolist() for mark in ",;"}
    assert read[","] == pytest.approx([1.875, 1234.5, 1.875, 1_234_567])
    assert read[";"] == pytest.approx([1875, 1234.5, 1.875, 1_234_567])


def test_a_stored_number_stays_what_it_is_whatever_the_style_of_its_column() -> None:
    column = decide_column("x", chunked(["1.234,5", "12,25", "7,125"]), COMMA)
    stored = pa.chunked_array([of_cells([12.345, "12.345", 1234, None])])
    assert typed_column(column, stored).tolist()[:3] == pytest.approx([12.345, 12_345, 1234])
    percent: Column = decide_column("x", chunked(["12%", "5%"]))
    assert typed_column(percent, pa.chunked_array([of_cells([0.12])])).tolist() == pytest.approx(
        [0.12]
    )


@pytest.mark.parametrize(
    ("mark", "cells", "other"),
    [
        ("-999", [str(n) for n in range(30)], "-999.0"),
        ("-999", [f"{n},5 €" for n in range(30)], "-999,00 €"),
        ("99999", [f"{n}.25" for n in range(30)], "99999.00"),
        ("16777217", [str(16_777_000 + n) for n in range(30)], "16777217.0"),
        ("1900-01-01", [f"2024-01-{n:02}" for n in range(1, 31)], "1900-01-01 00:00"),
        ("0:00", [f"{n}:30" for n in range(1, 24)], "0:00:00"),
    ],
)
def test_a_mark_that_is_a_value_is_missing_in_every_spelling_where_the_settings_name_it(
    mark: str, cells: list[str], other: str
) -> None:
    values = chunked([*cells, mark, other])
    kept = typed_column(decide_column("x", values), values)
    assert not kept.isna().any()
    column = decide_column("x", values, Context(missing_values=(mark,)))
    again = column_from_json(json.loads(json.dumps(column.to_json())))
    for found in (typed_column(column, values), typed_column(again, values)):
        assert found.isna().tolist() == [False] * len(cells) + [True, True]
    assert means_missing(column, values).tolist() == found.isna().tolist()


@pytest.mark.parametrize("stored", [[-999, 1, 2] * 10, [-999.0, 1.5, 2.0] * 10])
def test_a_stored_number_is_missing_where_the_settings_name_it(stored: list[float]) -> None:
    values = chunked(stored)
    found = typed_column(decide_column("x", values, Context(missing_values=("-999",))), values)
    assert found.isna().sum() == 10


def test_a_column_of_words_is_known_after_few_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    parse = parse_number

    def count(text: str, style: NumberStyle) -> float:
        read.append(text)
        return parse(text, style)

    monkeypatch.setattr(deciding, "parse_number", count)
    words = {f"level {n} of 7": 1 for n in range(1000)}
    assert number_style(words) is None
    assert len(read) < len(words) / 10
