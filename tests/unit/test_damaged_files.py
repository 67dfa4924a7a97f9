"""Real files with parts that are changed, repeated, exchanged or lacking are read or refused.

It is the same mutations in each run. What comes of a longer run belongs here as an example.
"""

import gzip
import io
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_code.tables import read_table
from reading.csv_head import HEAD_BYTES
from reading.errors import UnreadableError
from reading.head import read_head
from tests.template_facts import ROOT

SAMPLES = sorted((ROOT / "samples").glob("*_t*.csv"))
ROWS = 40
Edit = Callable[[bytes, bytes], bytes]


def excel(frame: pd.DataFrame) -> bytes:
    written = io.BytesIO()
    frame.to_excel(written, index=False)
    return written.getvalue()


def files(ending: str) -> list[bytes]:
    """The beginnings of the samples in one kind of file."""
    frames = [pd.read_csv(path, nrows=ROWS) for path in SAMPLES]
    lines = [b"".join(path.read_bytes().splitlines(keepends=True)[:ROWS]) for path in SAMPLES]
    match ending:
        case ".csv":
            return [*lines, *(line.decode().encode("utf-16") for line in lines)]
        case ".csv.gz":
            return [gzip.compress(line, mtime=0) for line in lines]
        case ".xlsx":
            return [excel(frame) for frame in frames]
    return [frame.to_parquet(compression=how) for frame in frames for how in ("snappy", "none")]


FILES = {ending: files(ending) for ending in (".csv", ".csv.gz", ".xlsx", ".parquet")}
LENGTHS = st.sampled_from([1, 2, 8, 64, 512])


@st.composite
def edited(draw: st.DrawFn, content: bytes, other: bytes) -> bytes:
    """Bytes with some places changed."""
    for _ in range(draw(st.integers(1, 4))):
        if not content:
            break
        start = draw(st.integers(0, len(content) - 1))
        end = min(len(content), start + draw(LENGTHS))
        place = draw(st.integers(0, len(other)))
        piece = draw(
            st.sampled_from(
                [
                    b"",
                    bytes(end - start),
                    content[start:end] * 2,
                    content[start:end] * 100,
                    other[place : place + end - start],
                    bytes([content[start] ^ 1 << draw(st.integers(0, 7))])
                    + content[start + 1 : end],
                ]
            )
            | st.binary(max_size=8)
        )
        rest = draw(
            st.sampled_from([content[end:], content[end:], content[end:], other[place:], b""])
        )
        content = content[:start] + piece + rest
    return content


@st.composite
def edited_archive(draw: st.DrawFn, content: bytes, other: bytes) -> bytes:
    """A workbook with parts that are changed, there twice, those of another one, or lacking."""
    parts, others = members(content), members(other)
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(parts) - 1))
        name, part = parts[place]
        _, strange = draw(st.sampled_from(others))
        changed = (name, draw(edited(part, strange) | st.just(strange)))
        now = [changed], [(name, part), changed], [(name, part)] * 2, []
        parts[place : place + 1] = draw(st.sampled_from(now))
        if not parts:
            break
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, part in parts:
            archive.writestr(name, part)
    return written.getvalue()


def members(content: bytes) -> list[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return [(name, archive.read(name)) for name in archive.namelist()]


@st.composite
def damaged(draw: st.DrawFn, ending: str) -> bytes:
    content, other = draw(st.sampled_from(FILES[ending])), draw(st.sampled_from(FILES[ending]))
    inside = draw(st.booleans())
    if inside and ending == ".xlsx":
        return draw(edited_archive(content, other))
    if inside and ending == ".csv.gz":
        rows = draw(edited(gzip.decompress(content), gzip.decompress(other)))
        return gzip.compress(rows, 1, mtime=0) + draw(st.sampled_from([b"", other]))
    return draw(edited(content, other))


@pytest.mark.parametrize("ending", FILES)
def test_a_damaged_file_is_read_or_refused_in_words(
    ending: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("damaged") / f"x_train{ending}"

    @given(damaged(ending))
    @settings(max_examples=60, derandomize=True, database=None)
    def read(content: bytes) -> None:
        is_read_or_refused(path, content)

    read()


def is_read_or_refused(path: Path, content: bytes) -> None:
    """By the functions, and by the job, which reads what they accept."""
    path.write_bytes(content)
    sample = content[-HEAD_BYTES:] if path.suffix == ".parquet" else content
    try:
        assert read_head(sample, True, path.name).columns
        assert len(read_table(path))
    except UnreadableError as refused:
        assert path.name in str(refused)
