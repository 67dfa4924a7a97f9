"""Footers as pyarrow writes them, and what is none."""

import io
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from types import FrameType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reading.csv_head import HEAD_BYTES
from reading.errors import UnreadableError
from reading.head import read_head
from reading.parquet_head import read_parquet_head
from tests.messages import raises

TraceFunction = Callable[[FrameType, str, Any], Any]
NESTED = pa.table(
    {
        "a": [1, 2, 3],
        "person": [{"name": "x", "tags": ["y"]}] * 3,
        "list": [[1], [], [2, 3]],
        "map": pa.array([[("k", 1)]] * 3, pa.map_(pa.string(), pa.int64())),
        "날짜": pa.array([0, 1, 2], pa.timestamp("us", "UTC")),
        "kind": pa.array(["x", "y", "x"]).dictionary_encode(),
    }
)


def written(table: pa.Table, **options: object) -> bytes:
    file = io.BytesIO()
    pq.write_table(table, file, **options)
    return file.getvalue()


FILE = written(NESTED)


def test_the_columns_are_those_of_the_first_level() -> None:
    found = read_parquet_head(FILE)
    assert found.columns == ("a", "person", "list", "map", "날짜", "kind")
    assert (found.rows, found.row_count, found.whole) == ((), 3, False)


@pytest.mark.parametrize("columns", [1, 15, 1500])
@pytest.mark.parametrize("version", ["1.0", "2.6"])
def test_any_number_of_columns_is_read(columns: int, version: str) -> None:
    table = pa.table({f"column {n}": [n, n] for n in range(columns)})
    found = read_parquet_head(written(table, version=version))
    assert found.columns == tuple(table.column_names)


def test_the_last_megabyte_of_a_large_file_is_enough() -> None:
    table = pa.table({f"c{n}": pa.array(range(20_000)) for n in range(30)})
    content = written(table, compression="none", use_dictionary=False)
    assert len(content) > 2 * HEAD_BYTES
    found = read_parquet_head(content[-HEAD_BYTES:])
    assert (len(found.columns), found.row_count) == (30, 20_000)


def test_a_footer_of_more_than_a_megabyte_is_refused_with_what_to_do() -> None:
    table = pa.table({f"{'long name ' * 9}{n}": [n] for n in range(5000)})
    content = written(table)[-HEAD_BYTES:]
    with raises(UnreadableError, "file.parquet_footer"):
        read_parquet_head(content)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file.empty"),
        (b"a,b\n1,2\n", "file.parquet_invalid"),
        (FILE[:-1], "file.parquet_invalid"),
        (FILE[:-4] + b"PARE", "file.parquet_encrypted"),
        (b"PAR1" + struct.pack("<I", 99) + b"PAR1", "file.parquet_damaged"),
        (written(NESTED.slice(0, 0)), "file.no_rows"),
        (written(pa.table({})), "file.no_columns"),
    ],
)
def test_what_is_no_table_is_refused_with_what_it_is(content: bytes, code: str) -> None:
    with raises(UnreadableError, code):
        read_parquet_head(content)


LENGTH = int.from_bytes(FILE[-8:-4], "little")
FOOTER = FILE[-8 - LENGTH : -8]


def with_footer(footer: bytes) -> bytes:
    return b"PAR1" + footer + struct.pack("<I", len(footer)) + b"PAR1"


def is_read_or_refused(content: bytes) -> None:
    try:
        read_head(content, True, "x.parquet")
    except UnreadableError as error:
        assert error.message.values["file"] == "x.parquet"


@given(st.binary(max_size=200))
def test_random_bytes_are_refused_in_words(noise: bytes) -> None:
    is_read_or_refused(noise)
    is_read_or_refused(with_footer(noise))


@given(st.integers(0, LENGTH - 1), st.integers(0, 255))
def test_a_footer_with_another_byte_is_read_or_refused(place: int, byte: int) -> None:
    is_read_or_refused(with_footer(FOOTER[:place] + bytes([byte]) + FOOTER[place + 1 :]))


@pytest.mark.parametrize("length", range(0, LENGTH, 7))
def test_a_footer_that_is_cut_off_is_read_or_refused(length: int) -> None:
    is_read_or_refused(with_footer(FOOTER[:length]))
    is_read_or_refused(FILE[: len(FILE) - length])


ENDLESS = b"\xff" * 9 + b"\x01"
HOSTILE = {
    "a list of more items than atoms": b"\x29\xfc" + ENDLESS,
    "a list of nothings": b"\x19\xf0" + ENDLESS,
    "a map of more pairs than atoms": b"\x1b" + ENDLESS + b"\x11",
    "a text longer than the file": b"\x18" + ENDLESS,
    "a number without an end": b"\x16" + b"\xff" * 100,
    "structs in structs": b"\x1c" * 5000,
    "lists in lists": b"\x19" + b"\x19" * 5000,
    "more rows than fit": b"\x19\x1c\x48\x01r\x15\x02\x00\x16" + ENDLESS + b"\x00",
    "rows that no group holds": b"\x29\x2c\x48\x01r\x15\x02\x00\x48\x01a\x00\x16\x02\x00",
    "children that are not there": b"\x29\x1c\x48\x01r\x15\xfe\xff\xff\xff\x0f\x00\x16\x02\x00",
}


# Far more than any of these takes, and far less than reading on to its promised end.
MOST_LINES = 1_000_000


@contextmanager
def few_lines() -> Iterator[None]:
    """What is called in here ends within so many lines of Python, or it fails."""
    lines = count()

    def trace(frame: FrameType, event: str, arg: object) -> TraceFunction:
        if next(lines) > MOST_LINES:
            raise AssertionError("it does not come to an end")
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(before)


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_footer_is_refused_at_once(kind: str) -> None:
    file = with_footer(HOSTILE[kind])
    with raises(UnreadableError, "file.parquet_damaged"), few_lines():
        read_parquet_head(file)


def test_what_does_not_end_would_be_noticed() -> None:
    def endless() -> None:
        while True:
            pass

    with pytest.raises(AssertionError, match="end"), few_lines():
        endless()


@settings(max_examples=50)
@given(st.lists(st.text(min_size=1), min_size=1, max_size=20, unique=True))
def test_any_name_is_read_as_it_was_written(names: list[str]) -> None:
    names = [name.encode(errors="ignore").decode() or "x" for name in names]
    table = pa.table([pa.array([1])] * len(names), names=names)
    assert read_parquet_head(written(table)).header == tuple(names)
