"""Rows of requests: none is passed over, joined to another, or read from another's column."""

import csv
import io
import json
import math
import tracemalloc
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from api.answer import LONGEST_ANSWER
from api.errors import BadRequestError, TooLargeError
from model_code.cells import as_texts
from model_code.column_decisions import MOST_CATEGORIES
from model_code.requests import request_rows
from portable.archive import unpack_model
from portable.features import read_cells
from portable.model import KnownColumn, PortableModel, load_model
from portable.odd_cells import odd_cells
from reading.column import NUMBER, Column
from reading.errors import RowsError
from reading.request_rows import (
    CSV,
    JSON,
    JSON_LINES,
    MOST_NAMES,
    CsvHeader,
    csv_header,
    csv_rows,
    json_rows,
)
from serving.request import (
    MOST_BYTES,
    MOST_EXPLAINED,
    MOST_LEAVES_OF_ROWS,
    MOST_ROWS,
    ROWS_OF_PATHS,
    RowsRequest,
    read_rows,
)
from tests.portable_models import guessing_model
from tests.template_facts import ROOT

NEEDED = ("Age", "Unit price (€)", "City")
SPELLINGS = {
    "Age": ("Age", "age", " AGE "),
    "Unit price (€)": ("Unit price (€)", "unit_price", "UNIT PRICE €"),
    "City": ("City", "CITY", "city\xa0"),
}
# Cells as programs write them, with all that CSV has to quote but line breaks.
TEXTS = st.text(st.sampled_from("ab1 ,;\"'é\u2028"), max_size=6)
CELLS = st.none() | st.booleans() | st.integers(-9, 9) | TEXTS


def model_of(*columns: str) -> PortableModel:
    return load_model(unpack_model(guessing_model(*columns)))


MODEL = model_of(*NEEDED)


def over_http(body: str, kind: str = JSON) -> RowsRequest:
    return read_rows(body, kind, MODEL, explained=False)


def json_lines(rows: Sequence[Mapping[str, Any]]) -> str:
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)


