"""One table, written in any spelling, kind of file and encoding, is read as the same values."""

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import check_reading as job_checks
from check_reading import check_reading
from choose_columns import context_of
from failure import TrainingError
from model_code.column_decisions import decide_and_type
from model_code.columns import typed, typed_column
from model_code.tables import Table, chunks, look_at, read_table
from problem import decide_problem, reading_of
from reading.column import CATEGORY, NUMBER, NUMBERS, Column
from reading.csv_head import expected_like
from tests.effort import examples
from tests.job_specs import job_spec
from tests.messages import raises
from tests.workbooks import workbook

ROWS = 40
Spelling = Callable[[Any], Any]


def grouped(group: str, decimal: str) -> Spelling:
    return lambda n: f"{n:,.2f}".replace(",", "\0").replace(".", decimal).replace("\0", group)


def clock(value: timedelta) -> str:
    minutes, seconds = divmod(int(value.total_seconds()), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"


def half(value: datetime) -> str:
    return value.strftime("%m/%d/%Y %I:%M:%S %p")


@dataclass(frozen=True)
class Kind:
    """Values, and the ways in which people and programs write them."""

    values: st.SearchStrategy[Any]
    spellings: Mapping[str, Spelling]


MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2060, 12, 31)).map(
    lambda moment: moment.replace(microsecond=0)
)
FRENCH = (
    *("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre"),
    *("octobre", "novembre", "décembre"),
)
FRENCH_DAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
DAYS = MOMENTS.map(lambda moment: moment.replace(hour=0, minute=0, second=0))
KINDS = {
    "amount": Kind(
        st.integers(100, 99_999_999).map(lambda cents: cents / 100),
        {
            "plain": lambda n: f"{n:.2f}",
            "thousands": grouped(",", "."),
            "decimal commas": grouped(".", ","),
            "spaces": grouped(" ", ","),
            "dollars": lambda n: f"${n:,.2f}",
            "euros": lambda n: grouped(".", ",")(n) + " €",
            "SAP": lambda n: grouped(".", ",")(n),
        },
    ),
    "member": Kind(
        st.booleans(),
        {
            "True": str,
            "true": lambda b: str(b).lower(),
            "yes": lambda b: "yes" if b else "no",
            "1": lambda b: str(int(b)),
            "예": lambda b: "예" if b else "아니요",
        },
    ),
    "day": Kind(
        DAYS,
        {
            "ISO": lambda d: d.strftime("%Y-%m-%d"),
            "points": lambda d: d.strftime("%d.%m.%Y"),
            "Korean": lambda d: f"{d.year}년 {d.month}월 {d.day}일",
            "month name": lambda d: d.strftime("%d %B %Y"),
            "short month": lambda d: d.strftime("%b %d, %Y"),
            "weekday": lambda d: f"{d:%d.%m.%Y} ({'월화수목금토일'[d.weekday()]})",
            "French": lambda d: d.strftime(
                f"{FRENCH_DAYS[d.weekday()]} {d.day} {FRENCH[d.month - 1]} %Y"
            ),
            "Chinese": lambda d: f"{d.year}年{d.month}月{d.day}日",
            "Taiwan": lambda d: f"民國{d.year - 1911}年{d.month}月{d.day}日",
        },
    ),
    "quarter": Kind(
        DAYS.map(lambda day: day.replace(day=1, month=(day.month - 1) // 3 * 3 + 1)),
        {
            "ISO": lambda d: d.strftime("%Y-%m-%d"),
            "year first": lambda d: f"{d.year}Q{d.month // 3 + 1}",
            "quarter first": lambda d: f"Q{d.month // 3 + 1} {d.year}",
            "Korean": lambda d: f"{d.year}년 {d.month // 3 + 1}분기",
            "month": lambda d: d.strftime("%Y-%m"),
            "month first": lambda d: d.strftime("%m/%Y"),
            "month name": lambda d: d.strftime("%b %Y"),
        },
    ),
    "week": Kind(
        DAYS.map(lambda day: day - timedelta(days=day.weekday())),
        {
            "ISO": lambda d: d.strftime("%Y-%m-%d"),
            "week": lambda d: d.strftime("%G-W%V"),
            "German": lambda d: d.strftime("KW %V/%G"),
        },
    ),
    "created_at": Kind(
        MOMENTS,
        {
            "ISO": lambda d: d.strftime("%Y-%m-%d %H:%M:%S"),
            "zone": lambda d: d.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "points": lambda d: d.strftime("%d.%m.%Y %H:%M:%S"),
            "zone aside": lambda d: f"{d + timedelta(hours=9):%Y-%m-%d %H:%M:%S} +0900",
            "mail": lambda d: d.strftime("%a, %d %b %Y %H:%M:%S +0000"),
            "ctime": lambda d: d.strftime("%a %b %e %H:%M:%S %Y"),
            "time in front": lambda d: d.strftime("%H:%M:%S %d.%m.%Y"),
            "compact": lambda d: d.strftime("%Y%m%dT%H%M%SZ"),
            "digits": lambda d: d.strftime("%Y%m%d%H%M%S"),
            "Unix": lambda d: str(int(d.replace(tzinfo=UTC).timestamp())),
            "Unix in milliseconds": lambda d: str(int(d.replace(tzinfo=UTC).timestamp()) * 1000),
            "spreadsheet": lambda d: repr((d - datetime(1899, 12, 30)) / timedelta(days=1)),
            "시": lambda d: f"{d:%Y년 %m월 %d일} {d.hour}시 {d.minute}분 {d.second}초",
            "오후": lambda d: f"{d:%Y-%m-%d} {'오후' if d.hour > 11 else '오전'} {d:%I:%M:%S}",
        },
    ),
    "length": Kind(
        # Up to loans of 20 years, which a file of typed columns tells in hours.
        st.one_of(st.integers(0, 200_000), st.integers(0, 631_152_000)).map(
            lambda seconds: timedelta(seconds=seconds)
        ),
        {
            "clock": clock,
            "ISO": lambda t: f"PT{int(t.total_seconds())}S",
            "pandas": lambda t: str(pd.Timedelta(t)),
            "units": lambda t: f"{int(t.total_seconds()) // 60} min {int(t.total_seconds()) % 60}s",
            "시간": lambda t: (
                f"{int(t.total_seconds()) // 3600}시간 "
                f"{int(t.total_seconds()) // 60 % 60}분 {int(t.total_seconds()) % 60}초"
            ),
            "German": lambda t: f"{int(t.total_seconds())} Sekunden",
        },
    ),
    "weight": Kind(
        st.integers(10, 9999).map(lambda tenths: tenths / 10),
        {
            "kilos": lambda n: f"{n:.1f} kg",
            "grams": lambda n: f"{n * 1000:.0f}g",
            "capitals": lambda n: f"{n:.1f} KG",
            "decimal commas": lambda n: f"{n:.1f} kg".replace(".", ","),
        },
    ),
    "size": Kind(
        st.tuples(st.integers(10, 999), st.integers(10, 999)),
        {
            "letter": lambda s: f"{s[0]}x{s[1]} cm",
            "sign": lambda s: f"{s[0]} \u00d7 {s[1]} cm",
            "capitals": lambda s: f"{s[0]} X {s[1]} CM",
        },
    ),
    "band": Kind(
        st.tuples(st.integers(10, 500), st.integers(1, 99)).map(lambda b: (b[0], sum(b))),
        {
            "dash": lambda b: f"{b[0]}-{b[1]}",
            "spaces": lambda b: f"{b[0]} – {b[1]}",
            "words": lambda b: f"{b[0]} to {b[1]}",
        },
    ),
    "city": Kind(
        st.sampled_from(["Busan", "Zürich", "Málaga", "İzmir", "None", "?"]),
        {"as it is": str, "spaces": lambda city: f" {city} ", "upper": str.upper},
    ),
}
# Columns of no type that a file could keep.
ALWAYS_TEXTS = ("city", "weight", "size", "band")
# Files that keep numbers, dates and truths as such.
TYPED_FILES = ("parquet", "xlsx")
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16")


@st.composite
def tables(draw: st.DrawFn) -> dict[str, list[Any]]:
    """Column → values, some of them missing."""
    found = {}
    for name, kind in KINDS.items():
        values = draw(st.lists(kind.values, min_size=ROWS, max_size=ROWS))
        # Enough of each for a column to show what it holds.
        if name == "member":
            values[:2] = [True, False]
        if name in ("size", "band"):
            values[:12] = [(n, n + 1) for n in range(98, 110)]
        if name == "day":
            values[0] = datetime(2024, 1, 31)
        if name == "created_at":
            values[:2] = [datetime(2024, 1, 31, 1, 2, 3), datetime(2024, 2, 29, 4, 5, 6)]
        missing = draw(st.sets(st.integers(2, ROWS - 1), max_size=8))
        found[name] = [None if place in missing else v for place, v in enumerate(values)]
    return found


def write(
    folder: Path, table: dict[str, list[Any]], kind: str, spelled: Mapping[str, str], encoding: str
) -> Path:
    """The table as a file of a kind; texts in the spellings chosen."""
    texts = {
        name: ["" if v is None else KINDS[name].spellings[spelled[name]](v) for v in values]
        for name, values in table.items()
    }
    file = folder / f"x_train.{kind}"
    if kind == "parquet":
        frame = {name: pd.Series(values) for name, values in table.items()}
        for name in ALWAYS_TEXTS:
            frame[name] = pd.Series([None if t == "" else t for t in texts[name]], dtype=object)
        frame["member"] = pd.Series(table["member"], dtype="boolean")
        pd.DataFrame(frame).to_parquet(file, index=False)
    elif kind == "xlsx":
        stored = {**table, **{name: texts[name] for name in (*ALWAYS_TEXTS, "length")}}
        file.write_bytes(workbook({"S": [tuple(stored), *zip(*stored.values(), strict=True)]}))
    else:
        opened = io.StringIO(newline="")
        writer = csv.writer(opened, delimiter={"csv": ",", "semicolon.csv": ";"}[kind])
        writer.writerow(texts)
        writer.writerows(zip(*texts.values(), strict=True))
        file.write_bytes(opened.getvalue().encode(encoding))
    return file


def decided(file: Path) -> tuple[list[Column], pd.DataFrame, Table]:
    table = read_table(file)
    context = context_of(table, job_spec(target="none"))
    found = [decide_and_type(name, table.data[name], context) for name in table.columns]
    values = {column.name: cells for column, cells in found}
    return [column for column, _ in found], pd.DataFrame(values), table


ONE_FILE = st.tuples(
    st.sampled_from(["csv", "semicolon.csv", "parquet", "xlsx"]),
    st.fixed_dictionaries({name: st.sampled_from(list(k.spellings)) for name, k in KINDS.items()}),
    st.sampled_from(ENCODINGS),
)


@settings(max_examples=examples(60, 20), phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(table=tables(), train=ONE_FILE, test=ONE_FILE)
def test_a_table_is_read_alike_in_every_spelling_kind_of_file_and_encoding(
    tmp_path_factory: pytest.TempPathFactory,
    table: dict[str, list[Any]],
    train: tuple[str, dict[str, str], str],
    test: tuple[str, dict[str, str], str],
) -> None:
    folder = tmp_path_factory.mktemp("tables")
    columns, values, read = decided(write(folder, table, *train))
    file = write(tmp_path_factory.mktemp("tables"), table, *test)
    head = look_at(file, expected_like(read.head))
    again = pd.concat([typed(columns, part) for part in chunks(file, head)], ignore_index=True)
    check_reading(columns, {name: values[name] for name in values}, read, expected_like(read.head))
    for column in columns:
        one, other = values[column.name], again[column.name]
        if column.kind in (CATEGORY, NUMBERS):
            assert key(one) == key(other)
        else:
            assert same(one, other), f"{column}\n{one.tolist()}\n{other.tolist()}"


def key(values: pd.Series) -> list[str]:
    """Categories that train has in two spellings stay two; the rest of a test file follows."""
    return [str(value).casefold() for value in values.astype(object).fillna("")]


def same(one: pd.Series, other: pd.Series) -> bool:
    if one.dtype.kind == "M":
        return bool(((one == other) | (one.isna() & other.isna())).all())
    return np.allclose(one.to_numpy(float), other.to_numpy(float), rtol=1e-6, equal_nan=True)


@pytest.mark.parametrize("last", [",", "Total,5"])
def test_rows_that_look_like_the_end_of_a_file_stop_no_job(tmp_path: Path, last: str) -> None:
    file = tmp_path / "x_train.csv"
    rows = [f"{'uvw'[n % 3]},{n}" for n in range(40)]
    file.write_text("\n".join(["a,x", *rows, last, "u,3"]))
    columns, frame, table = decided(file)
    table = replace(table, data=table.data.slice(0, 41))
    values = {name: cells[:41] for name, cells in frame.items()}
    check_reading(columns, values, table, expected_like(table.head))


@pytest.mark.parametrize(
    "cells",
    [("11:00", "12:30"), ("True", "False"), ("1,5", "2,5"), ("31.12.2023", "1.2.2024"), ("p", "q")],
)
def test_a_train_file_that_other_code_has_typed_stops_the_job(
    tmp_path: Path, cells: tuple[str, str]
) -> None:
    file = tmp_path / "x_train.csv"
    file.write_text("\n".join(["a;x", *(f"{n};{cell}" for n, cell in enumerate(cells * 20))]))
    columns, frame, table = decided(file)
    values = dict(frame.items())
    check_reading(columns, values, table, expected_like(table.head))
    right = values["x"]
    if right.dtype == "category":
        values["x"] = right.cat.rename_categories(str.upper)
    else:
        values["x"] = right + (pd.Timedelta(days=1) if right.dtype.kind == "M" else 1)
    with raises(TrainingError, "job.reading_differs", column="x"):
        check_reading(columns, values, table, expected_like(table.head))


def test_cells_that_a_column_has_had_before_are_not_typed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "x_train.csv"
    file.write_text("\n".join(["n,c", *(f"{n + 0.25},{'pq'[n % 2]}" for n in range(ROWS))]))
    columns, frame, table = decided(file)
    assert [column.kind for column in columns] == [NUMBER, CATEGORY]
    often = Counter[str]()
    type_cells = typed_column

    def count(column: Column, *cells: Any) -> pd.Series:
        often[column.name] += 1
        return type_cells(column, *cells)

    monkeypatch.setattr(job_checks, "typed_column", count)
    check_reading(columns, dict(frame.items()), table, expected_like(table.head))
    # Every file holds the same words, and numbers as texts or as numbers.
    assert often == {"n": 2, "c": 1}


def test_how_a_target_is_written_goes_into_json() -> None:
    target = pd.Series(["1/2", "3/4", "7 1/4", "2", ""] * 20, dtype=object)
    problem = decide_problem(target, job_spec(problem_type="regression"))
    assert json.loads(json.dumps(reading_of(problem)))["fractions"] is True
