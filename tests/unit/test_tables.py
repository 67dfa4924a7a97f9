"""The reader of the job and of the model, on files as people export them."""

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_code.tables import chunks, look_at, read_table
from reading.errors import UnreadableError


def train_file(folder: Path, content: str | bytes, name: str = "x_train.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def keys(notes: list[object]) -> list[str]:
    return [note.key for note in notes]  # type: ignore[attr-defined]


def as_read(path: Path) -> list[list[str]]:
    return [
        list(row)
        for part in chunks(path, look_at(path))
        for row in zip(*(column.to_pylist() for column in part.columns), strict=True)
    ]


KOREAN = "주소,소득\n" + "서울특별시 강남구,높음\n부산광역시 해운대구,낮음\n" * 30


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp949"])
def test_columns_of_every_usual_encoding_are_read(tmp_path: Path, encoding: str) -> None:
    table = read_table(train_file(tmp_path, KOREAN.encode(encoding)))
    assert table.columns == ["주소", "소득"]
    assert table.data["소득"].to_pylist()[:2] == ["높음", "낮음"]
    assert ("encoding" in keys(table.notes)) == (encoding not in ("utf-8", "utf-8-sig"))


def test_a_packed_csv_is_read_like_a_plain_one(tmp_path: Path) -> None:
    plain = train_file(tmp_path, KOREAN)
    packed = train_file(tmp_path, gzip.compress(KOREAN.encode()), "x_train.csv.gz")
    assert read_table(packed).data == read_table(plain).data
    assert as_read(packed) == as_read(plain)


def test_titles_above_the_header_are_passed_over_and_told(tmp_path: Path) -> None:
    file = train_file(tmp_path, "Report of May\n\na,b\n1,2\n3,4\n")
    table = read_table(file)
    assert (table.columns, len(table)) == (["a", "b"], 2)
    assert keys(table.notes) == ["titles"]
    assert as_read(file) == [["1", "2"], ["3", "4"]]


def test_blank_and_repeated_names_become_names_of_their_own(tmp_path: Path) -> None:
    table = read_table(train_file(tmp_path, ",a,a\n0,1,2\n1,3,4\n"))
    assert table.columns == ["column_1", "a", "a.1"]
    assert keys(table.notes) == ["renamed"]


def test_a_few_rows_with_too_many_fields_are_left_out_and_told(tmp_path: Path) -> None:
    good = "1,2\n" * 600
    table = read_table(train_file(tmp_path, f"a,b\n{good}1,2,3\n4\n"))
    assert len(table) == 601
    assert keys(table.notes) == ["long_rows", "short_rows"]
    assert table.notes[0].values["line"] == 602


def test_many_rows_with_too_many_fields_make_the_file_unreadable(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="line 3 has 3 fields where 2 are expected"):
        read_table(train_file(tmp_path, "a,b\n1,2\n" + "1,2,3\n" * 20 + "1,2\n" * 90))


def test_test_rows_are_never_lost_whatever_they_hold(tmp_path: Path) -> None:
    file = train_file(tmp_path, 'a,b\n1,2\n3\n4,5,6\n"x\ny",7\n\n8,"9"\n')
    assert as_read(file) == [["1", "2"], ["3", ""], ["4", "5,6"], ["x\ny", "7"], ["8", "9"]]


def test_a_quote_without_an_end_is_named_by_its_line(tmp_path: Path) -> None:
    rows = "1,2\n" * 50
    with pytest.raises(UnreadableError, match="opened near line 52 is never closed"):
        read_table(train_file(tmp_path, f'a,b\n{rows}1,"2\n{rows}'))


def test_stray_bytes_behind_the_first_megabyte_cost_no_row(tmp_path: Path) -> None:
    rows = b"1,plain\n" * 140_000
    table = read_table(train_file(tmp_path, b"a,b\n" + rows + b"2,caf\xe9\n"))
    assert len(table) == 140_001
    assert table.data["b"][-1].as_py() == "caf\ufffd"
    assert keys(table.notes) == ["undecodable"]


def test_a_parquet_file_gives_the_texts_that_a_csv_of_it_would(tmp_path: Path) -> None:
    import datetime

    content = {
        "n": [1, None],
        "x": [1.5, 2.0],
        "day": [datetime.date(2024, 1, 2), None],
        "word": pa.array(["a", "b"]).dictionary_encode(),
    }
    pq.write_table(pa.table(content), tmp_path / "x_train.parquet")
    assert as_read(tmp_path / "x_train.parquet") == [
        ["1", "1.5", "2024-01-02", "a"],
        ["", "2", "", "b"],
    ]


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\x00\ufeff"), max_size=12)


@given(st.lists(st.lists(CELLS, min_size=2, max_size=2), min_size=1, max_size=20))
def test_whatever_a_csv_writer_writes_is_read_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]
) -> None:
    import csv

    file = tmp_path_factory.mktemp("csv") / "x_test.csv"
    with file.open("w", encoding="utf-8", newline="") as opened:
        csv.writer(opened, quoting=csv.QUOTE_ALL).writerows([["left", "right"], ["l", "r"], *rows])
    assert as_read(file) == [["l", "r"], *rows]
