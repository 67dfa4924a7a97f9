import gzip
import random

import pytest

from reading.csv_head import Expected, TableHead, read_csv_head
from reading.errors import UnreadableError
from reading.head import read_head
from reading.names import column_names
from tests.messages import raises


def head(content: bytes, whole: bool = True) -> TableHead:
    return read_csv_head(content, whole)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_one_that_gives_even_rows(delimiter: str) -> None:
    table = 'name,note,x\n"Kelly, Mr. J.","a;b|c",1\n"Lee, Ms.",hello,2\n'
    text = table if delimiter == "," else table.replace(",", delimiter)
    found = head(text.encode())
    assert found.delimiter == delimiter
    assert len(found.columns) == 3


def test_decimal_commas_do_not_hide_the_semicolon() -> None:
    assert head(b"a;b;c\n1,5;2,25;3,0\n4,5;5,5;6,5\n").columns == ("a", "b", "c")


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("utf-16", "utf-16"), ("cp949", "cp949")],
)
def test_korean_columns_are_read_in_every_usual_encoding(encoding: str, expected: str) -> None:
    rows = "".join(f"서울특별시 강남구,{n},높은 소득\n" for n in range(50))
    found = head(f"주소,나이,소득\n{rows}".encode(encoding))
    assert (found.encoding, found.columns) == (expected, ("주소", "나이", "소득"))


def test_letters_that_look_like_ascii_are_refused_in_words() -> None:
    content = "市,n\n東京,1\n大阪,2\n".encode("iso2022_jp")
    with raises(UnreadableError, "file.unknown_encoding"):
        head(content)
    assert read_csv_head(content, True, encoding="iso2022_jp").columns == ("市", "n")


def test_latin_text_is_read() -> None:
    rows = "".join(f"Müller, Straße {n};größer;é\n" for n in range(50))
    found = head(f"Käufer;Größe;Wert\n{rows}".encode("cp1252"))
    assert found.columns == ("Käufer", "Größe", "Wert")


def test_a_head_that_ends_inside_a_character_and_a_quote_loses_only_its_last_row() -> None:
    content = 'a,b\n1,"x\ny"\n2,z\n3,"한\n글'.encode()[:-1]
    assert head(content, whole=False).rows == (("1", "x\ny"), ("2", "z"))


def test_line_breaks_inside_quotes_stay_in_their_cell() -> None:
    assert head(b'a,b\r\n1,"x\r\ny"\r\n').rows == (("1", "x\r\ny"),)


def test_values_of_a_column_skip_rows_that_are_too_short() -> None:
    assert head(b"a,b\n1,2\n3\n4,5\n").values("b") == ["2", "5"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file.empty"),
        (b"\n \r\n", "file.empty"),
        (b"a,b,c\n", "file.no_rows"),
        (b"\x89PNG\r\n\x1a\n\x00", "kind.png"),
        (b"%PDF-1.7", "kind.pdf"),
        (b"PK\x03\x04xl/", "kind.zip"),
        (b"\x1f\x8b\x08", "kind.gzip"),
        (b"\x7fELF\x00\x00a,b\n", "file.not_text"),
        (b"name\nx\ny\n", "file.one_column"),
        (b"1,2.5,3\n4,5,6\n", "file.no_names"),
        (b"Titles\nand more of them\n", "file.one_column"),
    ],
)
def test_what_is_no_table_is_refused_with_what_it_is(content: bytes, code: str) -> None:
    with pytest.raises(UnreadableError) as refused:
        head(content)
    said = refused.value.message
    assert said.values.get("kind", said).code == code


def test_columns_numbered_from_zero_are_names() -> None:
    assert head(b"0,1,2\n4.5,5,6\n").columns == ("0", "1", "2")


def test_a_test_file_of_one_column_is_read_like_its_train_file() -> None:
    train = Expected(("review", "label"), ";")
    found = read_csv_head(b'review\n"a, b; c"\nd, e\n', True, train)
    assert (found.delimiter, found.columns) == (";", ("review",))
    assert found.values("review") == ["a, b; c", "d, e"]


def test_a_test_file_may_be_written_unlike_its_train_file() -> None:
    train = Expected(("a", "b", "y"), ";")
    assert read_csv_head(b"a,b\n1,2\n", True, train).columns == ("a", "b")


@pytest.mark.parametrize(
    ("content", "titles"),
    [
        (b"Sales of 2024\na,b,c\n1,2,3\n4,5,6\n", ("Sales of 2024",)),
        (b"Sales\nby Jo\n\n\na,b,c\n1,2,3\n4,5,6\n", ("Sales", "by Jo")),
        (b"Sales,,\n,,\na,b,c\n1,2,3\n4,5,6\n", ("Sales",)),
        (b"Made:,2024-01-31,\na,b,c\n1,2,3\n4,5,6\n", ("Made:,2024-01-31",)),
        (b"Sales, all shops\na,b,c\n1,2,3\n4,5,6\n", ("Sales, all shops",)),
        (b"\n\na,b,c\n1,2,3\n", ()),
    ],
)
def test_lines_above_the_header_are_titles(content: bytes, titles: tuple[str, ...]) -> None:
    found = head(content)
    assert (found.header, found.titles) == (("a", "b", "c"), titles)
    lines = content.decode().splitlines()
    assert lines[found.lines_above - 1 :][:2] == ["a,b,c", "1,2,3"]


