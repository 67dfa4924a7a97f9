"""Rows of requests: none is passed over, joined to another, or read from another's column."""

import json
import math
import tracemalloc
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.errors import BadRequestError, TooLargeError
from portable.archive import unpack_model
from portable.features import read_cells
from portable.model import KnownColumn, PortableModel, load_model
from portable.odd_cells import odd_cells
from reading.column import NUMBER, Column
from reading.request_rows import (
    CSV,
    JSON,
    JSON_LINES,
    json_rows,
)
from serving.request import MOST_ROWS, RowsRequest, read_rows
from tests.portable_models import guessing_model

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
