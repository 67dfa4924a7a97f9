"""Cells of the predictions file are harmless in a spreadsheet."""

import pyarrow as pa
import pytest

from model_code.predictions import made_safe


def in_a_spreadsheet(cell: str) -> str:
    (found,) = made_safe(pa.array([cell])).to_pylist()
    return str(found)


@pytest.mark.parametrize(
    "cell",
    ["=1+1", "=HYPERLINK(1)", "@SUM(A1)", "+1+cmd|' /C calc'!A0", "-2+3", "\t=1", "\r=1", "=-5"],
)
def test_what_a_spreadsheet_would_calculate_gets_an_apostrophe(cell: str) -> None:
    assert in_a_spreadsheet(cell) == f"'{cell}"


NUMBERS = ["-5", "+3.5", "-1,5", "-1e-5", "-1,234.5", "+82 10 1234", "-5 %"]


@pytest.mark.parametrize("cell", [*NUMBERS, "", "-", "a=b", "5-3", "서울"])
def test_numbers_and_plain_texts_stay_as_they_are(cell: str) -> None:
    assert in_a_spreadsheet(cell) == cell
