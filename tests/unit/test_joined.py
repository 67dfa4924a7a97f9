"""Several Parquet files are one, with the same rows."""

import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.unordered import UNORDERED
from model_code.tables import shuffled_alike
from queries.joined import MAGIC, Part, joined_tail, rows_of
from reading.errors import UnreadableError

ROWS = st.lists(
    st.tuples(
        st.none() | st.integers(-(2**40), 2**40),
        st.none() | st.text(max_size=8),
        st.none() | st.booleans(),
        st.none() | st.lists(st.integers(0, 9), max_size=3),
    ),
    max_size=12,
)
SCHEMA = pa.schema(
    [("n", pa.int64()), ("t", pa.string()), ("b", pa.bool_()), ("l", pa.list_(pa.int64()))]
)


def table(rows: list[tuple[Any, ...]]) -> pa.Table:
    return pa.Table.from_pylist(
        [dict(zip(SCHEMA.names, row, strict=True)) for row in rows], schema=SCHEMA
    )


def written(rows: pa.Table, **how: Any) -> bytes:
    file = io.BytesIO()
    pq.write_table(rows, file, **how)
    return file.getvalue()


def joined(files: list[bytes]) -> bytes:
    parts = [Part(len(file), file) for file in files]
    inside = [file[len(MAGIC) : part.end] for file, part in zip(files, parts, strict=True)]
    return MAGIC + b"".join(inside) + joined_tail(parts)


@given(
    st.lists(ROWS, min_size=1, max_size=4),
    st.sampled_from(("snappy", "none", "zstd")),
    st.integers(1, 5),
    st.booleans(),
)
def test_rows_are_those_of_all_files(
    parts: list[Any], compression: str, group: int, index: bool
) -> None:
    tables = [table(rows) for rows in parts]
    how = {"compression": compression, "row_group_size": group, "write_page_index": index}
    whole = joined([written(one, **how) for one in tables])
    assert pq.read_table(io.BytesIO(whole)).equals(pa.concat_tables(tables))
    assert pq.read_metadata(io.BytesIO(whole)).created_by == UNORDERED
    assert rows_of(Part(len(whole), whole)) == sum(map(len, parts))


@given(st.binary(max_size=60))
def test_a_damaged_footer_is_said_to_be(footer: bytes) -> None:
    file = MAGIC + footer + len(footer).to_bytes(4, "little") + MAGIC
    try:
        joined([file])
    except UnreadableError as error:
        assert error.message.code == "file.parquet_damaged"


def test_files_with_other_columns_are_refused() -> None:
    files = [written(pa.table({name: [1]})) for name in ("a", "b")]
    with pytest.raises(UnreadableError):
        joined(files)


@given(ROWS.filter(bool), st.randoms())
def test_the_order_of_rows_depends_on_nothing_but_the_rows(rows: list[Any], random: Any) -> None:
    plain = [row[:3] for row in rows]
    others = random.sample(plain, len(plain))
    first, second = (
        shuffled_alike(table([(*row, None) for row in some]).drop_columns(["l"]))
        for some in (plain, others)
    )
    assert first.equals(second)
