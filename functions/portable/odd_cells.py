"""Cells of a row that the model cannot read, or that train has nothing like."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from portable.features import Cells
from reading.column import CATEGORY, TEXT, Value

if TYPE_CHECKING:
    from portable.model import KnownColumn

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
    number = value + known.column.offset if isinstance(value, float) else value
    for one, low, high in zip(*map(_each, (number, known.low, known.high)), strict=True):
        if one < low or one > high:
            return "below" if one < low else "above"
    return None


def _each(value: Any) -> tuple[Any, ...]:
    """Several numbers, or the only one."""
    return value if isinstance(value, tuple) else (value,)
