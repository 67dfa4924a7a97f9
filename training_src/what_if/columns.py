"""The columns of the form: what each of its fields may send, and the same as a cell of a file."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from contract.messages import message
from portable.features import Category
from portable.model import KnownColumn, PortableModel
from reading.column import (
    CATEGORY,
    DATE,
    DURATION,
    FLOAT64_WHOLE,
    NUMBER,
    NUMBERS,
    TEXT,
    Column,
)
from reading.numbers import PERCENT
from reading.several_numbers import several_of
from refused import need
from what_if.refused import NoForm

# A field that a later release gives a column might change what its cells mean.
KNOWN_FIELDS = {
    *("name", "kind", "style", "order", "ordered", "in_doubt", "truths", "wide", "offset"),
    *("timed", "minutes", "gaps", "marks", "categories", "missing_share", "spreads"),
}
FORM_KINDS = (NUMBER, NUMBERS, DURATION, DATE, CATEGORY)
EPOCH = datetime(1970, 1, 1)
# Of a category: the place of a value that train does not have.
UNSEEN = -1
FormValue = float | list[float]
"""A number, NaN where it is missing; of a category the place of an option or UNSEEN, of a date the
milliseconds since 1970, of a duration seconds, of several numbers a list."""


@dataclass(frozen=True)
class FormColumn:
    """A column that the form asks for."""

    known: KnownColumn
    options: tuple[str, ...]
    """The categories of train; none of other kinds."""

    @property
    def column(self) -> Column:
        return self.known.column

    @property
    def name(self) -> str:
        return self.column.name

    @property
    def is_percent(self) -> bool:
        """Whether its field counts in percent, and its column in shares."""
        return self.column.kind == NUMBER and PERCENT in self.column.style.signs

    @property
    def n_numbers(self) -> int:
        """How many numbers a cell has."""
        return len(self.column.gaps) - 1 if self.column.kind == NUMBERS else 1

    @cached_property
    def unseen(self) -> str:
        """A text that is none of the options."""
        found = "a value that no row has"
        while self.column.category_of(found) in self.options or self.column.says_missing(found):
            found += "!"
        return found

    def cell(self, value: FormValue) -> Any:
        """A cell that says the same to every other reader: a text, a number, or nothing."""
        if isinstance(value, list):
            return None if any(map(math.isnan, value)) else self._several(value)
        if math.isnan(value):
            return None
        if self.column.kind == CATEGORY:
            return self.unseen if value == UNSEEN else self.options[int(value)]
        if self.column.kind == DATE:
            return f"{moment_of(value)}"
        return f"{value!r} %" if self.is_percent else value

    def _several(self, numbers: Sequence[float]) -> str:
        shape = self.column.shape
        texts = [f"{number:.9f}".rstrip("0").rstrip(".") for number in numbers]
        first, *gaps = shape.gaps
        cells = zip((text.replace(".", shape.decimal) for text in texts), gaps, strict=True)
        cell = first + "".join(f"{text} {gap} " for text, gap in cells)
        need(several_of(cell, shape) == tuple(numbers), f"gaps {shape.gaps!r}")
        return cell

    def described(self) -> dict[str, Any]:
        """What the scorer has to know."""
        found: dict[str, Any] = {"kind": self.column.kind, "marks": self._marks()}
        if self.column.kind == NUMBER:
            found |= {"rounded": not self.column.wide, "percent": self.is_percent}
        if self.column.kind in (NUMBER, DATE):
            found["offset"] = self.column.offset
        if self.column.kind == NUMBERS:
            found["size"] = self.n_numbers
        return found

    def _marks(self) -> list[float]:
        """The numbers and dates that mean a missing value, as the field's column has them."""
        return [
            milliseconds(mark) if isinstance(mark, datetime) else mark - self.column.offset
            for mark in self.column.marked
        ]


def moment_of(value: float) -> datetime:
    """The moment so many milliseconds after 1970 began."""
    return EPOCH + timedelta(milliseconds=value)


def milliseconds(moment: datetime) -> float:
    """Since 1970."""
    return (moment.replace(tzinfo=UTC) - EPOCH.replace(tzinfo=UTC)) / timedelta(milliseconds=1)


def form_columns(model: PortableModel, important: Sequence[str] = ()) -> list[FormColumn]:
    """The columns that the model looks at, the important ones first.

    Raises NoForm where one is a free text, and Refused where one is not known for sure.
    """
    texts = tuple(column.name for column in model.columns if column.kind == TEXT)
    if texts:
        raise NoForm(message("what_if.texts", columns=texts))
    need({one.name for one in fields(Column)} <= KNOWN_FIELDS, "a column's new field")
    used = {feature.column for feature in model.features}
    found = [_form_column(known, model) for known in model.columns if known.name in used]
    places = {name: place for place, name in enumerate(important)}
    return sorted(found, key=lambda column: places.get(column.name, len(places)))


def _form_column(known: KnownColumn, model: PortableModel) -> FormColumn:
    column = known.column
    need(column.kind in FORM_KINDS, f"a column of the kind {column.kind}")
    # Beyond, a number of the form is another one than the text of a cell.
    need(abs(column.offset) < FLOAT64_WHOLE, f"offset {column.offset}")
    need(column.kind in (NUMBER, DATE) or not column.offset, f"offset of a {column.kind}")
    learned = [
        feature.categories
        for feature in model.features
        if isinstance(feature, Category) and feature.column == column.name
    ]
    options = [*column.categories, *(name for names in learned for name in names)]
    return FormColumn(known, tuple(dict.fromkeys(options)) if column.kind == CATEGORY else ())
