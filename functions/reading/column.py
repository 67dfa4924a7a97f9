"""What a column holds, and what one cell of it means: for the job, the model and every scorer.

A cell's value depends on that cell and its column alone.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from functools import cached_property
from typing import Any

from contract.date_order import DateOrder
from contract.missing import ALWAYS_MISSING, PERHAPS_MISSING
from reading.dates import parse_date
from reading.durations import parse_duration
from reading.names import composed, key_of, unique_keys
from reading.numbers import (
    PLAIN_NUMBERS,
    NumberStyle,
    number_of_bare,
    parse_number,
    style_from_json,
)
from reading.several_numbers import Shape, several_of
from reading.spread import Spread, spread_from_json
from reading.truth import truth

NUMBER, DURATION, DATE, CATEGORY, TEXT = "number", "duration", "date", "category", "text"
# Two or three in each cell: a size, a place, a blood pressure.
NUMBERS = "numbers"
ALL_MARKS = (*ALWAYS_MISSING, *PERHAPS_MISSING)
# None of them is a number, a date or a time.
_WORDS = frozenset(ALL_MARKS)
# Whole numbers of so many digits are exact in 64 bits, and from there on in no float.
MOST_DIGITS, FLOAT64_WHOLE = 18, 2**53
WHOLE = re.compile(rf"-?[0-9]{{1,{MOST_DIGITS}}}")
_SMALL = {ord(c): c.lower() for c in map(chr, range(128)) if c.isupper()}

Value = float | tuple[float, ...] | datetime | str | None
"""Of a number or a duration, of several numbers, a date, or a category or a text; None or NaN where
it is missing."""


@dataclass(frozen=True)
class Column:
    """How a column becomes values that models learn from."""

    name: str
    kind: str
    """number, numbers, duration, date, category or text."""
    style: NumberStyle = PLAIN_NUMBERS
    order: DateOrder = "month_first"
    """Of dates that are written with three numbers."""
    ordered: bool = False
    """Whether any date of train is written so."""
    in_doubt: bool = False
    """Whether the cells leave the order, or what a decimal mark is, open."""
    truths: bool = False
    """Whether numbers may be written as words for true and false."""
    wide: bool = False
    """Whether numbers need 64 bits."""
    offset: int = 0
    """What is taken from numbers that float32 would round, and from the days of dates."""
    timed: bool = False
    """Whether dates have a time of day."""
    minutes: bool = False
    """Whether 40:05 is a duration of 40 minutes."""
    gaps: tuple[str, ...] = ()
    """What stands around the numbers of a cell that has several."""
    marks: tuple[str, ...] = ALWAYS_MISSING
    """What counts as missing, in small letters."""
    categories: tuple[str, ...] = ()
    """Those of train; none where they are too many to keep."""
    missing_share: float = 0.0
    """Of the rows of train."""
    spreads: tuple[Spread, ...] = ()
    """Of the values of train, or of each of several numbers, and of texts that of their lengths;
    none in models of earlier versions."""

    @cached_property
    def spellings(self) -> Mapping[str, str]:
        """Key of a category → the category, where no other has that key."""
        return unique_keys(self.categories)

    @cached_property
    def marked(self) -> frozenset[float | datetime]:
        """The marks that are values of this kind, such as -999 or 1900-01-01."""
        if set(self.marks) <= _WORDS or self.kind not in (NUMBER, DURATION, DATE):
            return frozenset()
        found = map(self._parsed, self.marks)
        return frozenset(value for value in found if value is not None and value == value)

    @cached_property
    def shape(self) -> Shape:
        """What the cells of several numbers have in common."""
        return Shape(self.style.decimal, self.gaps)

    def value_of(self, text: str, points: bool = False) -> Value:
        """What one cell says, however it is written.

        A number comes without the column's offset. `points` tells that `.` marks decimals in this
        file, whatever the column's style.
        """
        text = text.strip()
        if self.kind == NUMBER:
            return self.present_number(self._number(text, points))
        if self.kind in (DURATION, DATE):
            timed = self.kind == DURATION
            value = parse_duration(text, self.minutes) if timed else self._parsed(text)
            return self._empty if value in self.marked else value
        if self.says_missing(text):
            return None
        if self.kind == NUMBERS:
            return several_of(text, self.shape)
        return self.category_of(text) if self.kind == CATEGORY else text

    def value_of_number(self, number: float) -> float:
        """The same of a stored number, in a column of numbers or durations."""
        try:
            found = float(number - self.offset)
        except OverflowError:
            return math.nan
        if not math.isfinite(found):
            return math.nan
        return self.present_number(
            number_of_bare(found, self.style) if self.kind == NUMBER else found
        )

    def category_of(self, text: str) -> str:
        """The category of train that a text spells, else the text in its usual form."""
        name = composed(text)
        return name if name in self.known else self.spellings.get(key_of(name), name)

    def says_missing(self, text: str) -> bool:
        """Whether a text is one of the marks, in whatever letter case; only ASCII has one here."""
        return text.strip().translate(_SMALL) in self.marks

    def means_missing(self, text: str) -> bool:
        """Whether a cell says that there is no value, in whatever spelling."""
        return self.says_missing(text) or (bool(self.marked) and self._parsed(text) in self.marked)

    def present_number(self, number: float) -> float:
        """The number without the offset; NaN where it marks a missing one."""
        return math.nan if number in self._marked_numbers else number

    def to_json(self) -> Mapping[str, Any]:
        return asdict(self)

    @cached_property
    def _marked_numbers(self) -> frozenset[float]:
        return frozenset(mark - self.offset for mark in self.marked if isinstance(mark, float))

    @cached_property
    def known(self) -> frozenset[str]:
        """The categories of train."""
        return frozenset(self.categories)

    @property
    def _empty(self) -> float | None:
        return None if self.kind == DATE else math.nan

    def _parsed(self, text: str) -> float | datetime | None:
        """What a text is as a value of this kind, without an offset."""
        if self.kind == NUMBER:
            return parse_number(text, self.style)
        return parse_duration(text) if self.kind == DURATION else parse_date(text, self.order)

    def _number(self, text: str, points: bool) -> float:
        if abs(self.offset) >= FLOAT64_WHOLE and (whole := _whole(text)) is not None:
            # A float would round it before the offset is taken.
            return float(whole - self.offset)
        number = parse_number(text, self.style.in_file(points)) - self.offset
        if math.isnan(number) and self.truths and (said := truth(text)) is not None:
            return float(said)
        return number


def column_from_json(content: Mapping[str, Any]) -> Column:
    """The column that `Column.to_json` wrote, in this release or an earlier one."""
    known = {f.name for f in fields(Column)} & set(content)
    return Column(
        **{
            **{name: content[name] for name in known},
            "style": style_from_json(content["style"]),
            "marks": tuple(content["marks"]),
            "gaps": tuple(content.get("gaps", ())),
            "categories": tuple(content["categories"]),
            "spreads": tuple(map(spread_from_json, content.get("spreads", ()))),
        }
    )


def _whole(text: str) -> int | None:
    return int(text) if WHOLE.fullmatch(text) else None
