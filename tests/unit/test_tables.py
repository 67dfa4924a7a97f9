"""The reader of the job and of the model, on files as people export them."""

import gzip
import os
import unicodedata
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_code.notes import Note
from model_code.tables import _is_footer, chunks, look_at, read_table, texts_of
from reading.csv_head import TableHead, expected_like
from reading.errors import UnreadableError
from reading.excel_head import LARGEST_WORKBOOK
from reading.header import IMPORT_ID
from tests.messages import raises
from tests.workbooks import edited, workbook


def train_file(folder: Path, content: str | bytes, name: str = "x_train.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def codes(notes: list[Note]) -> list[str]:
    return [note.code for note in notes]


def as_read(path: Path) -> list[list[str]]:
    return [
        list(row)
        for part in chunks(path, look_at(path))
        for row in zip(*(column.to_pylist() for column in part.columns), strict=True)
    ]


def texts(path: Path, head: TableHead | None = None) -> list[list[str]]:
    return [
        list(row)
        for part in chunks(path, head or look_at(path))
        for row in zip(*(column.to_pylist() for column in texts_of(part)), strict=True)
    ]


KOREAN = "주소,소득\n" + "서울특별시 강남구,높음\n부산광역시 해운대구,낮음\n" * 30


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp949"])
def test_columns_of_every_usual_encoding_are_read(tmp_path: Path, encoding: str) -> None:
    table = read_table(train_file(tmp_path, KOREAN.encode(encoding)))
    assert table.columns == ["주소", "소득"]
    assert table.data["소득"].to_pylist()[:2] == ["높음", "낮음"]
    assert ("read.encoding" in codes(table.notes)) == (encoding not in ("utf-8", "utf-8-sig"))


def test_a_packed_csv_is_read_like_a_plain_one(tmp_path: Path) -> None:
    plain = train_file(tmp_path, KOREAN)
    packed = train_file(tmp_path, gzip.compress(KOREAN.encode()), "x_train.csv.gz")
    assert read_table(packed).data == read_table(plain).data
    assert as_read(packed) == as_read(plain)


def test_titles_above_the_header_are_passed_over_and_told(tmp_path: Path) -> None:
    file = train_file(tmp_path, "Report of May\n\na,b\n1,2\n3,4\n")
    table = read_table(file)
    assert (table.columns, len(table)) == (["a", "b"], 2)
    assert codes(table.notes) == ["read.titles"]
    assert as_read(file) == [["1", "2"], ["3", "4"]]


def test_blank_and_repeated_names_become_names_of_their_own(tmp_path: Path) -> None:
    table = read_table(train_file(tmp_path, ",a,a\n0,1,2\n1,3,4\n"))
    assert table.columns == ["column_1", "a", "a.1"]
    assert codes(table.notes) == ["read.renamed"]


def test_a_few_rows_with_too_many_fields_are_left_out_and_told(tmp_path: Path) -> None:
    good = "1,2\n" * 600
    table = read_table(train_file(tmp_path, f"a,b\n{good}1,2,3\n4\n"))
    assert len(table) == 601
    assert codes(table.notes) == ["note.long_rows", "read.short_rows"]
    assert table.notes[0].values["line"] == 602


def test_many_rows_with_too_many_fields_make_the_file_unreadable(tmp_path: Path) -> None:
    with raises(UnreadableError, "file.long_rows", line=3, fields=3, expected=2, count=20):
        read_table(train_file(tmp_path, "a,b\n1,2\n" + "1,2,3\n" * 20 + "1,2\n" * 90))


def test_test_rows_are_never_lost_whatever_they_hold(tmp_path: Path) -> None:
    file = train_file(tmp_path, 'a,b\n1,2\n3\n4,5,6\n"x\ny",7\n\n8,"9"\n')
    assert as_read(file) == [["1", "2"], ["3", ""], ["4", "5,6"], ["x\ny", "7"], ["8", "9"]]


def test_a_quote_without_an_end_is_named_by_its_line(tmp_path: Path) -> None:
    rows = "1,2\n" * 50
    with raises(UnreadableError, "file.open_quote", line=52):
        read_table(train_file(tmp_path, f'a,b\n{rows}1,"2\nwords\n{rows}'))


@pytest.mark.parametrize("read", ["train", "test"])
@pytest.mark.parametrize(
    "ends", [("5 x", None), ('"5 x', None), ('"5 x', '"5 x'), ('"5 x', '5 x"')]
)
def test_a_stray_quote_behind_the_first_megabyte_joins_no_rows(
    tmp_path: Path, ends: tuple[str, str | None], read: str
) -> None:
    """Never closed, closed inside a later cell, or at the end of one, as a good quote would be."""
    both = {n: '"a, b"' for n in (*range(100), 48_000)}
    rows = [f"{n},{both.get(n, 'c')},plain words,{n % 3}" for n in range(50_000)]
    for place, cell in zip((48_000, 48_007), ends, strict=True):
        if cell:
            rows[place] = f"{place},{both.get(place, 'c')},{cell},1"
    file = train_file(tmp_path, "\n".join(["id,both,size,y", *rows, '7,c,"two\nlines",1']))
    if read == "train":
        table = read_table(file)
        data, notes = table.data, table.notes
    else:
        notes = []
        data = pa.concat_tables(chunks(file, look_at(file), notes))
    assert data["id"].to_pylist() == [*map(str, range(50_000)), "7"]
    assert data["both"][48_000].as_py() == "a, b"
    assert data["size"][48_000].as_py() == "5 x"
    assert data["size"][-1].as_py() == "two\nlines"
    assert codes(notes) == (["note.stray_quotes"] if '"' in "".join(filter(None, ends)) else [])


def test_texts_of_several_lines_are_no_rows(tmp_path: Path) -> None:
    texts = ["hello, you\nand, me", "a\nb", "so, he\nsaid"] * 20
    rows = [f'"{text}",{n}' for n, text in enumerate(texts)]
    table = read_table(train_file(tmp_path, "\n".join(["text,y", *rows])))
    assert (table.data["text"].to_pylist(), codes(table.notes)) == (texts, [])


def test_stray_bytes_behind_the_first_megabyte_cost_no_row(tmp_path: Path) -> None:
    rows = b"1,plain\n" * 140_000
    table = read_table(train_file(tmp_path, b"a,b\n" + rows + b"2,caf\xe9\n"))
    assert len(table) == 140_001
    assert table.data["b"][-1].as_py() == "caf\ufffd"
    assert codes(table.notes) == ["note.undecodable"]


def test_a_parquet_file_gives_the_texts_that_a_csv_of_it_would(tmp_path: Path) -> None:
    import datetime

    content = {
        "n": [1, None],
        "x": [1.5, 2.0],
        "day": [datetime.date(2024, 1, 2), None],
        "word": pa.array(["a", "b"]).dictionary_encode(),
    }
    pq.write_table(pa.table(content), tmp_path / "x_train.parquet")
    assert texts(tmp_path / "x_train.parquet") == [
        ["1", "1.5", "2024-01-02", "a"],
        ["", "2", "", "b"],
    ]


DATA = "".join(f"{n},{n % 7},{n / 4}\n" for n in range(40))


def table_of(folder: Path, content: str, name: str = "x_train.csv") -> tuple[int, list[str]]:
    """How many rows there are, and what is said of how they were read."""
    table = read_table(train_file(folder, content, name))
    return len(table), codes(table.notes)


def test_a_parquet_file_that_holds_fewer_rows_than_it_tells_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"a": range(50)}), path)
    head = look_at(path)
    with raises(UnreadableError, "file.parquet_damaged"):
        list(chunks(path, replace(head, row_count=51)))


