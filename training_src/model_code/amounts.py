"""Reasons as people read them: amounts that add up to the prediction, as it is shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

STRONGEST = 3
LONGEST_VALUE = 40
# A share of probability is shown in points with so many decimals, a number with so many digits.
DECIMALS_OF_POINTS, DIGITS, MOST_DECIMALS = 1, 4, 12
MINUS, REST = "\N{MINUS SIGN}", "…"


@dataclass(frozen=True)
class RowReasons:
    """Why each row is predicted so: for people, and for programs."""

    texts: list[str]
    columns: np.ndarray
    """Names of the columns that move the row most, shape (n_rows, STRONGEST); empty for none."""
    amounts: np.ndarray
    """What each adds, in the unit of the target or as a share of probability; NaN for none."""

    def and_none(self, rows: int) -> "RowReasons":
        """Return the same with so many more rows that have no reasons."""
        return joined_reasons([self, no_reasons(rows)])


def no_reasons(rows: int) -> RowReasons:
    """Return reasons of rows that have none."""
    shape = (rows, STRONGEST)
    return RowReasons([""] * rows, np.full(shape, "", object), np.full(shape, np.nan))


def joined_reasons(parts: Sequence[RowReasons]) -> RowReasons:
    """Return the reasons of all rows, one part after the other."""
    return RowReasons(
        [text for part in parts for text in part.texts],
        np.concatenate([part.columns for part in parts]),
        np.concatenate([part.amounts for part in parts]),
    )


def of_strongest(texts: list[str], moved: pd.DataFrame, order: np.ndarray) -> RowReasons:
    """Return texts with the columns that `order` has by row; shape (n_rows, up to STRONGEST)."""
    found, width = no_reasons(len(texts)), order.shape[1]
    found.columns[:, :width] = moved.columns.to_numpy(object)[order]
    found.amounts[:, :width] = np.take_along_axis(moved.to_numpy(float), order, axis=1)
    return RowReasons(texts, found.columns, found.amounts)


def strongest(moved: pd.DataFrame) -> np.ndarray:
    """Return the places of the columns that move each row most, shape (n_rows, STRONGEST)."""
    return np.argsort(-np.abs(moved.to_numpy(float)), axis=1, kind="stable")[:, :STRONGEST]


def row_reasons(
    base: np.ndarray,
    said: np.ndarray,
    moved: pd.DataFrame,
    cells: Mapping[str, Sequence[str]],
    words: Mapping[str, Sequence[tuple[str, str]]],
    *,
    is_share: bool,
) -> list[str]:
    """Write `38.1% → 95.6%: Sex = female +41.3; Pclass = 1 +9.9; Age = 22 +2.2; … +4.1` per row.

    `base` and `said` are where the models start and this prediction, shape (n_rows,); `moved` is
    what each column adds, shape (n_rows, n_columns). What rounds to nothing is left out; the rest,
    after the ellipsis, is what all other columns add, and whatever no tree explains. `words` has
    for columns of texts, per row, the words that raise and the words that lower; a row needs none
    where the column is not among its strongest.
    """
    amounts = moved.to_numpy(float) * (100 if is_share else 1)
    starts, ends = (values * (100 if is_share else 1) for values in (base, said))
    names = list(moved.columns)
    texts = []
    for row, places in enumerate(strongest(moved)):
        decimals = DECIMALS_OF_POINTS if is_share else _decimals(starts[row], ends[row])
        shown = {names[n]: round(amounts[row, n], decimals) for n in places}
        start, end = round(starts[row], decimals), round(ends[row], decimals)
        if is_share:
            start, end = _not_quite(start, starts[row]), _not_quite(end, ends[row])
        rest = round(end - start - sum(shown.values()), decimals)
        found = [
            f"{_named(name, cells[name][row], words.get(name), row, amount > 0)} "
            f"{_signed(amount, decimals)}"
            for name, amount in shown.items()
            if amount
        ]
        if rest:
            found.append(f"{REST} {_signed(rest, decimals)}")
        unit = "%" if is_share else ""
        way = f"{_number(start, decimals)}{unit} → {_number(end, decimals)}{unit}"
        texts.append(f"{way}: {'; '.join(found)}" if found else way)
    return texts


def _not_quite(shown: float, percent: float) -> float:
    """Show none and all only where it is exactly that."""
    least = 10.0**-DECIMALS_OF_POINTS
    return min(max(shown, least), 100 - least) if 0 < percent < 100 else shown


def _decimals(start: float, end: float) -> int:
    """How many decimals leave the larger of two numbers its first digits."""
    largest = max(abs(start), abs(end))
    whole = int(np.floor(np.log10(largest))) + 1 if largest > 0 else 0
    return min(max(0, DIGITS - whole), MOST_DECIMALS)


def _named(
    name: str, cell: str, words: Sequence[tuple[str, str]] | None, row: int, raises: bool
) -> str:
    """The column and its value, or the words of a text that speak for the amount."""
    if words and (said := words[row][0 if raises else 1]):
        return f"{name}: {said}"
    return f"{name} = {_short(cell)}"


def _short(value: str) -> str:
    text = " ".join(value.split()) or "–"
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"


def _signed(amount: float, decimals: int) -> str:
    return f"{'+' if amount > 0 else ''}{_number(amount, decimals)}"


def _number(value: float, decimals: int) -> str:
    # Not the hyphen: at the beginning of a cell, a spreadsheet would calculate with it.
    # Adding zero makes nothing of what is nothing below zero.
    return f"{value + 0.0:,.{decimals}f}".replace("-", MINUS)