@st.composite
def rows_and_spellings(draw: st.DrawFn) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows, and the same with names spelled and ordered anew in each, and others among them."""
    rows = draw(st.lists(st.fixed_dictionaries(dict.fromkeys(NEEDED, CELLS)), min_size=1))
    spelled = []
    for row in rows:
        names = draw(st.permutations(NEEDED))
        extra = {"other": 1} if draw(st.booleans()) else {}
        spelled.append(
            {draw(st.sampled_from(SPELLINGS[name])): row[name] for name in names} | extra
        )
    return rows, spelled


@given(rows_and_spellings(), st.sampled_from([JSON, JSON_LINES[0]]))
def test_each_row_is_read_by_its_own_names(
    given_rows: tuple[list[dict[str, Any]], list[dict[str, Any]]], kind: str
) -> None:
    rows, spelled = given_rows
    body = json.dumps(spelled) if kind == JSON else json_lines(spelled)
    found = over_http(body, kind)
    assert found.size == len(rows)
    assert found.rows == {name: [row[name] for row in rows] for name in NEEDED}


@given(rows_and_spellings(), st.data())
def test_a_row_that_lacks_a_column_is_refused_with_its_number(
    given_rows: tuple[list[dict[str, Any]], list[dict[str, Any]]], data: st.DataObject
) -> None:
    _, spelled = given_rows
    place = data.draw(st.integers(0, len(spelled) - 1))
    column = data.draw(st.sampled_from(NEEDED))
    spelled[place] = {n: c for n, c in spelled[place].items() if n not in SPELLINGS[column]}
    with pytest.raises(BadRequestError) as refused:
        over_http(json.dumps(spelled))
    assert (refused.value.field, refused.value.message.code) == (column, "request.row_lacks")
    assert refused.value.message.values["row"] == place + 1


def test_too_many_rows_with_names_of_their_own_take_no_memory_before_they_are_refused() -> None:
    body = json.dumps([{f"name {number}": 1} for number in range(4 * MOST_ROWS)])
    tracemalloc.start()
    with pytest.raises(TooLargeError):
        over_http(body)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # 20,000 rows times 20,000 names would take gigabytes.
    assert peak < 100 * len(body)


@pytest.mark.parametrize("kind", [JSON, JSON_LINES[0]])
def test_a_name_that_is_there_twice_is_refused(kind: str) -> None:
    row = json.dumps(dict.fromkeys(NEEDED, 1), ensure_ascii=False)
    with pytest.raises(BadRequestError) as refused:
        over_http(row.replace("}", ', "Age": 2}'), kind)
    assert (refused.value.message.code, refused.value.field) == ("request.twice", "Age")


@pytest.mark.parametrize("names", ["Age,x,Age", "age,x,age", "Age,Age,x"])
def test_a_column_that_a_csv_names_twice_is_refused(names: str) -> None:
    with pytest.raises(RowsError) as refused:
        csv_header(f"{names}\n1,2,3\n", ["Age"], ",")
    assert refused.value.message.code == "request.twice"


def test_columns_that_train_has_twice_are_told_apart_by_their_order() -> None:
    assert csv_header("a,b,a\n1,2,3\n", ["a", "a.1"], ",").names == ("a", "b", "a.1")
    assert csv_header("a,b,b\n1,2,3\n", ["a"], ",").names == ("a", "b", "b.1")


def test_a_json_number_without_end_is_none_that_is_missing() -> None:
    cells = ["NaN", "Infinity", "-Infinity", "1e999"]
    body = "[" + ",".join(f'{{"Age": {cell}}}' for cell in cells) + "]"
    (found,) = json_rows(body, JSON).by_column(["Age"]).values()
    assert found == [None, math.inf, -math.inf, math.inf]
    known = KnownColumn(Column("Age", NUMBER), 0.0, 1.0)
    notes = odd_cells([known], {"Age": read_cells(known.column, found, points=False)})
    assert [[odd.reason for odd in row] for row in notes] == [[], *[["unreadable"]] * 3]


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\x85", "\x0b", "\x1c"])
def test_json_lines_break_at_line_feeds_alone(separator: str) -> None:
    rows = [dict.fromkeys(NEEDED, f"a{separator}b"), dict.fromkeys(NEEDED, "c")]
    body = json_lines(rows) if separator >= " " else "\n".join(map(json.dumps, rows))
    found = over_http(body.replace("\n", "\r\n") + "\n\n", JSON_LINES[0])
    assert found.rows["City"] == [f"a{separator}b", "c"]
    with pytest.raises(BadRequestError) as refused:
        over_http(f"{body}\n{{", JSON_LINES[0])
    assert refused.value.message.values["line"] == 3


@pytest.mark.parametrize("kind", [JSON, JSON_LINES[0], CSV])
def test_a_mark_of_byte_order_is_no_part_of_the_rows(kind: str) -> None:
    row = dict.fromkeys(NEEDED, "x")
    body = "Age,Unit price (€),City\nx,x,x\n" if kind == CSV else json.dumps(row)
    assert over_http(f"\ufeff{body}", kind).rows == {name: ["x"] for name in NEEDED}


def test_instances_are_rows_unless_the_model_has_such_a_column() -> None:
    rows = [{"Age": 1}, {"Age": 2}]
    assert json_rows(json.dumps({"instances": rows}), JSON, ["Age"]).by_column(["Age"]) == {
        "Age": [1, 2]
    }
    for content, expected in (
        ({"instances": 3}, [3]),
        ({"Instances": 3}, [3]),
        ([{"instances": 3}, {"instances": None}], [3, None]),
        ({"instances": [3, 4]}, [3, 4]),
        ({"instances": [{"instances": 3}]}, [3]),
        ({"instances": {"instances": [3, 4]}}, [3, 4]),
    ):
        found = json_rows(json.dumps(content), JSON, ["instances"]).by_column(["instances"])
        assert found == {"instances": expected}


@pytest.mark.parametrize("content", [{"Age": []}, {name: [] for name in NEEDED}, [], {}])
def test_columns_without_rows_are_no_request(content: object) -> None:
    with pytest.raises(BadRequestError):
        over_http(json.dumps(content))


# --- CSV ------------------------------------------------------------------------------------


def csv_of(rows: Sequence[Sequence[str]], names: Sequence[str] = NEEDED) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([names, *rows])
    return text.getvalue()


TABLES = st.lists(st.lists(TEXTS, min_size=3, max_size=3), min_size=1, max_size=6)


@given(TABLES)
def test_what_a_program_writes_as_csv_is_read_as_it_is(rows: list[list[str]]) -> None:
    found = over_http(csv_of(rows), CSV)
    assert [list(row) for row in zip(*found.rows.values(), strict=True)] == rows
    table = request_rows(csv_of(rows), CSV, NEEDED, ",")
    assert [list(row) for row in zip(*table.to_pydict().values(), strict=True)] == rows


@given(
    st.lists(st.lists(st.sampled_from("ab1"), min_size=3, max_size=3), min_size=2, max_size=20),
    st.lists(st.integers(0, 140), min_size=1, max_size=2),
)
@settings(max_examples=300)
@example([["a"] * 3] * 2, [19, 29])
@example([["a"] * 3] * 2, [26, 0])
@example([["a"] * 3] * 2, [28, 36])
def test_a_stray_quote_never_costs_a_row(rows: list[list[str]], places: list[int]) -> None:
    """At most two of them; the rows are as many as before, or the request is refused."""
    body = csv_of(rows)
    for place in places:
        body = f'{body[:place]}"{body[place:]}'
    # The guessing model's columns are categories: texts that no line break belongs in.
    for read in (
        lambda: over_http(body, CSV).size,
        lambda: csv_count(request_rows(body, CSV, NEEDED, ","), rows),
    ):
        with suppress(BadRequestError, RowsError):
            assert read() == len(rows)


def csv_count(table: Any, rows: Sequence[Sequence[str]]) -> int:
    """Two quotes, two lines: a text of a batch may have a line break there."""
    cells = [cell for column in table.columns for cell in column.to_pylist()]
    joined = sum(cell.rstrip("\n").count("\n") for cell in cells)
    return int(table.num_rows) + (joined if joined == 1 else 0)


def test_a_text_may_have_lines() -> None:
    text = "dear all,\nthank you, indeed,\nbye"
    found = csv_rows(csv_of([["1", text, "x"]]), CsvHeader(",", NEEDED, 2), bare={"Age", "City"})
    assert found["Unit price (€)"] == [text]


@given(st.lists(st.sampled_from(["", "a", " "]), min_size=1))
def test_a_blank_line_of_a_single_column_is_a_row_but_at_the_end(cells: list[str]) -> None:
    body, model = "\n".join(["", "Age", *cells, "", ""]), model_of("Age")
    while cells and not cells[-1]:
        cells.pop()
    if not cells:
        with pytest.raises(BadRequestError):
            read_rows(body, CSV, model, explained=False)
        return
    assert read_rows(body, CSV, model, explained=False).rows == {"Age": cells}
    table = request_rows(body, CSV, ["Age"], ",")
    assert as_texts(table["Age"]).to_pylist() == [cell.strip() for cell in cells]


def test_rows_without_names_are_refused_over_http_and_taken_in_order_in_a_batch() -> None:
    with pytest.raises(BadRequestError) as refused:
        over_http("1,2,3\n4,5,6\n", CSV)
    assert refused.value.message.code == "request.no_names"
    assert request_rows("1,2,3\n4,5,6\n", CSV, NEEDED, ",").to_pydict() == {
        "Age": ["1", "4"],
        "Unit price (€)": ["2", "5"],
        "City": ["3", "6"],
    }


@pytest.mark.parametrize("cell", ["", "a"])
def test_a_header_of_a_megabyte_is_refused_before_its_names_are_made_unique(
    cell: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reading.request_rows.column_names", pytest.fail)
    with pytest.raises(BadRequestError) as refused:
        over_http(",".join([cell] * (MOST_NAMES + len(NEEDED) + 1)) + "\n1\n", CSV)
    assert refused.value.message.code == "request.too_many_names"


def test_the_page_on_predictions_has_the_limits() -> None:
    page = " ".join((ROOT / "docs/predict.md").read_text("utf-8").split())
    assert f"at most {MOST_ROWS:,} rows and {MOST_BYTES / 1e6} MB" in page
    assert f"for at most {MOST_EXPLAINED} rows" in page
    assert f"an answer above {LONGEST_ANSWER // 10**6} MB" in page
    assert f"more than {MOST_CATEGORIES:,} of them" in page
    leaves = round(MOST_LEAVES_OF_ROWS / (MOST_EXPLAINED + ROWS_OF_PATHS), -5)
    assert f"more than {leaves:,.0f} leaves" in page
