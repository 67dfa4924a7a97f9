"""Which bytes of a file are looked at, and how large it is as text."""

import gzip
import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from automl.dataset import Dataset
from automl.plan import plan_training
from pipeline.errors import RefusedError
from pipeline.files import (
    LARGEST_WORKBOOK,
    UploadedFile,
    UploadedFiles,
    sample_range,
    table_head,
    text_bytes,
)
from reading.csv_head import HEAD_BYTES
from reading.head import read_head
from tests.messages import raises
from tests.plans import STACK, plan, uploaded
from tests.workbooks import edited, workbook


def file(key: str, sample: bytes, size: int | None = None) -> UploadedFile:
    length = len(sample) if size is None else size
    return UploadedFile(key, length, "etag", "v1", "2026-11-21T00:00:00+00:00", sample)


def size_as_text(found: UploadedFile) -> int:
    return text_bytes(found, table_head(found))


@pytest.mark.parametrize(
    ("key", "wanted"),
    [
        ("data/x_train.csv", "bytes=0-1048575"),
        ("data/x_train.csv.gz", "bytes=0-1048575"),
        ("data/x.json", "bytes=0-1048575"),
        ("data/x_train.parquet", "bytes=-1048576"),
        ("data/x_train.xlsx", "bytes=0-19999999"),
    ],
)
def test_only_the_bytes_that_tell_something_are_fetched(key: str, wanted: str) -> None:
    assert sample_range(key) == wanted


def test_a_workbook_that_is_too_large_is_refused_with_what_to_do() -> None:
    with raises(RefusedError, "file.workbook_size", megabytes=20):
        table_head(file("data/x_train.xlsx", b"", LARGEST_WORKBOOK + 1))


TABLE = {"Data": [("a", "b"), *((n, n % 2) for n in range(30))]}
LAST_CELL = b"XFD1048576"


def test_a_workbook_is_read_as_anywhere_else() -> None:
    content = workbook(TABLE)
    key = "data/x_train.xlsx"
    assert table_head(file(key, content)) == read_head(content, True, key)


@pytest.mark.parametrize(
    "changes",
    [
        {b'r="A31"': b'r="' + LAST_CELL + b'"', b"worksheets/": b"elsewhere/"},
        {b'r="A31"': b'r = "' + LAST_CELL + b'"'},
        {b'r="A31"': b'r="' + LAST_CELL + b'"' + b" " * 200},
        {b'r="31"': b'r="1048576"', b' r="A31"': b"", b' r="B31"': b""},
    ],
    ids=["in a part of another name", "spelled oddly", "in a long tag", "by the number of its row"],
)
def test_a_workbook_with_a_cell_far_away_is_refused_however_it_says_so(
    changes: dict[bytes, bytes],
) -> None:
    wide = {"Data": [[f"c{n}" for n in range(9000)], *([n] * 9000 for n in range(30))]}
    content = edited(workbook(wide), changes)
    with raises(RefusedError, "file.too_demanding"):
        table_head(file("data/x_train.xlsx", content))


def test_what_cannot_be_read_is_refused_in_the_same_words() -> None:
    with raises(RefusedError, "file.parquet_invalid"):
        table_head(file("data/x_train.parquet", b"a,b\n1,2\n"))


def test_a_packed_file_counts_as_what_it_unpacks_to() -> None:
    rows = b"a,b\n" + b"1,2\n" * 1_000_000
    packed = gzip.compress(rows)
    assert size_as_text(file("data/x_train.csv", rows[: 1 << 20], len(rows))) == len(rows)
    whole = size_as_text(file("data/x_train.csv.gz", packed[: 1 << 20], len(packed)))
    assert 0.8 * len(rows) < whole < 1.2 * len(rows)


def test_a_parquet_file_of_repeated_values_counts_as_its_cells() -> None:
    content = io.BytesIO()
    pq.write_table(pa.table({"a": ["same"] * 100_000, "b": [1] * 100_000}), content)
    found = file("data/x_train.parquet", content.getvalue())
    assert found.size < 10_000
    assert size_as_text(found) == 1_200_000


@pytest.mark.parametrize(("group_rows", "dictionary"), [(100, True), (7, True), (100, False)])
def test_a_parquet_file_counts_as_what_it_unpacks_to(group_rows: int, dictionary: bool) -> None:
    text, count = "long " * 20_000, 100
    table = pa.table({"a": [text] * count, "label": range(count)})
    content = io.BytesIO()
    pq.write_table(
        table, content, row_group_size=group_rows, use_dictionary=dictionary, compression="zstd"
    )
    found = file("data/x_train.parquet", content.getvalue())
    assert found.size < count * len(text) / 4
    assert len(text) * count <= size_as_text(found) < 1.1 * len(text) * count


def test_a_small_parquet_file_that_fills_all_memory_is_refused_before_it_is_paid() -> None:
    text = "x" * 1_000_000
    same = pa.DictionaryArray.from_arrays(pa.array([0] * 1_000_000, pa.int32()), pa.array([text]))
    content = io.BytesIO()
    pq.write_table(pa.table({"a": same, "label": range(1_000_000)}), content, compression="zstd")
    train = file("data/x_train.parquet", content.getvalue()[-HEAD_BYTES:], content.tell())
    with raises(RefusedError, "cost.too_much_memory"):
        plan_training(Dataset("x"), UploadedFiles(train, None, None), STACK)


def test_columns_without_any_name_are_refused_with_those_that_they_get() -> None:
    content = io.BytesIO()
    rows = pa.array([1, 2])
    pq.write_table(pa.Table.from_arrays([rows, rows], names=["", "\u200b"]), content)
    train = file("data/x_train.parquet", content.getvalue())
    with raises(RefusedError, "target.undecided", columns=("column_1", "column_2")):
        plan_training(Dataset("x"), UploadedFiles(train, None, None), STACK)


def test_row_numbers_without_a_name_are_no_candidate_for_the_target() -> None:
    dataset = Dataset("x")
    rows = "".join(f"{n},{n % 7},{n % 2}\n" for n in range(40))
    files = UploadedFiles(
        uploaded("data/x_train.csv", f",a,b\n{rows}"),
        test=uploaded("data/x_test.csv", "a\n1\n"),
        settings=None,
    )
    assert plan_training(dataset, files, STACK).target.column == "b"


def test_titles_above_the_header_do_no_harm() -> None:
    found = plan()
    train = uploaded("data/titanic_train.csv", "Passengers\n\n" + found.files.train.sample.decode())
    files = UploadedFiles(train, found.files.test, None)
    assert plan_training(Dataset("titanic"), files, STACK).target == found.target
