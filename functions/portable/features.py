"""From the cells of rows to the features that the members of a model look at."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np

from portable.links import as_floats
from portable.texts import TextScores
from reading.cell_text import cell_text
from reading.column import DATE, DURATION, NUMBER, NUMBERS, Column, Value
from reading.dates import MICROSECONDS_PER_DAY

DAYS, DATE_PARTS, HOUR = "days", ("year", "month", "day", "weekday"), "hour"
MICROSECONDS_PER_HOUR = MICROSECONDS_PER_DAY // 24
NEVER = np.datetime64("NaT", "us")
FIRST_MONDAY = 4


@dataclass(frozen=True)
class Cells:
    """The cells of one column: each distinct one once, and which of them every row has."""

    values: list[Value]
    """What each distinct cell says."""
    places: np.ndarray
    """By row, shape (n_rows,)."""
    texts: list[str]
    """How each distinct cell is written."""
    _scored: list[np.ndarray] = field(default_factory=list, repr=False, compare=False)

    def scored(self, scores: TextScores) -> np.ndarray:
        """The scores of each distinct text, once for all features of the column."""
        if not self._scored:
            texts = [value if isinstance(value, str) else None for value in self.values]
            self._scored.append(scores.of(texts))
        return self._scored[0]


def read_cells(column: Column, cells: Sequence[Any], points: bool) -> Cells:
    """What the cells of a column say; texts, or the values of JSON.

    `points` tells that `.` marks decimals in this file, whatever the column's style.
    """
    found: dict[Any, int] = {}
    if set(map(type, cells)) <= {str}:
        keys: Sequence[Any] = cells
    else:
        # 1, 1.0 and True are one key to Python.
        keys = [(type(cell), cell) for cell in map(_plain, cells)]
    places = np.fromiter((found.setdefault(key, len(found)) for key in keys), np.intp, len(keys))
    distinct = [key[1] if isinstance(key, tuple) else key for key in found]
    values = [_value(column, cell, points) for cell in distinct]
    return Cells(values, places, [cell_text(cell) for cell in distinct])


def _plain(cell: Any) -> Any:
    return cell if cell is None or isinstance(cell, str | int | float) else cell_text(cell)


def _value(column: Column, cell: Any, points: bool) -> Value:
    stored = isinstance(cell, int | float) and not isinstance(cell, bool)
    if stored and column.kind in (NUMBER, DURATION):
        return column.value_of_number(cell)
    return column.value_of(cell_text(cell), points)


@dataclass(frozen=True)
class Feature:
    """What one number of a row is made of: a column, or a part of it."""

    column: str
    part: str
    """`value`, a part of a date, or the place of one of several numbers or scores of a text."""

    def of(self, column: Column, cells: Cells) -> np.ndarray:
        """The feature of each row, float64, NaN where it is missing; shape (n_rows,)."""
        found: np.ndarray = self.of_distinct(column, cells.values)[cells.places]
        return found

    def of_distinct(self, column: Column, values: Sequence[Value]) -> np.ndarray:
        """The same of each distinct value."""
        if column.kind == DATE:
            return _of_dates(column, self.part, values)
        if column.kind == NUMBERS:
            return _of_several(int(self.part), values)
        return _of_numbers(column, values)


@dataclass(frozen=True)
class Truth(Feature):
    """Whether a value is the one that makes it true; all others, and missing ones, do not."""

    true: float | str = 1.0

    def of_distinct(self, column: Column, values: Sequence[Value]) -> np.ndarray:
        if isinstance(self.true, str):
            return np.array([float(value == self.true) for value in values])
        return np.asarray(super().of_distinct(column, values) == self.true, np.float64)


@dataclass(frozen=True)
class Category(Feature):
    """The place of a value among the categories of train."""

    categories: tuple[str, ...] = ()

    def of_distinct(self, column: Column, values: Sequence[Value]) -> np.ndarray:
        del column
        codes: Mapping[Value, float] = self._codes
        return np.array([codes.get(value, math.nan) for value in values])

    @cached_property
    def _codes(self) -> dict[Value, float]:
        return {name: float(code) for code, name in enumerate(self.categories)}


@dataclass(frozen=True)
class Score(Feature):
    """A score of a text, its length, or its number of words."""

    scores: TextScores | None = None

    def of(self, column: Column, cells: Cells) -> np.ndarray:
        del column
        assert self.scores is not None
        found = cells.scored(self.scores)[:, int(self.part)]
        return np.asarray(found[cells.places], np.float64)


def _of_numbers(column: Column, values: Sequence[Value]) -> np.ndarray:
    found = np.array(values, np.float64)
    if column.kind == NUMBER and not column.wide:
        return as_floats(found).astype(np.float64)
    return found


def _of_several(place: int, values: Sequence[Value]) -> np.ndarray:
    """One of the numbers of each cell."""
    return np.array([value[place] if isinstance(value, tuple) else math.nan for value in values])


def _of_dates(column: Column, part: str, values: Sequence[Value]) -> np.ndarray:
    """Days since the first year of train, or a part that models look at."""
    moments = np.array(
        [np.datetime64(value, "us") if isinstance(value, datetime) else NEVER for value in values],
        "datetime64[us]",
    )
    missing = np.isnat(moments)
    whole = moments.astype(np.int64)
    if part == DAYS:
        found = whole / MICROSECONDS_PER_DAY - column.offset
        return np.where(missing, np.nan, found)
    if part == HOUR:
        found = whole % MICROSECONDS_PER_DAY / MICROSECONDS_PER_HOUR
    else:
        found = _part_of_date(moments, part)
    return np.where(missing, np.nan, found.astype(np.float32).astype(np.float64))


def _part_of_date(moments: np.ndarray, part: str) -> np.ndarray:
    days, months = moments.astype("datetime64[D]"), moments.astype("datetime64[M]")
    if part == "year":
        found = moments.astype("datetime64[Y]").astype(np.int64) + 1970
    elif part == "month":
        found = months.astype(np.int64) % 12 + 1
    elif part == "day":
        found = (days - months.astype("datetime64[D]")).astype(np.int64) + 1
    else:
        # 1970-01-05 was a Monday.
        found = (days.astype(np.int64) - FIRST_MONDAY) % 7
    return np.asarray(found)


def columns_of(
    rows: Sequence[Mapping[str, Any]] | Mapping[str, Sequence[Any]], names: Sequence[str]
) -> dict[str, list[Any]]:
    """The needed columns, from rows or from columns; a cell that is not there is missing."""
    if isinstance(rows, Mapping):
        length = max((len(cells) for cells in rows.values()), default=0)
        return {name: list(rows.get(name, [None] * length)) for name in names}
    return {name: [row.get(name) for row in rows] for name in names}