@pytest.mark.parametrize("lost", [3, 9, 2000])
def test_an_archive_that_is_damaged_behind_its_head_is_refused(tmp_path: Path, lost: int) -> None:
    rows = "".join(f"{n},{n * n % 1009},{n % 7}\n" for n in range(150_000))
    packed = gzip.compress(f"a,b,c\n{rows}".encode())
    path = train_file(tmp_path, packed[:-lost] + bytes(lost), "x_train.csv.gz")
    look_at(path)
    with raises(UnreadableError, "file.gzip_invalid"):
        read_table(path)
    with raises(UnreadableError, "file.gzip_invalid"):
        list(chunks(path, look_at(path)))


def test_parts_of_a_small_parquet_file_stay_small(tmp_path: Path) -> None:
    path, text, count = tmp_path / "x.parquet", "y" * 1_000_000, 1000
    same = pa.DictionaryArray.from_arrays(pa.array([0] * count, pa.int32()), pa.array([text]))
    pq.write_table(pa.table({"a": same, "b": range(count)}), path)
    assert path.stat().st_size < 100_000
    parts = chunks(path, look_at(path))
    assert 1 < next(parts).num_rows < count / 2


def repeated(path: Path, text: str, count: int) -> Path:
    """A Parquet file whose footer tells one of its equal texts."""
    table = pa.table({"a": pa.array([text] * count), "b": range(count)})
    encodings = {"a": "DELTA_BYTE_ARRAY", "b": "PLAIN"}
    pq.write_table(table, path, use_dictionary=False, column_encoding=encodings)
    return path


