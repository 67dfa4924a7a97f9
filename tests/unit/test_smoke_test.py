"""Does a model say what its own predictions file says? That a real one does is tested where one is
trained."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.spreadsheet import safe
from portable.archive import unpack_model
from portable.model import load_model
from serving.smoke_test import MOST_BYTES, MOST_ROWS, unfit
from tests.portable_models import PROBABILITY, guessing_model

MODEL = load_model(unpack_model(guessing_model("Sex")))
BROKEN = load_model(unpack_model(guessing_model("Sex", broken=True)))
SAID = ["0", str(1 - PROBABILITY), str(PROBABILITY), "because"]
HEADER = ["Sex", "prediction", "probability_0", "probability_1", "reasons"]
CELLS = st.text(st.characters(codec="utf-8"), max_size=20)


def file(header: list[str], *rows: list[str], mark: bool = True) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    return text.getvalue().encode("utf-8-sig" if mark else "utf-8")


@given(
    st.lists(CELLS.map(safe), min_size=1, max_size=5),
    st.booleans(),
    st.sampled_from(
        [[], ["prediction"], ["prediction", "probability_0", "probability_1", "reasons"]]
    ),
    st.sampled_from([[], ["reason_1", "reason_1_amount"]]),
)
def test_a_file_that_the_model_has_written_agrees_whatever_is_in_its_cells(
    cells: list[str], mark: bool, alike: list[str], more: list[str]
) -> None:
    rows = [[cell, *("x" for _ in alike), *SAID, *("y" for _ in more)] for cell in cells]
    header = ["Sex", *alike, *HEADER[1:], *more]
    assert unfit(MODEL, file(header, *rows, mark=mark), points=True) is None


@pytest.mark.parametrize(
    "said",
    [
        ["1", *SAID[1:]],
        ["0", "0.7499", "0.2501", ""],
        ["0", "", "", ""],
        ["not known", *SAID[1:]],
    ],
)
def test_a_row_that_is_answered_otherwise_is_found(said: list[str]) -> None:
    found = unfit(MODEL, file(HEADER, ["male", *SAID], ["female", *said]), points=True)
    assert found is not None
    assert (found.code, found.values["count"], found.values["rows"]) == ("live.differs", 1, 2)


def test_a_label_may_be_written_as_a_value() -> None:
    assert unfit(MODEL, file(HEADER, ["male", "0.0", *SAID[1:]]), points=True) is None


def test_a_model_that_breaks_is_unfit() -> None:
    found = unfit(BROKEN, file(HEADER, ["male", *SAID]), points=True)
    assert found is not None and found.code == "live.broke"


def test_a_cell_that_was_made_harmless_is_not_taken_for_what_it_was() -> None:
    """The row is left out, even where it says something else."""
    assert unfit(MODEL, file(HEADER, ["'=1+1", "1", "0", "1", ""]), points=True) is None


def test_a_long_file_is_read_in_part_and_its_last_row_may_lack_its_end() -> None:
    whole = file(HEADER, *([["x" * 2000, *SAID]] * 1000))
    part = whole[:MOST_BYTES]
    assert unfit(MODEL, part, points=True) is None
    wrong = ["male", "1", "0", "1", ""]
    assert unfit(MODEL, file(HEADER, *([["male", *SAID]] * MOST_ROWS), wrong), points=True) is None
    assert unfit(MODEL, file(HEADER, *([["male", *SAID]] * (MOST_ROWS - 1)), wrong), points=True)


def test_a_cell_that_no_parser_takes_ends_what_is_compared() -> None:
    long, wrong = ["x" * 2000, *SAID], ["male", "1", "0", "1", ""]
    # Of the whole process; readers of files raise it.
    before = csv.field_size_limit(1000)
    try:
        assert unfit(MODEL, file(HEADER, ["male", *SAID], long, wrong), points=True) is None
    finally:
        csv.field_size_limit(before)
    assert unfit(MODEL, file(HEADER, ["male", *SAID], long, wrong), points=True)


@given(st.binary(max_size=200))
def test_what_is_no_predictions_file_is_no_reason(content: bytes) -> None:
    assert unfit(MODEL, content, points=True) is None