@pytest.mark.parametrize(
    ("content", "header"),
    [
        (b",a,b\n1,2,3\n4,5,6\n", ("", "a", "b")),
        (b"a,b\nr1,1,2\nr2,3,4\n", ("", "a", "b")),
        (b"Title\na,b\nr1,1,2\nr2,3,4\n", ("", "a", "b")),
        (b"a,b\nx,y,z\nu,v,w\n", ("", "a", "b")),
        (b"a\nr1,1\nr2,2\n", ("", "a")),
        (b"a;b\n1;2;\n3;4;\n", ("a", "b", "")),
        (b"a;b;\n1;2;\n3;4;\n", ("a", "b", "")),
        (b"a;b;\n1;2;3\n4;5;6\n", ("a", "b", "")),
        (b"a;b;\n1;2\n3;4\n", ("a", "b")),
        (b"a,b,c\n1,2\n3,4\n", ("a", "b", "c")),
        (b"id,2019,2020\nx,1,2\ny,3,4\n", ("id", "2019", "2020")),
        (b"a,b,c\n1,,\n2,,\n3,4,5\n", ("a", "b", "c")),
        (b"name,note,kind\nx,,\ny,long,z\n", ("name", "note", "kind")),
    ],
)
def test_a_header_gets_one_name_per_cell_of_its_rows(
    content: bytes, header: tuple[str, ...]
) -> None:
    assert head(content).header == header


def test_a_header_that_is_expected_is_found_below_anything() -> None:
    content = b"Made:,by Jo,today\nx,y,z\n1,2,3\n"
    found = read_csv_head(content, True, Expected(("x", "y", "z", "target")))
    assert (found.header, found.lines_above) == (("x", "y", "z"), 2)


def test_a_header_without_any_name_that_is_expected_is_found_all_the_same() -> None:
    content = b"Title\na,b\n1,2\n"
    assert read_csv_head(content, True, Expected(("x", "y"))).header == ("a", "b")


@pytest.mark.parametrize(
    ("written", "names"),
    [
        (("a", "a", "a"), ("a", "a.1", "a.2")),
        (("a", "", "a"), ("a", "column_2", "a.1")),
        (("a", "a", "a.1"), ("a", "a.2", "a.1")),
        (("", "column_1"), ("column_1.1", "column_1")),
        ((" a ", "\ufeffb", "c\xa0"), ("a", "b", "c")),
    ],
)
def test_every_column_gets_a_name_of_its_own(
    written: tuple[str, ...], names: tuple[str, ...]
) -> None:
    assert column_names(written) == names


def test_columns_without_a_name_are_told_apart() -> None:
    found = head(b",a,a\n1,2,3\n")
    assert (found.columns, found.named) == (("column_1", "a", "a.1"), ("a", "a.1"))
    assert found.values("a.1") == ["3"]


TABLE = "a,b\n" + "".join(f"{n},{random.Random(n).random()}\n" for n in range(100_000))


def test_a_packed_csv_is_read_as_what_it_holds() -> None:
    found = read_head(gzip.compress(b"a,b\n1,2\n", mtime=0), True, "x.csv.gz")
    assert (found.columns, found.rows, found.whole) == (("a", "b"), (("1", "2"),), True)


def test_a_csv_that_was_packed_in_parts_is_read_beyond_the_first() -> None:
    parts = b"".join(gzip.compress(line, mtime=0) for line in (b"a,b\n", b"1,2\n", b"3,4\n"))
    assert read_head(parts, True, "x.csv.gz").rows == (("1", "2"), ("3", "4"))


@pytest.mark.parametrize("most", [1 << 20, 1 << 18])
def test_the_beginning_of_a_large_packed_csv_is_enough(most: int) -> None:
    packed = gzip.compress(TABLE.encode(), mtime=0)
    found = read_head(packed[:most], len(packed) <= most, "x.csv.gz")
    assert not found.whole
    lines = TABLE.splitlines()
    assert [",".join(row) for row in found.rows] == lines[1 : len(found.rows) + 1]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file.empty"),
        (b"a,b\n1,2\n", "file.gzip_invalid"),
        (gzip.compress(TABLE.encode(), mtime=0)[:1000], "file.gzip_cut"),
        (gzip.compress(b"", mtime=0), "file.empty"),
        (gzip.compress(gzip.compress(b"a,b\n1,2\n"), mtime=0), "file.not_csv"),
    ],
)
def test_a_packed_file_that_holds_no_table_is_refused(content: bytes, code: str) -> None:
    with raises(UnreadableError, code):
        read_head(content, True, "x.csv.gz")


@pytest.mark.parametrize(
    ("content", "ending"),
    [(b"PAR1", ".parquet"), (b"PK\x03\x04", ".xlsx"), (gzip.compress(b"a", mtime=0), ".csv.gz")],
)
def test_a_table_of_another_kind_is_told_its_ending(content: bytes, ending: str) -> None:
    with raises(UnreadableError, "file.wrong_ending", ending=ending):
        read_head(content, True, "x.csv")


def test_a_megabyte_without_the_end_of_a_line_is_not_called_empty() -> None:
    with raises(UnreadableError, "file.no_line_end"):
        head(b"a,b" * 1000, whole=False)


@pytest.mark.parametrize("name", ["data/x.csv", "data/x.csv.gz", "x.parquet", "x.xlsx", "x.txt"])
def test_what_cannot_be_read_is_named_once(name: str) -> None:
    with pytest.raises(UnreadableError) as refused:
        read_head(b"", True, name)
    assert refused.value.message.values["file"] == name
    assert str(refused.value).count(name) == 1


def test_any_number_of_drawn_lines_is_no_data() -> None:
    drawn = "----|----\n" * 5000
    head = read_csv_head(f"name|size\n{drawn}a|1\nb|2\n".encode(), True)
    assert head.rows == (("a", "1"), ("b", "2"))