@pytest.fixture
def little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("model_code.tables.memory_left_mb", lambda: 4)


@pytest.mark.parametrize(
    ("name", "reader"), [("x.parquet", "_parquet_parts"), ("x.xlsx", "read_head")]
)
def test_a_file_that_ends_its_reader_is_refused_and_does_not_end_the_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, reader: str
) -> None:
    path = repeated(tmp_path / name, "y" * 1000, 100)
    if name.endswith(".xlsx"):
        path.write_bytes(workbook({"S": [("a", "b"), (1, 2)]}))
    monkeypatch.setattr(f"model_code.tables.{reader}", lambda *given: os._exit(1))
    for read in (read_table, lambda path: list(chunks(path, look_at(path)))):
        with raises(UnreadableError, "file.too_demanding"):
            read(path)


@pytest.mark.usefixtures("little_memory")
def test_a_train_file_that_unpacks_to_more_than_half_the_memory_is_refused(tmp_path: Path) -> None:
    numbers = tmp_path / "x_train.parquet"
    pq.write_table(pa.table({"a": [0.0] * 100_000, "b": [0.0] * 100_000}), numbers)
    long = b"y" * 1000 + b",0\n"
    packed = train_file(tmp_path, gzip.compress(b"a,b\n" + long * 2000), "x_train.csv.gz")
    for path in (numbers, packed):
        with raises(UnreadableError, "file.too_demanding"):
            read_table(path)
    # A test file is read in parts.
    assert sum(part.num_rows for part in chunks(numbers, look_at(numbers))) == 100_000


def test_parts_of_a_parquet_file_are_as_small_as_its_true_texts_need(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = repeated(tmp_path / "x.parquet", "y" * 100_000, 100)
    head = look_at(path)
    assert head.cell_bytes < 1 << 20
    monkeypatch.setattr("model_code.tables.MOST_PART_BYTES", 1 << 20)
    assert all(part.num_rows <= 11 for part in chunks(path, head))


def workbook_of_copies(text: str, cells: int, changes: dict[bytes, bytes]) -> bytes:
    """A workbook in which many cells show one shared text, however they say so."""
    rows = [("a", "b"), *((text, n) for n in range(cells))]
    return edited(workbook({"S": rows}), changes)


@pytest.mark.parametrize(
    "changes",
    [{}, {b't="s"': b"t='s'"}, {b't="s"': b't = "s"'}, {b"sharedStrings": b"SharedStrings"}],
    ids=["plainly", "with other quotes", "with spaces", "in a part in other letters"],
)
def test_a_workbook_that_shows_a_long_text_often_is_refused_by_the_job_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[bytes, bytes]
) -> None:
    monkeypatch.setattr("reading.excel_head.MOST_UNPACKED_BYTES", 1_000_000)
    path = train_file(tmp_path, workbook_of_copies("y" * 30_000, 40, changes), "x_train.xlsx")
    with raises(UnreadableError, "file.workbook_cells"):
        look_at(path)


def test_a_workbook_that_is_too_large_for_the_functions_is_so_for_the_job(tmp_path: Path) -> None:
    path = tmp_path / "x_train.xlsx"
    with path.open("wb") as file:
        file.truncate(LARGEST_WORKBOOK + 1)
    with raises(UnreadableError, "file.workbook_size"):
        look_at(path)


@pytest.mark.parametrize("place", range(4, 400, 7))
def test_a_parquet_file_that_is_damaged_before_its_footer_is_read_or_refused(
    tmp_path: Path, place: int
) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"a": range(50), "b": [f"text {n}" for n in range(50)]}), path)
    content = path.read_bytes()
    path.write_bytes(content[:place] + b"\xff" * 7 + content[place + 7 :])
    try:
        read_table(path)
    except UnreadableError as refused:
        assert refused.message.root.code == "file.parquet_damaged"
        assert str(refused).count(path.name) == 1


