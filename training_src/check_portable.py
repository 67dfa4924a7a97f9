"""The model's portable form: written, asked for what the model answers, and kept only if it agrees.

Rows of train and copies of them with odd cells go both ways, from the cells' texts to the answers.
A model that is not known in every part, or that differs, is served with AutoGluon only.
"""

import random
import re
import shutil
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from contract.messages import Message, message, message_to_json
from export_portable import export_portable
from model_code.cells import marked, of_cells, separated_by_commas
from model_code.notes import Note, note
from model_code.predictions import Model
from model_code.tables import chunks, look_at, texts_of
from portable.files import FOLDER, MOST_BYTES, PortableError
from portable.model import PortableModel, load_model
from reading.cell_text import cell_text
from refused import Refused

ROWS, ROWS_AT_A_TIME, ROWS_ONE_BY_ONE = 1000, 100, 3
MOST_DIFFERENCE = 1e-6
SEED = 0
# Of the cells of a mutated row.
SWAPPED, ODD = 0.15, 0.15
ODD_CELLS = (
    *("", " ", "NA", "none", "a value that no row has", "0", "-0", "1e9", "-5", "7.25", "1,5"),
    *("  x ", "NaN", "Ünï", "2020-02-30", "31.12.1999 23:59", "$5", "(3)", "12 %", "10:65"),
    *("99999999999999999999", "inf", "-inf", "1e400", "0x1F", "true", "126/83", "1/-2", "20-10"),
)
PASSPORT = "light"
# From 16 digits on, pyarrow writes numbers with an exponent.
PLAIN = re.compile(r"[0-9]{1,15}(\.[0-9]{1,6})?")
Cells = Mapping[str, list[Any]]


@dataclass(frozen=True)
class Portable:
    """What became of the portable form."""

    checked_rows: int = 0
    max_difference: float = 0.0
    """The largest between two answers, of numbers relative to those above 1."""
    refused: Message | None = None
    """Why there is none."""

    @property
    def notes(self) -> list[Note]:
        return [] if self.refused is None else [note("no_portable", reason=self.refused)]

    def to_json(self) -> dict[str, Any]:
        """What the passport says of it."""
        if self.refused is not None:
            return {"refused": message_to_json(self.refused)}
        return {"checked_rows": self.checked_rows, "max_difference": self.max_difference}


def add_portable(
    folder: Path, model: Model, train: Path, rows: pd.DataFrame, seconds: float
) -> Portable:
    """Write the portable form into the model's folder, or say why there is none.

    `rows` are the features of the train rows. As many rows are checked as the seconds allow.
    """
    into, end = folder / FOLDER, time.monotonic() + seconds
    try:
        size = export_portable(model.predictor, model.preprocessor, into, rows, end)
        if size > MOST_BYTES:
            return _without(into, message("portable.too_large", bytes=size, most=MOST_BYTES))
        checked = _Check(model, load_model(into)).run(train, end)
    except Refused as refused:
        return _without(into, message("portable.unknown", part=str(refused)))
    # Whatever breaks in four libraries must not cost the model.
    except Exception as error:
        traceback.print_exc()
        reason = error.message if isinstance(error, PortableError) else None
        text = message("portable.failed", error=f"{type(error).__name__}: {error}")
        return _without(into, reason or text)
    return checked if checked.refused is None else _without(into, checked.refused)


def _without(folder: Path, reason: Message) -> Portable:
    shutil.rmtree(folder, ignore_errors=True)
    return Portable(refused=reason)


