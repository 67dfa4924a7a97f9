"""The values of columns, typed as each was decided on the train file: `reading.column` says how.

Every file is read as texts, or as the numbers and timestamps that it stores; the same code types
the rows of train and all later ones, and usual spellings are read a column at a time.
"""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from contract.missing import ALWAYS_MISSING
from model_code.cells import (
    as_texts,
    combined,
    distinct,
    naive,
    separated_by_commas,
    spread,
    stored_numbers,
    written,
)
from model_code.dates import as_dates
from model_code.durations import as_seconds
from model_code.numbers import as_numbers, of_bare
from reading.column import (
    DATE,
    DURATION,
    FLOAT64_WHOLE,
    MOST_DIGITS,
    NUMBER,
    NUMBERS,
    TEXT,
    Column,
)
from reading.numbers import NumberStyle
from reading.truth import truth


def typed(columns: Sequence[Column], table: pa.Table) -> pd.DataFrame:
    """One row per row of the table, with exactly these columns."""
    points = separated_by_commas(table)
    return pd.DataFrame(
        {column.name: typed_column(column, table[column.name], points) for column in columns}
    )


def typed_column(column: Column, values: pa.ChunkedArray, points: bool = False) -> pd.Series:
    """Convert to float, datetime64[us], category, or object; shape (n_rows,).

    `points` tells that `.` marks decimals in this file, whatever the column's style.
    """
    if column.kind == NUMBER:
        numbers = numbers_of_column(column, values, points)
        return pd.Series(numbers if column.wide else numbers.astype(np.float32))
    if column.kind == DURATION:
        seconds = _of_cells(values, lambda texts: as_seconds(texts, column.minutes), _as_floats)
        return pd.Series(present_values(column, seconds))
    if column.kind == DATE:
        return _dates(column, values)
    return _several(column, values) if column.kind == NUMBERS else _texts(column, values)


def means_missing(column: Column, texts: pa.ChunkedArray) -> np.ndarray:
    """Which cells say that there is no value, in whatever spelling; shape (n_rows,)."""
    found = np.asarray(is_missing(texts, column.marks))
    if column.marked:
        found = found | np.isin(_parsed(column, texts), _marked(column))
    return found


def present_values(column: Column, values: np.ndarray, offset: int = 0) -> np.ndarray:
    """The values, without the ones that mark a missing one."""
    if not column.marked:
        return values
    empty = np.datetime64("NaT") if values.dtype.kind == "M" else np.nan
    marked = _marked(column) - offset if offset else _marked(column)
    present: np.ndarray = np.where(np.isin(values, marked), empty, values)
    return present


def numbers_of_column(column: Column, values: pa.ChunkedArray, points: bool) -> np.ndarray:
    """The numbers of the cells as float64, without the column's offset; shape (n_rows,)."""
    style = column.style.in_file(points)
    found = _of_cells(
        values,
        lambda texts: _read_numbers(column, texts, style),
        lambda stored: of_bare(_as_floats(stored, column.offset), style),
    )
    return present_values(column, found, column.offset)


def present(values: pa.ChunkedArray, marks: Sequence[str] = ALWAYS_MISSING) -> pa.ChunkedArray:
    """The texts that say something."""
    texts = as_texts(values)
    return texts.filter(pc.invert(is_missing(texts, marks)))


def is_missing(texts: pa.ChunkedArray, marks: Sequence[str] = ALWAYS_MISSING) -> pa.ChunkedArray:
    """Which cells hold no value."""
    # The marks that are no ASCII have no case.
    return pc.is_in(pc.ascii_lower(texts), value_set=pa.array(marks, pa.string()))


def _marked(column: Column) -> np.ndarray:
    kind = "datetime64[us]" if column.kind == DATE else np.float64
    return np.array(sorted(column.marked), kind)


def _parsed(column: Column, texts: pa.ChunkedArray) -> np.ndarray:
    """What the texts are as values of this kind, without an offset."""
    if column.kind == NUMBER:
        return as_numbers(texts, column.style)
    if column.kind == DURATION:
        return as_seconds(texts)
    return as_dates(texts, column.order).to_numpy()


