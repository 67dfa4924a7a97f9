"""Later rows against train: cells that cannot be read or were never seen, and other distributions.

Training jobs, prediction jobs, endpoints and `codefree predict` say the same of the same rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from model_code.cells import as_texts
from model_code.columns import means_missing
from model_code.notes import Note, note
from model_code.row_sample import RowSample
from reading.column import CATEGORY, TEXT, Column
from reading.spread import OTHER_MISSING, WORTH_A_WARNING, farthest

FEWEST_ROWS = 20
LATER = "odd_cells"


@dataclass
class Count:
    """Cells of a kind in one column, and the first of them."""

    cells: int = 0
    example: str = ""
    row: int = 0

    def add(self, chosen: np.ndarray, texts: pa.ChunkedArray, first_row: int) -> None:
        if chosen.any() and not self.cells:
            place = int(chosen.argmax())
            self.example, self.row = str(texts[place].as_py()), first_row + place
        self.cells += int(chosen.sum())


class CellChecks:
    """What is odd in the rows so far."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._columns = columns
        self._odd = {column.name: Count() for column in columns}
        self._unseen = {column.name: Count() for column in columns}
        self._missing = dict.fromkeys(self._odd, 0)
        self._empty = Count()
        self._sample = RowSample([column for column in columns if column.spreads])
        self._rows = 0

    def add(self, part: pa.Table, values: Mapping[str, pd.Series] | pd.DataFrame) -> None:
        """Some more rows, as they are written and as they are typed."""
        empty = np.ones(part.num_rows, dtype=bool)
        for column in self._columns:
            missing = values[column.name].isna().to_numpy()
            empty &= missing
            self._missing[column.name] += int(missing.sum())
            if column.kind == CATEGORY:
                self._add_categories(column, part, values[column.name])
            elif column.kind != TEXT and missing.any():
                texts = as_texts(part[column.name])
                odd = missing & ~means_missing(column, texts)
                self._odd[column.name].add(odd, texts, self._rows + 1)
        if self._columns:
            self._empty.add(empty, as_texts(part[self._columns[0].name]), self._rows + 1)
        self._sample.add(values, part.num_rows)
        self._rows += part.num_rows

    def _add_categories(self, column: Column, part: pa.Table, values: pd.Series) -> None:
        if not column.categories:
            return
        known = set(column.categories)
        unseen = np.array([name not in known for name in values.cat.categories] or [False])
        codes = values.cat.codes.to_numpy()
        chosen = (codes >= 0) & unseen[codes]
        if chosen.any():
            self._unseen[column.name].add(chosen, as_texts(part[column.name]), self._rows + 1)

    def notes(self, unreadable: str = LATER) -> list[Note]:
        """A warning per column that has too many odd cells, and one for every unreadable cell.

        `unreadable` is the code of the latter. Of later rows, it says which hold nothing at all.
        """
        found = []
        if self._empty.cells and unreadable == LATER:
            found.append(note("empty_rows", count=self._empty.cells, row=self._empty.row))
        for column in self._columns:
            odd, unseen = self._odd[column.name], self._unseen[column.name]
            if odd.cells:
                found.append(self._note(unreadable, column, odd))
            if unseen.cells > WORTH_A_WARNING * self._rows:
                found.append(self._note("unseen_categories", column, unseen))
            missing = self._missing[column.name] / max(1, self._rows)
            gap = abs(missing - column.missing_share)
            if self._rows >= FEWEST_ROWS and gap > OTHER_MISSING:
                found.append(
                    note(
                        "other_missing_share",
                        column=column.name,
                        percent=_percent(missing),
                        before=_percent(column.missing_share),
                    )
                )
        if moved := self._moved():
            names = [f"{name} ({distance:.2f})" for distance, name in moved]
            found.append(note("drift", columns=tuple(names)))
        return found

    def _moved(self) -> list[tuple[float, str]]:
        """The columns whose values are spread otherwise than in train, the farthest first."""
        comparisons = sum(len(column.spreads) for column in self._columns)
        found = []
        for column in self._columns:
            if column.spreads:
                after = self._sample.spreads(column)
                distance, far = farthest(column.spreads, after, comparisons)
                if far:
                    found.append((distance, column.name))
        return sorted(found, reverse=True)

    def _note(self, code: str, column: Column, count: Count) -> Note:
        return note(
            code,
            column=column.name,
            count=count.cells,
            percent=_percent(count.cells / self._rows),
            example=repr(count.example),
            row=count.row,
        )


def _percent(share: float) -> float:
    return round(100 * share, 1)
