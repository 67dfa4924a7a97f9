"""Files that take a reader all memory, all time or its life are refused; the next one is read."""

import faulthandler
import gzip
import io
import itertools
import os
import signal
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from automl.dataset import Dataset
from automl.plan import plan_training
from pipeline.errors import RefusedError
from pipeline.files import UploadedFile, UploadedFiles, csv_head, table_head
from reading import bounded
from reading.bounded import ReaderError
from reading.errors import UnreadableError
from reading.excel_head import SHARED_STRINGS
from reading.head import read_head
from tests.conftest import PATIENCE_SECONDS, alive, eventually
from tests.messages import raises
from tests.plans import STACK
from tests.template_facts import FUNCTIONS
from tests.workbooks import workbook

NAME = "data/x_train.xlsx"
ROWS = [("a", "b"), (1, "x"), (2, "y")]
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="macOS does not limit memory")


def uploaded(key: str, content: bytes) -> UploadedFile:
    return UploadedFile(key, len(content), "0123", "v1", "2026-11-21T04:00:00+00:00", content)


def parquet() -> bytes:
    written = io.BytesIO()
    pq.write_table(pa.table({"a": [1, 2], "b": ["x", "y"]}), written)
    return written.getvalue()


CSV = "Sales 2024\nid;city\n1;'Bern; Basel'\n2;'Zürich'\n3;'Genf'\n".encode("cp1252")


@pytest.mark.parametrize(
    ("key", "content"),
    [
        ("data/x_train.csv", CSV),
        ("data/x_train.csv.gz", gzip.compress(CSV)),
        ("data/x_train.xlsx", workbook({"S": [("title",), *ROWS]})),
        ("data/x_train.parquet", parquet()),
    ],
)
def test_what_a_child_reads_is_what_is_read_here(key: str, content: bytes) -> None:
    assert table_head(uploaded(key, content)) == read_head(content, True, key)


def allocates() -> object:
    return [bytearray(1 << 24) for _ in itertools.count()]


def never_ends() -> object:
    return sum(itertools.count())


def aborts() -> object:
    os.abort()


def is_killed() -> object:
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(3600)
    return None


def leaves() -> object:
    sys.exit("as a library may")


def answers_too_much() -> object:
    return "x" * 200


@dataclass(frozen=True)
class Limits:
    """Small ones, so that no test takes long."""

    MOST_BYTES: int = 100 << 20
    MOST_SECONDS: int = 1
    MOST_ANSWER_BYTES: int = 100


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in vars(Limits()).items():
        monkeypatch.setattr(bounded, name, value)
    bound = bounded._bound
    # A child that aborts would write pytest's report of a crash.
    monkeypatch.setattr(bounded, "_bound", lambda *given: (faulthandler.disable(), bound(*given)))


@contextmanager
def names_the_file() -> Iterator[None]:
    """Once: its refusal says which file it is about."""
    try:
        yield
    except UnreadableError as refused:
        assert str(refused).count(NAME) == 1
        raise


def require_next_is_read() -> None:
    child, answer = bounded.bounded(NAME, lambda: (os.getpid(), ("a", None)))
    assert answer == ["a", None]
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    "read",
    [
        pytest.param(allocates, marks=LINUX),
        *(never_ends, aborts, is_killed, leaves, answers_too_much),
    ],
)
def test_a_reader_without_end_is_refused_in_words(read: Callable[[], object]) -> None:
    with raises(UnreadableError, "file.too_demanding"), names_the_file():
        bounded.bounded(NAME, read)
    require_next_is_read()


def test_a_reader_that_only_waits_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "LONGEST_WAIT_SECONDS", 0.1)
    with raises(UnreadableError, "file.too_demanding"):
        bounded.bounded(NAME, signal.pause)
    require_next_is_read()


def refuses() -> object:
    return read_head(b"", True, NAME)


def is_broken() -> object:
    return {}["lacking"]


def test_a_refusal_comes_back_with_its_code_and_name() -> None:
    with raises(UnreadableError, "file.empty"), names_the_file():
        bounded.bounded(NAME, refuses)


def test_a_fault_of_a_reader_is_no_refusal_and_names_its_line() -> None:
    with pytest.raises(ReaderError, match="is_broken") as fault:
        bounded.bounded(NAME, is_broken)
    assert "KeyError: 'lacking'" in str(fault.value)
    require_next_is_read()


def many_strings(count: int) -> bytes:
    """A small workbook whose reader wants memory for each of its strings before it reads a cell."""
    written = io.BytesIO(workbook({"S": ROWS}))
    with zipfile.ZipFile(written, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(SHARED_STRINGS, b"<sst>%b</sst>" % (b"<si><t>a</t></si>" * count))
    return written.getvalue()


@LINUX
@pytest.mark.usefixtures("small")
def test_a_workbook_that_ends_its_reader_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "MOST_ANSWER_BYTES", 10_000)
    content = many_strings(4_000_000)
    assert len(content) < 1 << 20
    with raises(RefusedError, "file.too_demanding"):
        table_head(uploaded(NAME, content))
    assert table_head(uploaded(NAME, many_strings(10))).columns == ("a", "b")


def test_a_file_to_translate_is_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "MOST_ANSWER_BYTES", 10)
    with raises(RefusedError, "file.too_demanding"):
        csv_head(b"a,b\n1,2\n", True, NAME)


def wide(key: str, names: str, rows: int = 3, columns: int = 75_000) -> UploadedFile:
    lines = [[f"{names}{n}" for n in range(columns)], *[["1"] * columns] * rows]
    content = "\n".join(map(",".join, lines)).encode()
    return replace(uploaded(key, content[: 1 << 20]), size=len(content))


@pytest.mark.parametrize("test_names", ["b", "ID", ""])
def test_a_header_of_many_names_is_planned_or_refused_in_time(
    monkeypatch: pytest.MonkeyPatch, test_names: str
) -> None:
    """What is done with a head, outside the child, takes half the time that reading may take."""
    monkeypatch.setattr(bounded, "MOST_SECONDS", bounded.MOST_SECONDS // 2)
    monkeypatch.setattr(bounded, "LONGEST_WAIT_SECONDS", PATIENCE_SECONDS)
    test = wide("data/x_test.csv", test_names) if test_names else None
    files = UploadedFiles(wide("data/x_train.csv", "id"), test, None)

    def plans() -> object:
        with pytest.raises(RefusedError) as refused:
            plan_training(Dataset("x"), files, STACK)
        return refused.value.message.root.code

    assert bounded.bounded(NAME, plans).startswith("target.undecided")


@LINUX
def test_a_killed_function_leaves_no_reader() -> None:
    told, tell = os.pipe()
    parent = os.fork()
    if parent == 0:
        try:
            bounded.bounded(NAME, lambda: (os.write(tell, str(os.getpid()).encode()), never_ends()))
        finally:
            os._exit(0)
    child = int(os.read(told, 20))
    os.close(told), os.close(tell)
    os.kill(parent, signal.SIGKILL)
    os.waitpid(parent, 0)
    eventually(lambda: not alive(child))


def test_what_reading_may_take_fits_into_its_function() -> None:
    function = FUNCTIONS["StartTrainingFunction"]
    assert bounded.MOST_BYTES < function["MemorySize"] << 20
    # A train file that is just accepted, and a test file whose reader only waits.
    assert bounded.MOST_SECONDS + bounded.LONGEST_WAIT_SECONDS <= function["Timeout"]
