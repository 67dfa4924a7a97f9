"""The bounds that a portable model knows: no value of train lies outside of them."""

import json
from collections.abc import Sequence
from datetime import datetime

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from export_portable import known_column
from model_code.column_decisions import decide_column
from model_code.preprocessor import Preprocessor
from portable.features import read_cells
from portable.model import KnownColumn
from portable.model import known_column as from_json
from portable.odd_cells import Reason, odd_cells
from reading.column import DATE, DURATION, NUMBER, NUMBERS, Column
from reading.csv_head import Expected
from reading.numbers import NumberStyle

NUMBERS_OF_TRAIN = st.one_of(
    st.floats(-(2.0**100), 2.0**100, width=32),
    st.floats(-1e6, 1e6).map(lambda number: round(number, 2)),
    st.floats(1e9, 1e9 + 10).map(lambda number: round(number, 3)),
    st.integers(-(2**60), 2**60).map(float),
)
MOMENTS = st.datetimes(datetime(1, 2, 1), datetime(9998, 12, 31))


@st.composite
def numbers(draw: st.DrawFn) -> tuple[Column, list[str], list[str]]:
    """As the job decides a column of plain numbers: of 32 or 64 bits, with an offset or without."""
    given_numbers = draw(st.lists(NUMBERS_OF_TRAIN, min_size=2, max_size=30))
    cells = [repr(number) for number in given_numbers]
    column = decide_column("x", pa.chunked_array([cells]))
    low, high = min(given_numbers), max(given_numbers)
    far = (high - low) + abs(high) + abs(low) + 1
    return column, cells, [repr(low - far), repr(high + far)]


@st.composite
def several(draw: st.DrawFn) -> tuple[Column, list[str], list[str]]:
    pairs = draw(st.lists(st.tuples(*[st.floats(0, 1e9, allow_subnormal=False)] * 2), min_size=1))
    cells = [f"{a:.9f}/{b:.9f}" for a, b in pairs]
    far = [f"-9/{pairs[0][1]:.9f}", f"9999999999/{pairs[0][1]:.9f}"]
    return Column("x", NUMBERS, NumberStyle(), gaps=("", "/", "")), cells, far


@st.composite
def durations(draw: st.DrawFn) -> tuple[Column, list[str], list[str]]:
    clock = r"[0-9]{1,7}:[0-5][0-9]:[0-5][0-9]\.[0-9]{1,9}"
    cells = draw(st.lists(st.from_regex(clock, fullmatch=True), min_size=1))
    return Column("x", DURATION), cells, ["-99999:00:00", "999999 days 00:00:00"]


@st.composite
def dates(draw: st.DrawFn) -> tuple[Column, list[str], list[str]]:
    cells = draw(st.lists(MOMENTS.map(str), min_size=1))
    offset = draw(st.sampled_from([0, 18_262, -700_000]))
    return Column("x", DATE, offset=offset), cells, ["0001-01-01", "9999-12-31"]


def known(column: Column, cells: Sequence[str]) -> KnownColumn:
    """The column as a model knows it that has learned from these cells."""
    preprocessor = Preprocessor("y", [column], Expected(("x", "y")), [])
    rows = preprocessor.features(pa.table({"x": pa.array(cells, pa.string())}))
    described = known_column(column, preprocessor, rows)
    return from_json(json.loads(json.dumps(described)))


def reasons(column: KnownColumn, cells: Sequence[object]) -> list[Reason | None]:
    found = odd_cells([column], {"x": read_cells(column.column, cells, points=False)})
    return [row[0].reason if row else None for row in found]


@given(st.one_of(numbers(), several(), durations(), dates()))
@settings(max_examples=400, deadline=None)
def test_no_value_of_train_is_outside_of_its_bounds(
    given_column: tuple[Column, list[str], list[str]],
) -> None:
    column, cells, beyond = given_column
    own = known(column, cells)
    assert not {"below", "above"} & set(reasons(own, cells))
    if column.kind == NUMBER and not column.truths:
        # As JSON has them.
        assert not {"below", "above"} & set(reasons(own, list(map(float, cells))))
    if own.low is not None:
        assert reasons(own, beyond) == ["below", "above"]


def test_a_number_beyond_is_named_from_the_second_neighbor_on() -> None:
    column = Column("x", NUMBER)
    own = known(column, ["0.1", "0.7"])
    for end, toward, reason in (("0.1", -np.inf, "below"), ("0.7", np.inf, "above")):
        second = np.nextafter(np.nextafter(np.float32(end), np.float32(toward)), np.float32(toward))
        assert reasons(own, [float(second), str(second)]) == [reason, reason]
