"""Columns of a CSV with their translations beside them."""

import pytest

from automl.errors import RefusedError
from translation.columns import ColumnsFile, plan_columns, plan_copy, translated_csv
from translation.languages import Pair

PAIR = Pair("en", "de")
FILE = ColumnsFile("x")
SETTINGS = b'{"columns": ["review"], "source": "en", "target": "de"}'


def test_titles_and_names_stay_as_they_were_written() -> None:
    content = b"Reviews of 2024\r\n,review , id,id\r\n1,good,2,3\r\n2,bad,4,5\r\n"
    plan = plan_columns(FILE, content, SETTINGS, PAIR)
    assert translated_csv(plan, {"good": "gut", "bad": "=schlecht"}).splitlines() == [
        "Reviews of 2024",
        ",review ,review_de, id,id",
        "1,good,gut,2,3",
        "2,bad,'=schlecht,4,5",
    ]


def test_a_copy_takes_only_columns_that_the_file_has() -> None:
    plan = plan_copy("data/x_test.csv", b"review,n\ngood,1\n", ["review", "label"], PAIR)
    assert plan.columns == ("review",)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"PK\x03\x04", "is an Excel workbook or a zip archive, not a CSV; export the table as"),
        (b"PAR1", "is a Parquet file, not a CSV"),
    ],
)
def test_other_kinds_of_files_are_refused_in_words(content: bytes, words: str) -> None:
    with pytest.raises(RefusedError, match=words):
        plan_columns(FILE, content, SETTINGS, PAIR)