@pytest.mark.parametrize(
    "footer",
    [
        "Total,7302,73020.00\n",
        "Total,7302,73020.00\n\nSource: ERP export 2024-01-31\nPage 1 of 1\n",
        "합계,280,390\n",
        "Source: Bureau of Statistics\n",
        "\nSource: national bank\n* estimates, not final\n",
        "Count: 40,,\n",
        "---,---,---\n",
    ],
)
def test_totals_and_notes_under_a_table_are_no_rows(tmp_path: Path, footer: str) -> None:
    assert table_of(tmp_path, f"a,b,c\n{DATA}{footer}") == (40, ["read.footer"])
    test = train_file(tmp_path, f"a,b,c\n{DATA}{footer}", "x_test.csv")
    assert len(texts(test)) == 40


@pytest.mark.parametrize("last", ["40\n", "40,,\n", ",,\n", "40,total,3\n", "Total Recall,1,2\n"])
def test_a_last_row_that_is_short_or_odd_is_a_row(tmp_path: Path, last: str) -> None:
    rows, notes = table_of(tmp_path, f"a,b,c\n{DATA}{last}")
    assert (rows, "read.footer" in notes) == (41, False)


QUESTIONS = "Start Date,How satisfied are you?,How easy was it?\n"
IMPORT_IDS = "".join(
    '"{""ImportId"":""' + name + '""}"' + end
    for name, end in (("startDate", ","), ("QID1", ","), ("QID2", "\n"))
)


@pytest.mark.parametrize(
    "labels",
    [
        *(QUESTIONS + IMPORT_IDS, "-,kg,cm\n", "id,number,number\n", ",Response,Response\n"),
        *("---,---,---\n", ":---,---:,---\n", ":---,-,:-\n"),
    ],
)
def test_rows_of_questions_or_units_under_the_names_are_no_data(
    tmp_path: Path, labels: str
) -> None:
    if labels.startswith("-"):
        labels = labels.replace("-", "n")
    rows, notes = table_of(tmp_path, f"a,b,c\n{labels}{DATA}")
    assert (rows, notes) == (40, ["read.labels"])


def test_a_test_file_of_one_row_has_the_label_rows_of_its_train_file(tmp_path: Path) -> None:
    questions = "Which city?,How many of them?\n"
    table = read_table(
        train_file(tmp_path, f"a,b,y\n{questions.strip()},Will you?\n" + "x,p,1\n" * 40)
    )
    assert (len(table), codes(table.notes)) == (40, ["read.labels"])
    test = train_file(tmp_path, f"a,b\n{questions}x,p\n", "x_test.csv")
    head = look_at(test, expected_like(table.head))
    assert [part.to_pylist() for part in chunks(test, head)] == [[{"a": "x", "b": "p"}]]


def test_rows_that_repeat_the_names_are_no_train_rows(tmp_path: Path) -> None:
    assert table_of(tmp_path, f"a,b,c\n{DATA}a,b,c\n{DATA}") == (80, ["read.repeated_names"])


def test_a_first_row_with_missing_values_is_data(tmp_path: Path) -> None:
    assert table_of(tmp_path, f"a,b,c\n?,n/a,-\n{DATA}") == (41, [])


QUOTED = [("it's", 'say "go, no"'), ("plain", "a, b"), ("x", "y")] * 20


def test_quotes_may_be_escaped_by_backslashes(tmp_path: Path) -> None:
    lines = [
        f'{a},"{b}",{n}'.replace('"go', '\\"go').replace('no"', 'no\\"')
        for n, (a, b) in enumerate(QUOTED)
    ]
    file = train_file(tmp_path, "\n".join(["a,b,n", *lines]).replace('\\""', '\\""'))
    table = read_table(file)
    assert table.data["b"].to_pylist() == [b for _, b in QUOTED]
    assert codes(table.notes) == ["read.backslash"]


def test_lines_that_sap_draws_across_all_columns_are_no_rows(tmp_path: Path) -> None:
    lines = [f"|{n:5} |P{n % 3}    |{n % 7},50- |" for n in range(40)]
    rule = "-" * len(lines[0])
    listed = ["Date 01.02.2024", "", rule, "|Nr    |Plant |Amount|", rule, *lines, rule]
    table = read_table(train_file(tmp_path, "\n".join(listed)))
    assert (table.columns[1:4], len(table)) == (["Nr", "Plant", "Amount"], 40)


def test_delimiters_may_be_escaped_by_backslashes(tmp_path: Path) -> None:
    lines = [f"{n},Good\\, bad {n},{n % 3}" if n % 2 else f"{n},Plain,{n % 3}" for n in range(40)]
    table = read_table(train_file(tmp_path, "\n".join(["id,title,y", *lines])))
    assert table.data["title"].to_pylist()[:2] == ["Plain", "Good, bad 1"]
    assert codes(table.notes) == ["read.backslash"]


