"""Cells of a row that the model cannot read, or that train has nothing like."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from portable.features import Cells
from portable.links import as_floats
from reading.column import CATEGORY, NUMBER, TEXT, Column, Value

if TYPE_CHECKING:
    from portable.model import KnownColumn

# The bounds of dates were days in floats, which are exact to some microseconds.
LEEWAY = timedelta(milliseconds=1)
Reason = Literal["unreadable", "unseen", "below", "above"]


@dataclass(frozen=True)
class OddCell:
    """A cell, and what is odd about it."""

    column: str
    text: str
    reason: Reason
    """`unreadable`: taken for missing. `unseen`: a category that train lacks. `below`, `above`: a
    number, one of several numbers, or a date outside what train has."""


def odd_cells(columns: Sequence["KnownColumn"], cells: Mapping[str, Cells]) -> list[list[OddCell]]:
    """By row, its odd cells."""
    n_rows = len(next(iter(cells.values())).places) if cells else 0
    found: list[list[OddCell]] = [[] for _ in range(n_rows)]
    for column in columns:
        own = cells[column.name]
        odd = {
            place: OddCell(column.name, text, reason)
            for place, (value, text) in enumerate(zip(own.values, own.texts, strict=True))
            if (reason := _odd(column, value, text))
        }
        if odd:
            for row, place in enumerate(own.places.tolist()):
                if place in odd:
                    found[row].append(odd[place])
    return found


def _odd(known: "KnownColumn", value: Value, text: str) -> Reason | None:
    if known.kind == TEXT:
        return None
    if known.kind == CATEGORY:
        # A column of too many categories keeps none.
        is_known = not known.categories or value is None or value in known.column.known
        return None if is_known else "unseen"
    if value is None or value != value:
        return None if known.column.means_missing(text) else "unreadable"
    if known.low is None or known.high is None:
        return None
    ends = map(_each, (_as_in_bounds(known.column, value), known.low, known.high))
    sides = (_side(one, low, high) for one, low, high in zip(*ends, strict=True))
    return next(filter(None, sides), None)


def _as_in_bounds(column: Column, value: Value) -> Value:
    """A value, rounded as the least and the greatest of train are."""
    if not isinstance(value, float):
        return value
    is_rounded = column.kind == NUMBER and not column.wide
    return (float(as_floats(np.array(value))) if is_rounded else value) + column.offset


def _side(one: Any, low: Any, high: Any) -> Reason | None:
    leeway: Any = LEEWAY if isinstance(one, datetime) else 0.0
    if low - one > leeway:
        return "below"
    return "above" if one - high > leeway else None


def _each(value: Any) -> tuple[Any, ...]:
    """Several numbers, or the only one."""
    return value if isinstance(value, tuple) else (value,)
