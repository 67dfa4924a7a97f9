"""Which bytes of a file are looked at, and how large it is as text."""

import gzip
import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from automl.dataset import Dataset
from automl.errors import RefusedError
from automl.files import (
    LARGEST_WORKBOOK,
    UploadedFile,
    UploadedFiles,
    sample_range,
    table_head,
    text_bytes,
)
from automl.plan import plan_training
from tests.unit.test_training_job import STACK, plan, uploaded


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
    with pytest.raises(RefusedError, match=r"larger than 20 MB.*save it as CSV or Parquet"):
        table_head(file("data/x_train.xlsx", b"", LARGEST_WORKBOOK + 1))


def test_what_cannot_be_read_is_refused_in_the_same_words() -> None:
    with pytest.raises(RefusedError, match=r"data/x_train\.parquet is no Parquet file"):
        table_head(file("data/x_train.parquet", b"a,b\n1,2\n"))


def test_a_packed_file_counts_as_what_it_unpacks_to() -> None:
    rows = b"a,b\n" + b"1,2\n" * 1_000_000
    packed = gzip.compress(rows)
    assert size_as_text(file("data/x_train.csv", rows)) == len(rows)
    whole = size_as_text(file("data/x_train.csv.gz", packed[: 1 << 20], len(packed)))
    assert 0.8 * len(rows) < whole < 1.2 * len(rows)


def test_a_parquet_file_of_repeated_values_counts_as_its_cells() -> None:
    content = io.BytesIO()
    pq.write_table(pa.table({"a": ["same"] * 100_000, "b": [1] * 100_000}), content)
    found = file("data/x_train.parquet", content.getvalue())
    assert found.size < 10_000
    assert size_as_text(found) == 1_200_000


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
