import pytest

from automl.csv_head import CsvHead, read_csv_head
from automl.errors import RefusedError

KEY = "data/x_train.csv"


def head(content: bytes, whole: bool = True) -> CsvHead:
    return read_csv_head(content, whole, KEY)


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
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\n \r\n", "is empty"),
        (b"a,b,c\n", "column names but no rows"),
        (b"\x89PNG\r\n\x1a\n\x00", "a PNG picture"),
        (b"%PDF-1.7", "a PDF document"),
        (b"PK\x03\x04xl/", "an Excel workbook"),
        (b"\x1f\x8b\x08", "a gzip archive"),
        (b"\x7fELF\x00\x00a,b\n", "not text"),
        (b"name\nx\ny\n", "only one column, 'name'"),
        (b"1,2.5,3\n4,5,6\n", "looks like a row of data"),
    ],
)
def test_what_is_no_table_is_refused_with_what_it_is(content: bytes, words: str) -> None:
    with pytest.raises(RefusedError, match=words):
        head(content)


def test_columns_numbered_from_zero_are_names() -> None:
    assert head(b"0,1,2\n4.5,5,6\n").columns == ("0", "1", "2")


def test_a_test_file_of_one_column_is_read_like_its_train_file() -> None:
    train = head(b"review;label\nfine;1\n")
    found = read_csv_head(b'review\n"a, b; c"\nd, e\n', True, "data/x_test.csv", train)
    assert (found.delimiter, found.columns) == (";", ("review",))
    assert found.values("review") == ["a, b; c", "d, e"]


def test_a_test_file_may_be_written_unlike_its_train_file() -> None:
    train = head(b"a;b;y\n1;2;3\n")
    assert read_csv_head(b"a,b\n1,2\n", True, "data/x_test.csv", train).columns == ("a", "b")
