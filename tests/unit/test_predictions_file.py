"""Cells of the predictions file are harmless in a spreadsheet."""

import pytest

from model_code.predictions import safe_cell


@pytest.mark.parametrize(
    "cell",
    ["=1+1", "=HYPERLINK(1)", "@SUM(A1)", "+1+cmd|' /C calc'!A0", "-2+3", "\t=1", "\r=1", "=-5"],
)
def test_what_a_spreadsheet_would_calculate_gets_an_apostrophe(cell: str) -> None:
    assert safe_cell(cell) == f"'{cell}"


@pytest.mark.parametrize(
    "cell", ["", "-", "-5", "+3.5", "-1,5", "-1e-5", "a=b", "5-3", "서울", "'x"]
)
def test_numbers_and_plain_texts_stay_as_they_are(cell: str) -> None:
    assert safe_cell(cell) == cell