def _read_numbers(column: Column, texts: pa.ChunkedArray, style: NumberStyle) -> np.ndarray:
    if abs(column.offset) >= FLOAT64_WHOLE:
        return _of_whole(texts, column.offset, style)
    numbers = as_numbers(texts, style) - column.offset
    if column.truths and np.isnan(numbers).any():
        unread = np.isnan(numbers)
        words = distinct(texts.filter(pa.array(unread)))
        # None, where a word is neither, becomes NaN.
        found = np.array([truth(word) for word in words.dictionary.to_pylist()], np.float64)
        numbers[unread] = spread(found, words)
    return numbers


def _dates(column: Column, values: pa.ChunkedArray) -> pd.Series:
    if pa.types.is_timestamp(values.type):
        found = naive(values).to_numpy().astype("datetime64[us]")
    else:
        found = as_dates(as_texts(values), column.order).to_numpy()
    return pd.Series(present_values(column, found))


def _several(column: Column, values: pa.ChunkedArray) -> pd.Series:
    """Each cell's numbers, with spaces between them."""
    encoded = distinct(as_texts(values))
    cells = map(column.value_of, encoded.dictionary.to_pylist())
    names = [" ".join(map(repr, cell)) if isinstance(cell, tuple) else None for cell in cells]
    return pd.Series(spread(np.array([*names, None], object), encoded)).astype("category")


def _texts(column: Column, values: pa.ChunkedArray) -> pd.Series:
    texts = as_texts(values)
    texts = pc.if_else(is_missing(texts, column.marks), None, texts)
    if column.kind == TEXT:
        return pd.Series(texts.to_pandas(), dtype=object)
    encoded = combined(texts).dictionary_encode()
    names = list(map(column.category_of, encoded.dictionary.to_pylist()))
    codes = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False)
    found = list(dict.fromkeys(names))
    if len(found) < len(names):
        place = {name: number for number, name in enumerate(found)}
        moved = np.array([*(place[name] for name in names), -1])
        codes = moved[codes]
    return pd.Series(pd.Categorical.from_codes(codes, pd.Index(found, dtype=object)))


def _of_cells(
    values: pa.ChunkedArray,
    read: Callable[[pa.ChunkedArray], np.ndarray],
    as_stored: Callable[[pa.ChunkedArray], np.ndarray],
) -> np.ndarray:
    """Numbers that the file stores, and texts, each in its own way."""
    stored = stored_numbers(values)
    if stored is None:
        return read(written(values))
    numbers = as_stored(stored)
    if pa.types.is_struct(values.type):
        texts = ~np.asarray(pc.is_valid(stored))
        if texts.any():
            numbers[texts] = read(written(values).filter(pa.array(texts)))
    return numbers


def _as_floats(stored: pa.ChunkedArray, offset: int = 0) -> np.ndarray:
    """Stored numbers without an offset; NaN where one is not finite."""
    if pa.types.is_integer(stored.type) and offset:
        stored = pc.subtract(pc.cast(stored, pa.int64(), safe=False), pa.scalar(offset, pa.int64()))
        offset = 0
    cells = combined(pc.cast(stored, pa.float64(), safe=False))
    numbers = cells.to_numpy(zero_copy_only=False)
    found: np.ndarray = np.where(np.isfinite(numbers), numbers, np.nan) - offset
    return found


def _of_whole(texts: pa.ChunkedArray, offset: int, style: NumberStyle) -> np.ndarray:
    """Whole numbers above 2**53, which float64 would round before the offset is taken."""
    texts = pc.utf8_trim_whitespace(texts)
    whole = pc.match_substring_regex(texts, rf"^-?\d{{1,{MOST_DIGITS}}}$")
    exact = pc.cast(pc.if_else(whole, texts, None), pa.int64())
    found = _as_floats(exact, offset)
    other = as_numbers(pc.if_else(whole, "", texts), style) - offset
    numbers: np.ndarray = np.where(np.isnan(found), other, found)
    return numbers
