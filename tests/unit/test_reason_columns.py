"""Reasons for programs: a column and its amount each, which are those of the text for people."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from earlier_model import EarlierModel
from model_code.amounts import STRONGEST, RowReasons, joined_reasons, no_reasons, of_strongest
from model_code.amounts import strongest as strongest_of
from model_code.predictions import REASON_COLUMNS, Model, write_predictions
from model_code.preprocessor import Preprocessor
from model_code.tables import look_at
from problem import Problem
from reading.column import NUMBER, Column
from reading.csv_head import expected_like

ROWS = 40
FORMULA = "=x"


class Reasons:
    """The first ROWS // 2 rows have some: twice the first column, and the second one."""

    possible = True

    def within(self, steps: float, rows: int) -> "Reasons":
        return self

    def of_rows(self, features: pd.DataFrame, part: pa.Table, answer: pd.DataFrame) -> RowReasons:
        values = features.to_numpy(float)
        moved = pd.DataFrame({FORMULA: 2 * values[:, 0], "b": values[:, 1]})
        return of_strongest(["text"] * len(moved), moved, strongest_of(moved))


@pytest.fixture
def model(tmp_path: Path) -> tuple[Model, Path]:
    file = tmp_path / "x_test.csv"
    lines = [f"{n},{-3 * n if n % 2 else n}" for n in range(1, ROWS + 1)]
    file.write_text("\n".join([f"{FORMULA},b", *lines, ""]))
    columns = [Column(FORMULA, NUMBER), Column("b", NUMBER)]
    made: Any = Model.__new__(Model)
    made.preprocessor = Preprocessor("y", columns, expected_like(look_at(file)), [])
    made.reasons = Reasons()
    made.answer = lambda features: pd.DataFrame(
        {"prediction": ["no"] * len(features), "probability_no": 0.9, "probability_yes": 0.1}
    )
    return made, file


def written(model: Model, file: Path, **options: Any) -> pd.DataFrame:
    into = file.with_name("predictions.csv")
    write_predictions(model, file, into, **options)
    return pd.read_csv(into, encoding="utf-8-sig", dtype=str, keep_default_na=False)


def test_without_the_setting_nothing_changes(model: tuple[Model, Path]) -> None:
    assert list(written(*model).columns)[-1] == "reasons"


@pytest.mark.parametrize("safe", [True, False])
def test_each_reason_is_a_column_and_its_amount_strongest_first(
    model: tuple[Model, Path], safe: bool
) -> None:
    table = written(*model, safe=safe, reason_columns=True)
    assert tuple(table.columns[-len(REASON_COLUMNS) :]) == REASON_COLUMNS
    rows = range(1, ROWS + 1)
    sign = "'" if safe else ""
    first = [f"{sign}{FORMULA}" if n % 2 == 0 else "b" for n in rows]
    assert table["reason_1"].to_list() == first
    amounts = [2 * n if n % 2 == 0 else -3 * n for n in rows]
    assert table["reason_1_amount"].astype(float).to_list() == amounts
    assert (table["reason_3"] == "").all() and (table["reason_3_amount"] == "").all()
    # No number is a formula to a spreadsheet.
    assert not table["reason_1_amount"].str.startswith("'").any()


def test_without_time_the_cells_are_empty(model: tuple[Model, Path]) -> None:
    model[0].reasons = type("None", (), {"possible": False})()  # type: ignore[assignment]
    table = written(*model, reason_columns=True)
    assert (table[["reasons", *REASON_COLUMNS]] == "").all(axis=None)
    assert len(table) == ROWS


@pytest.mark.parametrize("reason_columns", [True, False])
def test_what_was_predicted_is_found_with_and_without_the_columns(
    model: tuple[Model, Path], reason_columns: bool
) -> None:
    written(*model, reason_columns=reason_columns)
    earlier = EarlierModel(model[1].parent)
    earlier.__dict__["passport"] = {"performance": {"classes": ["no", "yes"]}}
    target = pd.Series(["no", "yes"], index=[3, 7])
    problem = Problem("binary", "roc_auc", "roc_auc", positive_class="yes")
    found = earlier.answers(model[1].with_name("predictions.csv"), target, problem)
    assert found.predicted.tolist() == ["no", "no"]  # type: ignore[union-attr]
    assert found.probabilities is not None
    assert found.probabilities["yes"].tolist() == [0.1, 0.1]


def test_joined_reasons_are_those_of_the_parts() -> None:
    moved = pd.DataFrame(np.arange(8.0).reshape(2, 4), columns=list("abcd"))
    one = of_strongest(["x", "y"], moved, strongest_of(moved))
    both = joined_reasons([no_reasons(1), one, no_reasons(0)])
    assert both.texts == ["", "x", "y"]
    assert both.columns.tolist() == [[""] * STRONGEST, list("dcb"), list("dcb")]
    assert np.isnan(both.amounts[0]).all() and both.amounts[2].tolist() == [7.0, 6.0, 5.0]
