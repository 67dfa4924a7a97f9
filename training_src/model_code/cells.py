"""The cells of a column: texts as they are written, and numbers where the file stores numbers.

A column of a part is one of: texts (CSV); numbers or timestamps (Parquet); or both, where a
workbook or a request mixes them: a struct of `text` and `number`, which is null where the cell is a
text. A stored number stays the number it is, however the numbers of its column are written.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from reading.cell_text import cell_text

# So few cells of another kind are typing errors or words for "unknown".
MOST_OTHERS = 0.05
TEXT_AND_NUMBER = pa.struct([("text", pa.string()), ("number", pa.float64())])


DELIMITER = b"delimiter"


def marked(part: pa.Table, delimiter: str) -> pa.Table:
    """The part, with a note of what separates the cells of its file."""
    return part.replace_schema_metadata({DELIMITER: delimiter.encode()})


def separated_by_commas(part: pa.Table) -> bool:
    """Whether it comes from a CSV whose cells are separated by commas."""
    return bool((part.schema.metadata or {}).get(DELIMITER) == b",")


def has_points(part: pa.Table, name: str) -> bool:
    """Whether `.` marks decimals in the texts of a column: so a program writes numbers."""
    return separated_by_commas(part) or stored_numbers(part[name]) is not None


def combined(values: pa.ChunkedArray | pa.Array) -> pa.Array:
    """The cells in one piece."""
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values


def distinct(texts: pa.ChunkedArray) -> pa.DictionaryArray:
    """Each spelling once, without outer spaces, and which of them every cell has."""
    return combined(pc.utf8_trim_whitespace(texts)).dictionary_encode()


def spread(values: np.ndarray, encoded: pa.DictionaryArray) -> np.ndarray:
    """The value of every cell, from those of the spellings; shape (n_rows,)."""
    cells: np.ndarray = values[encoded.indices.to_numpy(zero_copy_only=False)]
    return cells


def as_texts(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """The cells as texts without outer spaces; missing ones are empty."""
    return pc.utf8_trim_whitespace(written(values))


def written(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """The cells as a CSV has them: numbers as they print, dates in ISO 8601, missing ones empty."""
    kind = values.type
    if pa.types.is_struct(kind):
        return pc.struct_field(values, "text")
    if pa.types.is_floating(kind):
        # A NaN is a missing value; 3.0 is a whole number that had to be stored with others.
        finite = pc.if_else(pc.is_nan(values), None, values)
        texts = pc.replace_substring_regex(pc.cast(finite, pa.string()), r"^(-?\d+)\.0$", r"\1")
    elif pa.types.is_timestamp(kind):
        texts = _iso(values)
    else:
        texts = pc.cast(values, pa.string())
    return pc.fill_null(texts, "")


def stored_numbers(values: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """The numbers that the file stores, null elsewhere; None when it has texts."""
    if pa.types.is_struct(values.type):
        return pc.struct_field(values, "number")
    if pa.types.is_integer(values.type):
        return values
    return pc.cast(values, pa.float64()) if pa.types.is_floating(values.type) else None


def of_column(column: pa.Array) -> pa.Array:
    """A Parquet column: integers, floats and timestamps as they are, everything else as texts."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return of_column(column.dictionary_decode())
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return pc.cast(column, pa.float64()) if pa.types.is_float16(kind) else column
    if pa.types.is_decimal(kind):
        return pc.cast(column, pa.float64())
    if pa.types.is_timestamp(kind):
        return column
    if pa.types.is_date(kind):
        return pc.cast(pc.cast(column, pa.timestamp("ms")), pa.timestamp("s"))
    if pa.types.is_boolean(kind):
        # As pandas prints them; a workbook shows TRUE.
        return pc.fill_null(pc.if_else(column, "True", "False"), "")
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return pc.fill_null(pc.cast(column, pa.string()), "")
    return pa.array([cell_text(cell) for cell in column.to_pylist()], pa.string())


def of_cells(cells: Sequence[Any]) -> pa.Array:
    """Python's values, as a workbook or JSON has them: numbers, texts, or both."""
    numbers = [_is_number(cell) for cell in cells]
    if not any(numbers):
        return pa.array([cell_text(cell) for cell in cells], pa.string())
    blank = [cell is None or cell == "" for cell in cells]
    if all(map(lambda number, none: number or none, numbers, blank)):
        return _stored(cells, numbers)
    texts = pa.array([cell_text(cell) for cell in cells], pa.string())
    stored = [float(cell) if number else None for cell, number in zip(cells, numbers, strict=True)]
    return pa.StructArray.from_arrays(
        [texts, pa.array(stored, pa.float64())], fields=list(TEXT_AND_NUMBER)
    )


def _is_number(cell: Any) -> bool:
    return isinstance(cell, int | float | Decimal) and not isinstance(cell, bool)


def _stored(cells: Sequence[Any], numbers: Sequence[bool]) -> pa.Array:
    found = [cell if number else None for cell, number in zip(cells, numbers, strict=True)]
    if all(cell is None or isinstance(cell, int) for cell in found):
        try:
            return pa.array(found, pa.int64())
        except (pa.ArrowInvalid, OverflowError):
            pass
    return pa.array([None if c is None else float(c) for c in found], pa.float64())


def naive(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Timestamps in microseconds without a zone; those with one are moved to UTC."""
    zone = values.type.tz
    found = pc.cast(values, pa.timestamp("us", zone), safe=False)
    return pc.cast(found, pa.timestamp("us")) if zone else found


def _iso(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """ISO 8601, with a time where any cell has one."""
    found = naive(values)
    for unit, fmt in (("day", "%Y-%m-%d"), ("second", "%Y-%m-%d %H:%M:%S")):
        whole = pc.floor_temporal(found, unit=unit)
        if pc.all(pc.equal(found, whole)).as_py() in (True, None):
            return pc.strftime(pc.cast(whole, pa.timestamp("s")), fmt)
    return pc.strftime(found, "%Y-%m-%d %H:%M:%S")