def test_paths_of_windows_are_no_escapes(tmp_path: Path) -> None:
    lines = [rf"{n},C:\temp\,{n % 3}" for n in range(40)]
    table = read_table(train_file(tmp_path, "\n".join(["id,folder,y", *lines])))
    assert table.data["folder"][0].as_py() == "C:\\temp\\"
    assert codes(table.notes) == []


def test_single_quotes_may_hold_cells(tmp_path: Path) -> None:
    lines = [f"'{n}','P{n}, jr',{n % 3}" for n in range(40)]
    table = read_table(train_file(tmp_path, "\n".join(["'id','name','y'", *lines])))
    assert table.columns == ["id", "name", "y"]
    assert table.data["name"].to_pylist() == [f"P{n}, jr" for n in range(40)]
    assert codes(table.notes) == ["read.single_quotes"]


def test_single_quotes_may_hold_only_the_cells_that_need_them(tmp_path: Path) -> None:
    lines = [f"{n},'P{n}, jr',{n % 3}" if n % 4 == 0 else f"{n},P,0" for n in range(40)]
    table = read_table(train_file(tmp_path, "\n".join(["id,name,y", *lines])))
    assert table.data["name"].to_pylist()[:2] == ["P0, jr", "P"]


def test_spaces_may_stand_before_quotes(tmp_path: Path) -> None:
    lines = [f'"{n}", "P{n}, jr", "{n % 3}"' for n in range(40)]
    table = read_table(train_file(tmp_path, "\n".join(['"id", "name", "y"', *lines])))
    assert table.columns == ["id", "name", "y"]
    assert table.data["name"].to_pylist() == [f"P{n}, jr" for n in range(40)]


@pytest.mark.parametrize("stray", [5, 900])
def test_quotes_that_enclose_nothing_join_no_rows(tmp_path: Path, stray: int) -> None:
    """Wherever they are in the first megabyte: inches, and quotes that are never closed."""
    sizes = {stray: '"big', stray + 2: '"big'}
    lines = [f"{n},{sizes.get(n, 'small')},{n % 3}" for n in range(1000)]
    table = read_table(train_file(tmp_path, "\n".join(["id,size,y", *lines])))
    assert (len(table), codes(table.notes)) == (1000, ["read.unquoted"])
    assert table.data["size"][stray].as_py() == '"big'


def test_apostrophes_in_words_are_letters(tmp_path: Path) -> None:
    lines = [f"it's,don't,{n}" for n in range(40)]
    table = read_table(train_file(tmp_path, "\n".join(["a'b,c'd,y", *lines])))
    assert (table.data["a'b"][0].as_py(), codes(table.notes)) == ("it's", [])


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("나이,도시", unicodedata.normalize("NFD", "나이,도시")),
        ("\u200bage,city\u200b", "age,city"),
        ("Age,City Name", "age,city  name"),
        ("Ａｇｅ,city", "Age,City"),
        ("unit_price,size (cm)", "Unit Price,size..cm."),
    ],
)
def test_names_that_differ_in_form_or_case_are_matched(
    tmp_path: Path, train: str, test: str
) -> None:
    table = read_table(train_file(tmp_path, f"{train},y\n" + "1,p,3\n2,q,4\n" * 20))
    file = train_file(tmp_path, f"{test}\n1,p\n", "x_test.csv")
    head = look_at(file, expected_like(table.head))
    assert list(head.columns) == table.columns[:2]
    assert [list(part.column_names) for part in chunks(file, head)] == [table.columns[:2]]


def test_names_that_two_columns_could_have_are_left_alone(tmp_path: Path) -> None:
    table = read_table(train_file(tmp_path, "Age,y\n" + "1,3\n2,4\n" * 20))
    file = train_file(tmp_path, "age,AGE\n1,2\n", "x_test.csv")
    assert look_at(file, expected_like(table.head)).columns == ("age", "AGE")


