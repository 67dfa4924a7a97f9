"""Footers as pyarrow writes them, and what is none."""

import io
import struct

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reading.csv_head import HEAD_BYTES
from reading.errors import UnreadableError
from reading.head import read_head
from reading.parquet_head import read_parquet_head

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
    found = read_parquet_head(FILE, "x.parquet")
    assert found.columns == ("a", "person", "list", "map", "날짜", "kind")
    assert (found.rows, found.row_count, found.whole) == ((), 3, False)


@pytest.mark.parametrize("columns", [1, 15, 1500])
@pytest.mark.parametrize("version", ["1.0", "2.6"])
def test_any_number_of_columns_is_read(columns: int, version: str) -> None:
    table = pa.table({f"column {n}": [n, n] for n in range(columns)})
    found = read_parquet_head(written(table, version=version), "x.parquet")
    assert found.columns == tuple(table.column_names)


def test_the_last_megabyte_of_a_large_file_is_enough() -> None:
    table = pa.table({f"c{n}": pa.array(range(20_000)) for n in range(30)})
    content = written(table, compression="none", use_dictionary=False)
    assert len(content) > 2 * HEAD_BYTES
    found = read_parquet_head(content[-HEAD_BYTES:], "x.parquet")
    assert (len(found.columns), found.row_count) == (30, 20_000)


def test_a_footer_of_more_than_a_megabyte_is_refused_with_what_to_do() -> None:
    table = pa.table({f"{'long name ' * 9}{n}": [n] for n in range(5000)})
    content = written(table)[-HEAD_BYTES:]
    with pytest.raises(UnreadableError, match="too many columns or row groups"):
        read_parquet_head(content, "x.parquet")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"a,b\n1,2\n", "is no Parquet file"),
        (FILE[:-1], "only the beginning of one"),
        (FILE[:-4] + b"PARE", "is encrypted"),
        (b"PAR1" + struct.pack("<I", 99) + b"PAR1", "is a broken Parquet file"),
        (written(NESTED.slice(0, 0)), "column names but no rows"),
        (written(pa.table({})), "has no columns"),
    ],
)
def test_what_is_no_table_is_refused_with_what_it_is(content: bytes, words: str) -> None:
    with pytest.raises(UnreadableError, match=words):
        read_parquet_head(content, "x.parquet")


LENGTH = int.from_bytes(FILE[-8:-4], "little")
FOOTER = FILE[-8 - LENGTH : -8]


def with_footer(footer: bytes) -> bytes:
    return b"PAR1" + footer + struct.pack("<I", len(footer)) + b"PAR1"


def is_read_or_refused(content: bytes) -> None:
    try:
        read_head(content, True, "x.parquet")
    except UnreadableError as error:
        assert str(error).startswith("The file x.parquet ")


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
    "children that are not there": b"\x29\x1c\x48\x01r\x15\xfe\xff\xff\xff\x0f\x00\x16\x02\x00",
}


@pytest.mark.timeout(5)
@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_footer_is_refused_at_once(kind: str) -> None:
    with pytest.raises(UnreadableError, match="is a broken Parquet file"):
        read_parquet_head(with_footer(HOSTILE[kind]), "x.parquet")


@settings(max_examples=50)
@given(st.lists(st.text(min_size=1), min_size=1, max_size=20, unique=True))
def test_any_name_is_read_as_it_was_written(names: list[str]) -> None:
    names = [name.encode(errors="ignore").decode() or "x" for name in names]
    table = pa.table([pa.array([1])] * len(names), names=names)
    assert read_parquet_head(written(table), "x.parquet").header == tuple(names)