class _Check:
    """Asks both forms the same."""

    def __init__(self, model: Model, portable: PortableModel) -> None:
        self._model, self._portable = model, portable
        self._random = random.Random(SEED)

    def run(self, train: Path, end: float) -> Portable:
        """What the first rows of a train file say, and copies of them, until time is over."""
        predictor, checked, most = self._model.predictor, 0, 0.0
        kept = predictor.persist()
        try:
            for cells, delimiter in self._cells(train):
                differing, difference = self._differing(cells, delimiter)
                n_rows = len(next(iter(cells.values())))
                if differing:
                    return Portable(
                        refused=message("portable.differs", count=differing, rows=n_rows)
                    )
                checked, most = checked + n_rows, max(most, difference)
                if time.monotonic() > end:
                    break
        finally:
            predictor.unpersist(kept)
        return Portable(checked, most)

    def _cells(self, train: Path) -> Iterator[tuple[Cells, str]]:
        """Some rows at a time, with a mutated copy of each, and once as values of JSON."""
        preprocessor = self._model.preprocessor
        head = look_at(train, preprocessor.expected)
        (part,) = islice(chunks(train, head), 1)
        part = part.select(preprocessor.needed)
        chosen = np.unique(np.linspace(0, part.num_rows - 1, ROWS).astype(int))
        texts = [column.to_pylist() for column in texts_of(part.take(pa.array(chosen)))]
        rows = dict(zip(preprocessor.needed, texts, strict=True))
        delimiter = "," if separated_by_commas(part) else ""
        for first in range(0, len(chosen), ROWS_AT_A_TIME):
            some = {name: cells[first : first + ROWS_AT_A_TIME] for name, cells in rows.items()}
            odd = self._mutated(some, rows)
            yield {name: [*cells, *odd[name]] for name, cells in some.items()}, delimiter
            if not first:
                yield {name: list(map(_of_json, cells)) for name, cells in some.items()}, ""

    def _mutated(self, some: Cells, rows: Cells) -> Cells:
        return {
            name: [self._mutant(cell, rows[name]) for cell in cells] for name, cells in some.items()
        }

    def _mutant(self, cell: str, others: Sequence[str]) -> str:
        chance = self._random.random()
        if chance < SWAPPED:
            return self._random.choice(others)
        return self._random.choice(ODD_CELLS) if chance < SWAPPED + ODD else cell

    def _differing(self, cells: Cells, delimiter: str) -> tuple[int, float]:
        """How many rows differ, and by how much the others do."""
        expected, labels = self._expected(cells, delimiter)
        points = delimiter == ","
        found = self._portable.predict(cells, points=points)
        wrong, differences = self._compared(
            found.predictions, found.probabilities, expected, labels
        )
        # A row's answer may not depend on the rows beside it.
        n_rows = len(expected)
        ends = {*range(ROWS_ONE_BY_ONE), *range(n_rows - ROWS_ONE_BY_ONE, n_rows)}
        for row in ends & set(range(n_rows)):
            alone = self._portable.predict([{n: c[row] for n, c in cells.items()}], points=points)
            one = slice(row, row + 1)
            odd, more = self._compared(
                alone.predictions, alone.probabilities, expected[one], labels[one]
            )
            wrong[row] |= odd[0]
            differences[row] = max(differences[row], more[0])
        return int(wrong.sum()), float(differences.max(initial=0.0))

    def _expected(self, cells: Cells, delimiter: str) -> tuple[np.ndarray, Sequence[str]]:
        """Probabilities and labels, or numbers and nothing."""
        table = pa.table({name: of_cells(column) for name, column in cells.items()})
        predictor = self._model.predictor
        features = self._model.preprocessor.features(marked(table, delimiter))
        if self._portable.problem == "number":
            return predictor.predict(features).to_numpy(float), ()
        found = predictor.predict_proba(features)
        labels = predictor.predict_from_proba(found).astype(str).tolist()
        return found[list(predictor.class_labels)].to_numpy(float), labels

    def _compared(
        self,
        predictions: Sequence[str] | np.ndarray,
        probabilities: np.ndarray,
        expected: np.ndarray,
        labels: Sequence[str],
    ) -> tuple[np.ndarray, np.ndarray]:
        """Which rows differ, and each row's difference; shape (n_rows,)."""
        if not len(labels):
            numbers = np.asarray(predictions, float)
            difference = np.abs(numbers - expected) / np.maximum(1, np.abs(expected))
            return ~(difference <= MOST_DIFFERENCE), np.nan_to_num(difference)
        difference = np.abs(probabilities - expected).max(axis=1)
        other = np.array([a != b for a, b in zip(predictions, labels, strict=True)])
        return ~(difference <= MOST_DIFFERENCE) | other, np.nan_to_num(difference)


def _of_json(text: str) -> Any:
    """A number where the text is one as a program writes it, and nothing where it is empty."""
    if not PLAIN.fullmatch(text):
        return text or None
    number = float(text)
    return number if cell_text(number) == text else text