WORDS = {
    "cp1250": ("Łódź", "Kraków", "Gdańsk"),
    "cp1251": ("Москва", "Казань", "Тверь"),
    "cp1252": ("Orléans", "Nîmes", "Besançon"),
    "cp1253": ("Αθήνα", "Πάτρα", "Βόλος"),
    "cp1254": ("Kırşehir", "İzmir", "Muğla"),
    "cp1256": ("القاهرة", "بيروت", "حلب"),
    "cp874": ("กรุงเทพ", "เชียงใหม่", "ภูเก็ต"),
    "cp949": ("서울특별시", "부산광역시", "대구광역시"),
    "iso8859_2": ("Łódź", "Częstochowa", "Gdańsk"),
    "koi8_r": ("Москва", "Казань", "Тверь"),
    "cp866": ("Москва", "Казань", "Тверь"),
    "mac_roman": ("Orléans", "Nîmes", "Besançon"),
}


@pytest.mark.parametrize("encoding", WORDS)
def test_words_of_every_encoding_are_read_or_the_doubt_is_told(
    tmp_path: Path, encoding: str
) -> None:
    names = WORDS[encoding]
    lines = [f"{n},{names[n % 3]},{names[(n + 1) % 3]}" for n in range(60)]
    content = "\n".join([f"n,{names[0]},{names[1]}", *lines]).encode(encoding)
    table = read_table(train_file(tmp_path, content))
    right = table.data.column(1).to_pylist() == [names[n % 3] for n in range(60)]
    assert right or "note.encoding_in_doubt" in codes(table.notes)
    asked = read_table(train_file(tmp_path, content), encoding)
    assert asked.columns == ["n", *names[:2]]
    # A file that belongs to it is read in the same way.
    test = train_file(tmp_path, f"n,{names[0]}\n1,{names[0]}\n".encode(encoding), "x_test.csv")
    assert look_at(test, expected_like(asked.head)).columns == ("n", names[0])


@pytest.mark.parametrize(
    ("encoding", "word"),
    [("cp874", "สูง"), ("gb18030", "高"), ("gb18030", "否"), ("big5", "高雄"), ("cp1255", "כן")],
)
def test_a_single_word_is_read_or_the_doubt_is_told(
    tmp_path: Path, encoding: str, word: str
) -> None:
    """Korean, Chinese and Japanese encodings make words of nearly any bytes."""
    content = "\n".join(["n,x,y", *(f"{n},{word},{n % 2}" for n in range(60))])
    table = read_table(train_file(tmp_path, content.encode(encoding)))
    right = set(table.data["x"].to_pylist()) == {word}
    assert right or "note.encoding_in_doubt" in codes(table.notes)


def test_signs_between_ascii_words_are_those_of_western_offices(tmp_path: Path) -> None:
    names = ["Binder, 3¾“ wide", "Phone\xa0with cord", "“Snap” pad", "Paper ½ A4"]
    lines = [f'{n},"{names[n % 4]}",{n % 2}' for n in range(60)]
    table = read_table(train_file(tmp_path, "\n".join(["n,x,y", *lines]).encode("cp1252")))
    assert table.data["x"].to_pylist()[:4] == names


def test_blank_rows_of_a_workbook_stay_in_their_places(tmp_path: Path) -> None:
    rows = [("a", "b"), (1, "x"), (None, None), (3, "z"), (None, None)]
    file = tmp_path / "x_test.xlsx"
    file.write_bytes(workbook({"S": rows}))
    assert texts(file) == [["1", "x"], ["", ""], ["3", "z"]]


def test_a_note_below_a_blank_row_of_a_workbook_is_quoted(tmp_path: Path) -> None:
    file = tmp_path / "x_test.xlsx"
    book = [("a", "b", "c"), *((n, "x", 1) for n in range(9)), (), ("Source: agency",)]
    file.write_bytes(workbook({"S": book}))
    notes: list[Note] = []
    assert pa.concat_tables(chunks(file, look_at(file), notes)).num_rows == 9
    assert [n.values["text"] for n in notes if n.code == "read.footer"] == ["Source: agency"]


# A cell that begins like one of Qualtrics' row of IDs makes its row one, and totals end a table.
CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\x00\ufeff"), max_size=12).filter(
    lambda cell: not cell.startswith(IMPORT_ID) and not _is_footer([cell, "1"], False)
)


@given(st.lists(st.lists(CELLS, min_size=2, max_size=2), min_size=1, max_size=20))
def test_whatever_a_csv_writer_writes_is_read_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]
) -> None:
    import csv

    file = tmp_path_factory.mktemp("csv") / "x_test.csv"
    with file.open("w", encoding="utf-8", newline="") as opened:
        csv.writer(opened, quoting=csv.QUOTE_ALL).writerows([["left", "right"], ["l", "r"], *rows])
    assert as_read(file) == [["l", "r"], *rows]
