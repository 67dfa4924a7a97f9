"""One guard against formulas, used by every file that the product writes for a spreadsheet."""

import ast
import csv
import io
import sys
import unicodedata
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.spreadsheet import safe, safe_row, would_run
from job_spec import Folders
from model_code.predictions import made_safe
from results import Results
from tests.template_facts import ROOT

SIGNS = ("=", "+", "-", "@")
WIDE = [
    character
    for character in map(chr, range(sys.maxunicode + 1))
    if unicodedata.normalize("NFKC", character).startswith(SIGNS)
]
CELLS = st.one_of(
    st.text(),
    st.builds(str.__add__, st.sampled_from([*WIDE, "\t", "\r"]), st.text(max_size=5)),
    st.floats(allow_nan=False, allow_infinity=False).map(str),
    st.integers().map(str),
)


@pytest.mark.parametrize("sign", [*WIDE, "\t", "\r", "\n"])
def test_a_text_that_begins_like_a_formula_gets_an_apostrophe(sign: str) -> None:
    assert safe(f"{sign}1+1") == f"'{sign}1+1"


@pytest.mark.parametrize("cell", ["+E5", "-e1", "+e+5", "-.,", "+ ", "-%", "+5E", "-5+1"])
def test_a_sign_without_a_number_is_not_one(cell: str) -> None:
    assert safe(cell) == f"'{cell}"


@pytest.mark.parametrize("number", ["-5", "+7 %", "-1.5e3", "-1,234.5", "-", "=", "", "5", "a=b"])
def test_what_is_data_stays_as_it_is(number: str) -> None:
    assert safe(number) == number


@given(st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False)))
def test_no_number_is_changed(number: float) -> None:
    assert safe(str(number)) == str(number)


@given(CELLS)
def test_nothing_runs_once_it_is_safe_and_only_what_would_run_is_changed(cell: str) -> None:
    assert not would_run(safe(cell))
    assert safe(cell) in (cell, f"'{cell}")


@given(st.lists(CELLS.filter(lambda cell: cell.isprintable() or cell.isascii()), min_size=1))
def test_a_column_at_a_time_is_guarded_as_cell_by_cell(cells: list[str]) -> None:
    assert made_safe(pa.array(cells, pa.string())).to_pylist() == list(map(safe, cells))


@given(st.lists(CELLS | st.integers() | st.none(), max_size=5))
def test_a_line_is_guarded_cell_by_cell_and_numbers_stay_numbers(cells: list[object]) -> None:
    assert safe_row(cells) == [safe(cell) if isinstance(cell, str) else cell for cell in cells]


def test_a_table_of_results_is_guarded_names_included(tmp_path: Path) -> None:
    folders = Folders({}, tmp_path / "model", tmp_path / "output", tmp_path / "output/data")
    folders.make()
    table = pd.DataFrame({"=feature": ["=cmd|' /C calc'!A0", "-5"], "importance": [0.5, None]})
    Results(folders, "x").write_table("x.csv", table)
    written = (folders.results / "x.csv").read_text("utf-8")
    assert list(csv.reader(io.StringIO(written))) == [
        ["'=feature", "importance"],
        ["'=cmd|' /C calc'!A0", "0.5"],
        ["-5", ""],
    ]


# What programs read, or what this machine reads again.
READ_BY_PROGRAMS = {
    "functions/serving/endpoint_answers.py",
    "functions/serving/answer.py",
    "training_src/check_model.py",
    "training_src/check_reading.py",
    "codefree/trained_model.py",
}


def test_no_file_for_people_is_written_past_the_guard() -> None:
    unguarded = {
        path.relative_to(ROOT).as_posix()
        for folder in ("functions", "training_src", "codefree")
        for path in (ROOT / folder).rglob("*.py")
        for function in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(function, ast.FunctionDef)
        and ("csv.writer" in (code := ast.unparse(function)) or ".to_csv(" in code)
        and "safe_row" not in code
    }
    assert unguarded == READ_BY_PROGRAMS
