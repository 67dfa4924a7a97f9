"""The numbers of a column: usual spellings are read a column at a time.

`reading.numbers` says what a cell means.
"""

import re
from collections.abc import Callable

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from model_code.cells import combined, spread
from reading.numbers import (
    GROUPED,
    LONGEST,
    PERCENT,
    PERCENTS,
    PLAIN,
    NumberStyle,
    number_as_written,
)

SPACE = "[ \xa0\u202f\u2009'’]"
SPACED_CELL = rf"^-?[1-9]\d{{0,2}}({SPACE}\d{{3}})+([.,]\d+)?$"
FEW = 100


def as_numbers(texts: pa.ChunkedArray, style: NumberStyle) -> np.ndarray:
    """Parse each cell as float64; shape (n_rows,), NaN where a cell is not a number.

    `parse_number` says what a cell means; usual spellings are read a column at a time.
    """
    # Most files have no spaces, and looking for them takes as long as reading the numbers.
    found = _all_plain(texts, style)
    if found is None:
        texts = combined(pc.utf8_trim_whitespace(texts))
        found = _as_written(texts, style)
    found = _finite(found)
    if PERCENT in style.signs:
        bare = ~np.asarray(pc.match_substring_regex(texts, PERCENTS))
        found[bare] = of_bare(found[bare], style)
    return found


def of_bare(numbers: np.ndarray, style: NumberStyle) -> np.ndarray:
    """What numbers without a percent sign mean in a column of this style."""
    if PERCENT not in style.signs or style.bare == "share":
        return numbers
    read: np.ndarray = numbers / 100
    return read if style.bare == "percent" else np.where(np.abs(numbers) > 1, np.nan, numbers)


def _all_plain(texts: pa.ChunkedArray | pa.StringArray, style: NumberStyle) -> np.ndarray | None:
    points = style.decimal == "." or style.points
    return plain_numbers(texts, pc.equal(texts, "")) if points else None


def _as_written(texts: pa.StringArray, style: NumberStyle) -> np.ndarray:
    whole = _all_plain(texts, style)
    if whole is not None:
        return whole
    short = pc.less_equal(pc.utf8_length(texts), LONGEST)
    if style.units and style.units[0][1] == 1:
        # The usual unit is the one that needs no arithmetic.
        usual = rf"(?i)^([+-]?[\d.,]+) ?{re.escape(style.unit)}$"
        texts = pc.if_else(short, pc.replace_substring_regex(texts, usual, r"\1"), texts)
    found = np.full(len(texts), np.nan)
    left = np.asarray(pc.not_equal(texts, ""))
    if style.decimal == "." or style.points:
        left = _take(texts, left, PLAIN, _without_plus, found)
    if not style.points:
        left = _take(
            texts, left, GROUPED[style.decimal], lambda cells: _ungrouped(cells, style), found
        )
        long = left & ~np.asarray(short)
        left = long | _take_signed(texts, left & ~long, style, found)
    if left.any():
        rest = texts.filter(pa.array(left)).dictionary_encode()
        parsed = [number_as_written(text, style) for text in rest.dictionary.to_pylist()]
        found[left] = spread(np.array(parsed), rest)
    return found


def plain_numbers(texts: pa.ChunkedArray, missing: pa.ChunkedArray) -> np.ndarray | None:
    """The cells as float64, NaN where missing; None where any other is not a plain number."""
    try:
        # Arrow words an error for every cell that is none, so few come first.
        for rows in (FEW, len(texts)):
            numbers = pc.cast(
                pc.if_else(missing.slice(0, rows), None, texts.slice(0, rows)), pa.float64()
            )
    except pa.ArrowInvalid:
        return None
    return np.asarray(combined(numbers).to_numpy(zero_copy_only=False), dtype=np.float64)


def numbers_of(values: "pd.Series[str]", style: NumberStyle) -> "pd.Series[float]":
    """The same of a series, with its index."""
    text = pa.chunked_array([pa.array(values.astype(str), pa.string())])
    return pd.Series(as_numbers(text, style), index=values.index)


def _finite(found: np.ndarray) -> np.ndarray:
    """Arrow reads `inf` and 1e400 as infinite, and only where all cells are numbers."""
    numbers: np.ndarray = np.where(np.isfinite(found), found, np.nan).astype(np.float64)
    return numbers


def _take_signed(
    texts: pa.StringArray, left: np.ndarray, style: NumberStyle, found: np.ndarray
) -> np.ndarray:
    """Read the cells that look usual without the signs of the column; return which are left."""
    if not left.any():
        return left
    cells = texts.filter(pa.array(left))
    hundredths = np.asarray(pc.match_substring_regex(cells, r"^[^%]*\d *%$"))
    for sign in style.signs:
        cells = pc.replace_substring(cells, sign, "", max_replacements=1)
    cells = pc.utf8_trim_whitespace(cells)
    spaced = pc.match_substring_regex(cells, SPACED_CELL)
    cells = pc.if_else(spaced, pc.replace_substring_regex(cells, SPACE, ""), cells)
    usual = np.asarray(pc.match_substring_regex(cells, GROUPED[style.decimal]))
    # A percent sign elsewhere says nothing of hundredths.
    usual &= hundredths | ~np.asarray(pc.match_substring(texts.filter(pa.array(left)), PERCENT))
    places = np.flatnonzero(left)[usual]
    numbers = pc.cast(_ungrouped(cells.filter(pa.array(usual)), style), pa.float64())
    found[places] = numbers.to_numpy(zero_copy_only=False) / np.where(hundredths[usual], 100, 1)
    rest = left.copy()
    rest[places] = False
    return rest


def _take(
    texts: pa.StringArray,
    left: np.ndarray,
    pattern: str,
    bare: Callable[[pa.StringArray], pa.StringArray],
    found: np.ndarray,
) -> np.ndarray:
    """Read the cells that look like this; return which cells are still left."""
    chosen = left & np.asarray(pc.match_substring_regex(texts, pattern))
    if chosen.any():
        cells = pc.cast(bare(texts.filter(pa.array(chosen))), pa.float64())
        found[chosen] = cells.to_numpy(zero_copy_only=False)
    rest: np.ndarray = left & ~chosen
    return rest


def _without_plus(cells: pa.StringArray) -> pa.StringArray:
    return pc.replace_substring_regex(cells, r"^\+", "")


def _ungrouped(cells: pa.StringArray, style: NumberStyle) -> pa.StringArray:
    return pc.replace_substring(pc.replace_substring(cells, style.group, ""), style.decimal, ".")
