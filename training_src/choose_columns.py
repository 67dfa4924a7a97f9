"""Which columns are learnt from, and why the others are not."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from failure import TrainingError
from job_spec import JobSpec
from model_code.columns import (
    DATE,
    NUMBER,
    TEXT,
    Column,
    as_texts,
    decide_column,
    is_missing,
    looks_like_id,
)
from model_code.notes import Note, listed, note
from model_code.tables import Table

ROWS_COMPARED = 1000


@dataclass(frozen=True)
class ChosenColumns:
    """What is learnt from, its values, and what was left out."""

    columns: list[Column]
    rows: pd.DataFrame
    left_out: dict[str, str]
    """Name of a column → key of the reason."""
    notes: list[Note] = field(default_factory=list)


def choose_columns(
    table: Table, target: "pd.Series[str]", spec: JobSpec, row_numbers: Collection[str] = ()
) -> ChosenColumns:
    """Look at every column once; raises TrainingError when none is left.

    `row_numbers` are columns that are known to be none to learn from.
    """
    aside = {spec.target, spec.id_column, *spec.ignore_columns}
    names = [name for name in table.columns if name not in aside]
    written = dict(zip(table.columns, table.head.header, strict=True))
    decimal_commas = _writes_decimal_commas(table, names)
    left_out: dict[str, str] = {}
    chosen, values = [], {}
    for name in names:
        column = decide_column(name, table.data[name], decimal_commas)
        reason = "id_column" if name in row_numbers else None
        reason = reason or _reason_against(column, written[name], table.data[name], target)
        if reason:
            left_out[name] = reason
            continue
        chosen.append(column)
        values[name] = column.typed(table.data[name])
    rows = pd.DataFrame(values)
    for name in _duplicates(rows):
        left_out[name] = "duplicate_column"
    kept = [column for column in chosen if column.name not in left_out]
    if not kept:
        raise TrainingError(
            f"Beside the target {spec.target!r} no column holds anything to learn from."
        )
    return ChosenColumns(kept, rows[[c.name for c in kept]], left_out, _notes(left_out, kept))


@dataclass
class OddCells:
    """Cells of a test file that are no numbers where train had numbers."""

    column: Column
    count: int = 0
    example: str = ""
    row: int = 0

    def look(self, texts: pa.ChunkedArray, values: pd.Series, first_row: int) -> None:
        """See some more rows; the first of them is number `first_row`, from 1."""
        odd = values.isna().to_numpy() & ~np.asarray(is_missing(as_texts(texts)))
        if odd.any() and not self.count:
            place = int(odd.argmax())
            self.example, self.row = str(texts[place].as_py()), first_row + place
        self.count += int(odd.sum())

    @property
    def note(self) -> Note:
        return note(
            "odd_cells",
            column=self.column.name,
            count=self.count,
            example=repr(self.example),
            row=self.row,
        )


def number_columns(columns: Sequence[Column]) -> list[Column]:
    return [column for column in columns if column.kind == NUMBER]


def _reason_against(
    column: Column, written: str, values: pa.ChunkedArray, target: "pd.Series[str]"
) -> str | None:
    if _is_constant(values):
        return "constant_column"
    if looks_like_id(column, written, values):
        return "id_column"
    first = as_texts(values.slice(0, ROWS_COMPARED)).to_pylist()
    if first == list(target.iloc[:ROWS_COMPARED]) and bool(
        (as_texts(values).to_pandas() == target.to_numpy()).all()
    ):
        return "copy_of_target"
    return None


def _is_constant(values: pa.ChunkedArray) -> bool:
    """Looks at a part first: nearly every column varies there already."""
    return all(
        pc.count_distinct(part, mode="all").as_py() <= 1
        for part in (values.slice(0, ROWS_COMPARED), values)
    )


def _writes_decimal_commas(table: Table, names: Sequence[str]) -> bool:
    """What `1,234` means in this file: after semicolons, or beside a plain 12,5, a fraction."""
    if table.head.delimiter == ";":
        return True
    texts = [name for name in names if pa.types.is_string(table.data[name].type)]
    for name in texts[:50]:
        sample = [cell for cell in table.data[name].slice(0, 200).to_pylist() if cell]
        commas = [cell for cell in sample if re.fullmatch(r"\s*[+-]?\d+,\d+\s*", cell)]
        if len(commas) > len(sample) / 2 and any(
            len(cell.strip().rsplit(",", 1)[1]) != 3 for cell in commas
        ):
            return True
    return False


def _duplicates(rows: pd.DataFrame) -> list[str]:
    """The later ones of columns that hold the same in every row."""
    seen: dict[int, list[str]] = {}
    found = []
    for name, values in rows.items():
        comparable = values.astype(object) if values.dtype == "category" else values
        mark = hash(tuple(comparable.iloc[:ROWS_COMPARED].fillna("").tolist()))
        equal = [other for other in seen.get(mark, []) if _same(rows[other], values)]
        if equal:
            found.append(str(name))
        else:
            seen.setdefault(mark, []).append(str(name))
    return found


def _same(one: pd.Series, other: pd.Series) -> bool:
    if one.dtype != other.dtype and "category" not in (str(one.dtype), str(other.dtype)):
        return False
    return bool(one.astype(object).equals(other.astype(object)))


def _notes(left_out: dict[str, str], kept: Sequence[Column]) -> list[Note]:
    told = []
    for reason in ("constant_column", "id_column", "copy_of_target", "duplicate_column"):
        names = [name for name, why in left_out.items() if why == reason]
        if names:
            told.append(note(reason, columns=listed(names)))
    styles: dict[tuple[str, str], list[str]] = {}
    for column in kept:
        if column.kind == NUMBER and not column.style.plain:
            shape = f"1{column.style.group}234{column.style.decimal}5"
            signs = " ".join(filter(str.strip, column.style.signs)) or "–"
            styles.setdefault((shape, signs), []).append(column.name)
    for (shape, signs), names in styles.items():
        told.append(note("number_style", columns=listed(names), shape=shape, signs=signs))
    dates = [f"{c.name} ({c.format})" for c in kept if c.kind == DATE]
    if dates:
        told.append(note("dates", columns=listed(dates)))
    texts = [c.name for c in kept if c.kind == TEXT]
    if texts:
        told.append(note("texts", columns=listed(texts)))
    return told
