"""The form of a report, asked in a browser, and the portable model, asked for the same rows."""

import json
import math
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Page

from check_portable import MOST_DIFFERENCE
from portable.model import load_model
from reading.column import CATEGORY, DATE, NUMBER, NUMBERS
from what_if.columns import UNSEEN, FormColumn, FormValue, form_columns, milliseconds

# Of the cells of a mutated row.
SWAPPED, ODD = 0.2, 0.15
ODD_CELLS = ("", "NA", "a value that no row has", "0", "-7.25", "1e9", "1e300", "9999-12-31")
FORM, STATE, SAID = "#what_if_form", "#what_if_state", "#what_if_said"
ASK = """async (rows) => {
  const model = await unpacked(document.getElementById("what_if_model").textContent.trim());
  return rows.map((row) => model.answer(rowOf(row)));
}"""
Cells = Mapping[str, Sequence[str]]


def form_value(column: FormColumn, text: str) -> FormValue:
    """What a field sends for a cell of a file."""
    inner = column.column
    value: Any = inner.value_of(text, points=True)
    if inner.kind == NUMBERS:
        return [math.nan] * column.n_numbers if value is None else list(value)
    if value is None or value != value:
        return math.nan
    if inner.kind == CATEGORY:
        return column.options.index(value) if value in column.options else UNSEEN
    if inner.kind == DATE:
        return milliseconds(value)
    number = value + inner.offset if inner.kind == NUMBER else value
    return float(100 * number if column.is_percent else number)


def mutated(cells: Cells, seed: int = 0) -> dict[str, list[str]]:
    """The rows, and behind them a copy of each with cells of other rows and odd ones."""
    dice = random.Random(seed)

    def mutant(cell: str, others: Sequence[str]) -> str:
        chance = dice.random()
        if chance < SWAPPED:
            return dice.choice(others)
        return dice.choice(ODD_CELLS) if chance < SWAPPED + ODD else cell

    return {name: [*some, *(mutant(cell, some) for cell in some)] for name, some in cells.items()}


def assert_answers_alike(page: Page, light: Path, cells: Cells, important: Sequence[str]) -> None:
    """Ask the form of an open page and the portable model for the same rows of a file."""
    model = load_model(light)
    columns = form_columns(model, important)
    n_rows = len(next(iter(cells.values())))
    assert n_rows > 100
    rows = [
        [form_value(column, cells[column.name][row]) for column in columns] for row in range(n_rows)
    ]
    found = page.evaluate(ASK, json.loads(json.dumps(rows).replace("NaN", "null")))
    # Probabilities of a call may be clipped together.
    expected = [
        model.predict([{name: some[row] for name, some in cells.items()}], points=True)
        for row in range(n_rows)
    ]
    if model.problem == "number":
        numbers = np.array([one.predictions[0] for one in expected], float)
        difference = np.abs([one["number"] for one in found] - numbers)
        assert (difference / np.maximum(1, np.abs(numbers))).max() <= MOST_DIFFERENCE
        return
    shares = np.vstack([one.probabilities for one in expected])
    said = np.array([one["probabilities"] for one in found])
    assert np.abs(said - shares).max() <= MOST_DIFFERENCE
    labels = [model.labels[one["place"]] for one in found]
    assert labels == [one.predictions[0] for one in expected]
