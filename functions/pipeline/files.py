"""The files of an upload as they are now, and the tables that they hold."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from contract.job import InputFile, Versions
from pipeline.errors import RefusedError
from reading.bounded import bounded
from reading.csv_head import HEAD_BYTES, Expected, TableHead, read_csv_head
from reading.errors import UnreadableError, in_file
from reading.excel_head import LARGEST_WORKBOOK, workbook_too_large
from reading.gzip_head import unpacked
from reading.head import bounded_head, ending_of, read_head

# What memory is needed for was measured on CSV files, and others hold the same in fewer bytes: a
# workbook is XML in a zip archive, and Parquet packs each column, a repeated value to almost none.
TEXT_BYTES_PER_BYTE = {".csv": 1, ".parquet": 5, ".xlsx": 10}


@dataclass(frozen=True)
class UploadedFile:
    """One object as it is now: what S3 says of it, and the bytes that tell what it holds."""

    key: str
    size: int
    """In bytes."""
    etag: str
    version: str
    """Another one for every upload, of the same bytes too."""
    uploaded: str
    """When, in ISO 8601."""
    sample: bytes
    """Its beginning; the end of a Parquet file; all of a workbook that is not too large."""
    stored_etag: str = ""
    """Of the object, where the ETag above is that of the file that it was translated from."""
    query: str = ""
    """The SQL that gave its rows."""
    may_differ: str = ""
    """What in that can give other rows each time."""

    @property
    def whole(self) -> bool:
        return len(self.sample) == self.size


@dataclass(frozen=True)
class UploadedFiles:
    """The files of one dataset, seen together; without a train file there is nothing to plan."""

    train: UploadedFile
    test: UploadedFile | None
    settings: UploadedFile | None
    passed_over: tuple[str, ...] = ()
    """Keys of train and test files of other kinds, which are older."""

    @property
    def uploaded(self) -> str:
        """When the newest of them came."""
        return max(file.uploaded for file in (self.train, self.test, self.settings) if file)

    @property
    def versions(self) -> Versions:
        """What tells a fresh upload, of whichever file, from an event delivered again."""
        return Versions(
            train=self.train.version,
            test=self.test.version if self.test else None,
            settings=self.settings.version if self.settings else None,
        )


def sample_range(key: str) -> str:
    """Which bytes of an object are its sample, as HTTP asks for them."""
    if key.endswith(".parquet"):
        return f"bytes=-{HEAD_BYTES}"
    return f"bytes=0-{(LARGEST_WORKBOOK if key.endswith('.xlsx') else HEAD_BYTES) - 1}"


def is_too_large(key: str, size: int) -> bool:
    """Whether a file would have to be fetched as a whole and is too large for that."""
    return key.endswith(".xlsx") and size > LARGEST_WORKBOOK


def table_head(
    file: UploadedFile, expected: Expected | None = None, encoding: str | None = None
) -> TableHead:
    """What the sample tells; raises RefusedError with a sentence for the uploader."""
    with _refused():
        if is_too_large(file.key, file.size):
            with in_file(file.key):
                raise workbook_too_large()
        return bounded_head(
            file.key, lambda: read_head(file.sample, file.whole, file.key, expected, encoding)
        )


def csv_head(content: bytes, whole: bool, key: str) -> TableHead:
    """What a file that can only be a CSV tells; raises RefusedError likewise."""

    def read() -> TableHead:
        with in_file(key):
            return read_csv_head(content, whole)

    with _refused():
        return bounded_head(key, read)


def text_bytes(file: UploadedFile, head: TableHead) -> int:
    """How large a file would be as a CSV that is not packed."""
    ending = ending_of(file.key)
    if ending == ".csv.gz":
        ratio: float = bounded(file.key, lambda: unpacked(file.sample).ratio)
        return round(file.size * ratio)
    return max(file.size * TEXT_BYTES_PER_BYTE[ending], head.cell_bytes)


@contextmanager
def _refused() -> Iterator[None]:
    """Refuse what cannot be read: its owner has to change it."""
    try:
        yield
    except UnreadableError as error:
        raise RefusedError(error.message) from error


def is_other_file(used: InputFile | None, test: UploadedFile) -> bool:
    """Whether a job that was given `used` as its test file has not predicted this one."""
    return used is None or used.etag != test.etag
