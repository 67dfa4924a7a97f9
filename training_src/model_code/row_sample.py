"""Some rows of a file, chosen by their places alone, and how their values are spread."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from reading.column import CATEGORY, DATE, NUMBERS, TEXT, Column
from reading.dates import MICROSECONDS_PER_DAY
from reading.spread import MOST_SHARES, Spread, spread_of_categories, spread_of_numbers

MOST_ROWS = 20_000


class RowSample:
    """The values of at most MOST_ROWS rows, about evenly from all of them.

    A row is taken for a hash of its number: rows that repeat in a pattern would fool equal steps.
    """

    def __init__(self, columns: Sequence[Column]) -> None:
        self._columns = columns
        self._parts: dict[str, list[np.ndarray]] = {column.name: [] for column in columns}
        self._hashes = np.array([], np.uint64)
        self._rows, self._level = 0, 0

    def add(self, values: Mapping[str, pd.Series] | pd.DataFrame, rows: int) -> None:
        """Some more rows, as they are typed."""
        hashes = _hashes(self._rows, rows)
        self._rows += rows
        while self._is_full_with(hashes):
            self._thin()
        chosen = np.flatnonzero(self._taken(hashes))
        self._hashes = np.concatenate([self._hashes, hashes[chosen]])
        for column in self._columns:
            taken = values[column.name].iloc[chosen]
            self._parts[column.name].append(_comparable(column, taken))

    def spreads(self, column: Column, most_categories: int | None = None) -> tuple[Spread, ...]:
        """Those of one column; of at most so many of its categories."""
        parts = self._parts[column.name]
        if not parts:
            return ()
        values = np.concatenate(parts)
        present = values[~pd.isna(values).reshape(len(values), -1).any(axis=1)]
        if column.kind == CATEGORY:
            names, counts = np.unique(present.astype(str), return_counts=True)
            found = dict(zip(names.tolist(), counts.tolist(), strict=True))
            return (spread_of_categories(found, most_categories),)
        return tuple(
            spread_of_numbers(numbers.tolist()) for numbers in present.reshape(len(present), -1).T
        )

    def _taken(self, hashes: np.ndarray) -> np.ndarray:
        return np.asarray(hashes % np.uint64(2**self._level) == 0)

    def _is_full_with(self, hashes: np.ndarray) -> bool:
        return len(self._hashes) + int(self._taken(hashes).sum()) > MOST_ROWS

    def _thin(self) -> None:
        """Keep about every second row."""
        self._level += 1
        kept = self._taken(self._hashes)
        self._hashes = self._hashes[kept]
        for name, parts in self._parts.items():
            if parts:
                self._parts[name] = [np.concatenate(parts)[kept]]


def spreads_of(
    columns: Sequence[Column], values: Mapping[str, pd.Series], rows: int
) -> dict[str, tuple[Spread, ...]]:
    """How the values of each column of train are spread, as the model keeps it."""
    sample = RowSample(columns)
    sample.add(values, rows)
    return {column.name: sample.spreads(column, MOST_SHARES) for column in columns}


def _comparable(column: Column, values: pd.Series) -> np.ndarray:
    """Numbers of shape (n_rows,) or (n_rows, n_numbers), or the names of categories."""
    if column.kind == CATEGORY:
        return values.astype(object).to_numpy()
    if column.kind == TEXT:
        return values.str.len().to_numpy(float)
    if column.kind == DATE:
        days = values.to_numpy("datetime64[us]").astype("int64") / MICROSECONDS_PER_DAY
        return np.where(values.isna(), np.nan, days)
    if column.kind == NUMBERS:
        missing = (np.nan,) * (len(column.gaps) - 1)
        cells = values.astype(object).to_list()
        found = [tuple(map(float, c.split())) if isinstance(c, str) else missing for c in cells]
        return np.array(found, float).reshape(len(found), -1)
    return values.to_numpy(float, na_value=np.nan)


def _hashes(first: int, rows: int) -> np.ndarray:
    """Numbers that look like chance and follow from the row's number; splitmix64."""
    with np.errstate(over="ignore"):
        mixed = np.arange(first, first + rows, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return np.asarray(mixed ^ (mixed >> np.uint64(31)))
