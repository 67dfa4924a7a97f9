"""The dates of a column: how it writes them, and usual spellings a column at a time.

`reading.dates` says what a cell means.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from contract.date_order import DATE_ORDERS, DateOrder
from model_code.cells import MOST_OTHERS, distinct, spread
from model_code.date_numbers import moments_of_numbers
from reading.date_numbers import NUMBER
from reading.dates import (
    LONGEST,
    NO_YEAR,
    OPEN_ORDER,
    PLACES,
    clock_of,
    day_of_three,
    parse_date,
    plain_date,
    variants,
)

FIRST_YEAR, LAST_YEAR = 1800, 2200
# Of a column: where none is a date, the others are not looked at.
VALUES_LOOKED_AT = 50
# The year of a date that never comes.
ENDLESS = 9999
MONTHS_IN_YEAR = 12
# So many months beside one day are no chance.
FIRST_DAYS = 6
# Of days without a year; fewer may be other words.
FEWEST_MONTHS = 3
ISO = (
    r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?"
    r"(Z|[+-]\d{2}:\d{2})?)?$"
)
ISO_WITH_ZONE = r":\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:\d{2})$"
# Read a column at a time: patterns of RE2, and strptime's formats.
_NUMBERS = {mark: rf"\d{{1,2}}[{mark}]\d{{1,2}}[{mark}]\d{{4}}" for mark in "./-"}
QUICK_MONTHS = {
    r"\d{1,2} [A-Za-z]{3} \d{4}": "%d %b %Y",
    r"\d{1,2}-[A-Za-z]{3}-\d{4}": "%d-%b-%Y",
    r"\d{1,2}-[A-Za-z]{3}-\d{2}": "%d-%b-%y",
    r"[A-Za-z]{3} \d{1,2}, \d{4}": "%b %d, %Y",
}
QUICK = {
    "dmy": {_NUMBERS[mark]: f"%d{mark}%m{mark}%Y" for mark in "./-"},
    "mdy": {_NUMBERS["."]: "%d.%m.%Y"} | {_NUMBERS[m]: f"%m{m}%d{m}%Y" for m in "/-"},
}
QUICK_CLOCKS = {
    "": "",
    r" \d{2}:[0-5]\d": " %H:%M",
    r" \d{2}:[0-5]\d:[0-5]\d": " %H:%M:%S",
    r" \d{2}:[0-5]\d [AP]M": " %I:%M %p",
    r" \d{2}:[0-5]\d:[0-5]\d [AP]M": " %I:%M:%S %p",
}


@dataclass(frozen=True)
class DateStyle:
    """How the dates of a column are written."""

    order: DateOrder
    in_doubt: bool = False
    """Whether the cells leave open which number is the day."""
    matters: bool = True
    """Whether any date is written with three numbers and the year not in front."""


class _Three(NamedTuple):
    """The numbers of a date such as 01/02/2024, in the order in which they stand."""

    a: int
    b: int
    c: int
    mark: str
    short: bool
    """Whether the last has two digits."""
    filled: bool
    """Whether the first has two digits."""

    def day(self, order: DateOrder) -> tuple[int, int, int] | None:
        """Year, month and day in this order; None when it is no date."""
        if order == "year_first" and not (self.short and self.filled):
            return None
        if order == "month_first" and self.mark == ".":
            return None
        return day_of_three(self.a, self.b, self.c, order)


def date_style(
    counts: Mapping[str, int], more: Iterable[str] = (), asked: DateOrder | None = None
) -> DateStyle | None:
    """How nearly all of these values are dates; None when they are no dates.

    `counts` has how often each value occurs. `more` are values of another file that may settle the
    order of day and month, and `asked` is what the settings say of it.
    """
    values = [text for text in counts if text]
    if not any(map(_may_be_date, values[:VALUES_LOOKED_AT])):
        return None
    found = [_numbers(text) for text in values]
    others = [one for text in more if (one := _numbers(text)) is not None]
    style = _order([one for one in [*found, *others] if one is not None], asked)
    dates = as_dates(pa.chunked_array([pa.array(values)]), style.order)
    years = dates.dt.year.to_numpy(float)
    plausible = ((years >= FIRST_YEAR) & (years <= LAST_YEAR)) | (years == ENDLESS)
    weights = np.array([counts[text] for text in values])
    if weights[plausible].sum() <= (1 - MOST_OTHERS) * weights.sum():
        return None
    years_of_none = set(years[plausible]) == {int(NO_YEAR)} and not any("00" in t for t in values)
    if years_of_none and dates.dt.month.nunique() < FEWEST_MONTHS:
        return None
    return None if _are_versions(values, found, style) else style


def _may_be_date(text: str) -> bool:
    return any(map(str.isdigit, text)) and (
        _numbers(text) is not None or parse_date(text, "day_first") is not None
    )


def needs_order(text: str) -> bool:
    """Whether a cell is a date of three numbers with the year at the end."""
    return _numbers(text) is not None


def as_dates(texts: pa.ChunkedArray, order: DateOrder) -> "pd.Series[pd.Timestamp]":
    """Parse cells as datetime64[us]; shape (n_rows,), NaT where a cell is not a date.

    `parse_date` says what a cell means; usual spellings are read a column at a time.
    """
    encoded = distinct(texts)
    values = encoded.dictionary
    found = np.full(len(values), np.datetime64("NaT"), dtype="datetime64[us]")
    left = np.asarray(pc.not_equal(values, ""))
    iso = left & np.asarray(pc.match_substring_regex(values, ISO))
    zoned = iso & np.asarray(pc.match_substring_regex(values, ISO_WITH_ZONE))
    for chosen in (iso & ~zoned, zoned):
        if chosen.any():
            cells = pd.Series(values.filter(pa.array(chosen)).to_pandas(), dtype=object)
            parsed = pd.to_datetime(cells, format="ISO8601", errors="coerce", utc=True)
            found[chosen] = parsed.dt.tz_localize(None).to_numpy("datetime64[us]")
    left &= np.isnat(found)
    numbers = left & np.asarray(pc.match_substring_regex(values, NUMBER))
    if numbers.any():
        found[numbers] = moments_of_numbers(values.filter(pa.array(numbers)), order)
        left &= ~numbers
    days = QUICK.get(PLACES[order], {}) | QUICK_MONTHS
    for (day, fmt), (pattern, clock) in product(days.items(), QUICK_CLOCKS.items()):
        if not left.any():
            break
        chosen = left & np.asarray(pc.match_substring_regex(values, f"^{day}{pattern}$"))
        if chosen.any():
            cells = pd.Series(values.filter(pa.array(chosen)).to_pandas(), dtype=object)
            parsed = pd.to_datetime(cells, format=f"{fmt}{clock}", errors="coerce")
            found[chosen] = parsed.to_numpy("datetime64[us]")
            left &= np.isnat(found)
    for place in np.flatnonzero(left):
        if moment := parse_date(values[int(place)].as_py(), order):
            found[place] = np.datetime64(moment, "us")
    return pd.Series(spread(found, encoded))


def _order(dates: Sequence[_Three], asked: DateOrder | None) -> DateStyle:
    """The order in which most values are dates; asked for, or the likelier one, in doubt."""
    if asked is not None or not dates:
        return DateStyle(asked or "month_first", matters=bool(dates))
    possible = {order: sum(d.day(order) is not None for d in dates) for order in DATE_ORDERS}
    left = [order for order in DATE_ORDERS if possible[order] == max(possible.values())]
    if len(left) == 1:
        return DateStyle(left[0])
    if "year_first" not in left and all(date.mark == "." for date in dates):
        return DateStyle("day_first")
    return DateStyle(_likelier(dates, left), in_doubt=_matters(dates, left))


def _matters(dates: Sequence[_Three], orders: Sequence[DateOrder]) -> bool:
    """Whether the orders give different dates; 02/02/2024 is the same either way."""
    return any(len({date.day(order) for order in orders}) > 1 for date in dates)


def _likelier(dates: Sequence[_Three], orders: Sequence[DateOrder]) -> DateOrder:
    """Years vary least; a constant beside many others is the first day of months."""

    def values(order: DateOrder, part: str) -> int:
        return len({date[PLACES[order].index(part)] for date in dates})

    if "year_first" in orders:
        others = [order for order in orders if order != "year_first"]
        if not others or values("year_first", "y") < values(others[0], "y"):
            return "year_first"
        orders = others
    firsts = [o for o in orders if values(o, "d") == 1 and values(o, "m") >= FIRST_DAYS]
    if len(firsts) == 1:
        return firsts[0]
    dashes = sum(date.mark == "-" for date in dates)
    wanted: DateOrder = "day_first" if dashes > len(dates) / 2 else "month_first"
    return wanted if wanted in orders else orders[0]


def _numbers(text: str) -> _Three | None:
    """The three numbers of a date whose order is open."""
    if len(text) > LONGEST:
        return None
    for variant in variants(plain_date(text)):
        match = OPEN_ORDER.match(variant)
        if match and clock_of(variant[match.end() :]) is not None:
            a, b, c = (int(match[name]) for name in "abc")
            return _Three(a, b, c, match["s"], len(match["c"]) == 2, len(match["a"]) == 2)
    return None


def _are_versions(values: Sequence[str], found: Sequence[_Three | None], style: DateStyle) -> bool:
    """Whether these are rather 1.10.12 and 2.4.11: short years, and not filled with zeros."""
    short = [
        (text, one)
        for text, one in zip(values, found, strict=True)
        if one is not None and one.short
    ]
    unfilled = sum("." in text and not re.match(r"\d{2}\.\d{2}\.\d{2}", text) for text, _ in short)
    if unfilled <= MOST_OTHERS * len(values):
        return False
    # Hardly any program has so many first numbers, none above 31, and no second above 12.
    return style.in_doubt or len({one.a for _, one in short}) <= MONTHS_IN_YEAR
