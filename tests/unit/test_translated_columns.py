"""Columns of a CSV with their translations beside them."""

import pytest

from contract.messages import message
from pipeline.errors import RefusedError
from tests.messages import raises
from translation.columns import ColumnsFile, plan_columns, plan_copy, translated_csv
from translation.languages import Pair
from translation.status import columns_translated
from translation.translate import Translation

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


@pytest.mark.parametrize("for_people", [True, False])
def test_only_what_people_open_is_guarded_names_and_titles_included(for_people: bool) -> None:
    content = b"=T()\n@id,=review\n+a,good\n-5,bad\n"
    settings = b'{"columns": ["=review"], "source": "en", "target": "de"}'
    plan = plan_columns(FILE, content, settings, PAIR)
    written = translated_csv(plan, {"good": "=gut", "bad": "schlecht"}, for_people).splitlines()
    if for_people:
        assert written == [
            "'=T()",
            "'@id,'=review,'=review_de",
            "'+a,good,'=gut",
            "-5,bad,schlecht",
        ]
    else:
        # The job looks for the columns that the settings name.
        assert written[1:] == ["@id,=review,=review_de", "+a,good,'=gut", "-5,bad,schlecht"]


def test_a_copy_takes_only_columns_that_the_file_has() -> None:
    plan = plan_copy("data/x_test.csv", b"review,n\ngood,1\n", ["review", "label"], PAIR)
    assert plan.columns == ("review",)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"PK\x03\x04", "kind.zip"),
        (b"PAR1", "kind.parquet"),
    ],
)
def test_other_kinds_of_files_are_refused_in_words(content: bytes, kind: str) -> None:
    with raises(RefusedError, "file.not_csv", kind=message(kind)):
        plan_columns(FILE, content, SETTINGS, PAIR)


def test_the_status_of_a_file_says_how_many_translations_are_unsure() -> None:
    plan = plan_columns(
        ColumnsFile("toys"), b"id,review\n1,a\n2,b\n", b'{"columns": ["review"]}', Pair("en", "de")
    )
    doubt = message("doubt.script", language="en")
    answers = [Translation("a", "A", "own", doubt=doubt), Translation("b", "B", "own")]
    (found,) = [
        one
        for one in columns_translated(ColumnsFile("toys"), plan, answers).details
        if one.code == "detail.unsure"
    ]
    assert found.values == {"count": 1, "reason": doubt}
