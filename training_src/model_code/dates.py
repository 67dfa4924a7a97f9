"""Dates as people write them. A cell's date depends on that cell and its column alone.

ISO 8601 is understood beside any other spelling of a column; a time with a zone is moved to UTC.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import product
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from contract.date_order import DATE_ORDERS, DateOrder
from model_code.cells import MOST_OTHERS, distinct, spread
from model_code.date_numbers import NUMBER, moments_of_numbers
from model_code.date_words import (
    CJK_WEEKDAY,
    ERAS,
    HALF_OF_DAY,
    MARCH_OR_TUESDAY,
    MONTH_NUMBERS,
    WEEKDAY,
    ZONES,
    hour_of_day,
    with_plain_clock,
    without_accents,
)
from model_code.units import QUOTES

PLACES: Mapping[DateOrder, str] = {"day_first": "dmy", "month_first": "mdy", "year_first": "ymd"}
FIRST_YEAR, LAST_YEAR = 1800, 2200
# POSIX: 69 is 1969, and 68 is 2068.
PIVOT = 69
LONGEST = 80
# Of a column: where none is a date, the others are not looked at.
VALUES_LOOKED_AT = 50
# The year of a date that never comes.
ENDLESS = 9999
MONTHS_IN_YEAR = 12
# So many months beside one day are no chance.
FIRST_DAYS = 6
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
CLOCK = re.compile(
    rf"(?:(?P<before>{HALF_OF_DAY})\s*)?(?P<hour>\d{{1,2}})"
    r"(?:[:h.](?P<minute>\d{2})(?:[:.](?P<second>\d{2})(?:[.,:](?P<fraction>\d{1,9}))?)?)?"
    rf"\s*(?P<after>{HALF_OF_DAY})?(?:\s*uhr)?"
    r"\s*(?P<zone>(?:utc|gmt)?[+-]\d{1,2}:?(?:\d{2})?|[a-z]{1,4})?"
)
# A time that stands before a date or inside it.
CLOCK_INSIDE = re.compile(
    rf"(?:(?:{HALF_OF_DAY})\s*)?(?<![\d:])\d{{1,2}}:\d{{2}}(?::\d{{2}}(?:[.,]\d{{1,9}})?)?(?![\d:])"
    rf"(?:\s*(?:{HALF_OF_DAY}))?(?:\s+(?:[+-]\d{{2}}:?\d{{2}}|utc|gmt|[a-z]{{2,3}}t))?"
)
_LETTERS = r"[^\W\d_]"
_YEAR, _YEARS = r"(?P<y>\d{4})", r"(?P<y>\d{4}|\d{2})"
OPEN_ORDER = re.compile(
    r"(?P<a>\d{1,2})\s?(?P<s>[-/. ])\s?(?P<b>\d{1,2})\s?(?P=s)\s?(?P<c>\d{4}|\d{2})\.?"
)
FORMS = (
    re.compile(rf"{_YEAR}\s?(?P<s>[-/. ])\s?(?P<m>\d{{1,2}})\s?(?P=s)\s?(?P<d>\d{{1,2}})\.?"),
    re.compile(rf"{_YEARS}[년年]\s*(?P<m>\d{{1,2}})[월月]\s*(?P<d>\d{{1,2}})[일日号號]"),
    OPEN_ORDER,
    *(
        re.compile(pattern)
        for pattern in (
            rf"{_YEAR}(?P<m>\d{{2}})(?P<d>\d{{2}})",
            rf"(?P<d>\d{{1,2}})(?:st|nd|rd|th|er|\.)?[-/ ]*(?:de )?(?P<n>{_LETTERS}{{3,}})\.?,?"
            rf"[-/ ]*(?:de )?{_YEARS}(?: ?г\.)?",
            rf"(?P<n>{_LETTERS}{{3,}})\.?[-/ ]*(?P<d>\d{{1,2}})(?:st|nd|rd|th)?,?[-/ ]+{_YEAR}",
            rf"{_YEAR}[-/ ](?P<n>{_LETTERS}{{3,}})[-/ ](?P<d>\d{{1,2}})",
            # The Republic of China's years, and those of Japan's emperors.
            rf"(?P<era>{'|'.join(ERAS)})\s*(?P<y>\d{{1,3}})\s*[년年]\s*(?P<m>\d{{1,2}})[월月]\s*"
            r"(?P<d>\d{1,2})[일日号號]",
            r"(?P<roc>1\d{2})(?P<s>[-/.])(?P<m>\d{1,2})(?P=s)(?P<d>\d{1,2})",
            # Months, quarters, weeks and years.
            rf"{_YEAR}[-/](?P<m>\d{{1,2}})",
            rf"{_YEAR}\.(?P<m>\d{{2}})",
            rf"{_YEAR}[년年]\s*(?P<m>\d{{1,2}})[월月]",
            rf"{_YEAR}[-_ ]?m(?P<m>\d{{2}})",
            rf"(?P<m>\d{{1,2}})[-/.]{_YEAR}",
            rf"(?P<n>{_LETTERS}{{3,}})\.?[-/ ]*'?{_YEAR}",
            rf"(?P<n>{_LETTERS}{{3,}})\.?[-/ ]'?(?P<y>\d{{2}})",
            rf"{_YEAR}[-/ ](?P<n>{_LETTERS}{{3,}})",
            rf"{_YEAR}[년年]?[-/_. ]*[qt](?P<q>[1-4])",
            rf"{_YEAR}[년年]\s*(?:第)?(?P<q>[1-4])(?:분기|季度?)",
            rf"q(?P<q>[1-4])[-/_. ']*{_YEARS}",
            rf"t(?P<q>[1-4])[-/_. ]*{_YEAR}",
            rf"(?P<q>[1-4])q[-/_. ']*{_YEARS}",
            rf"{_YEAR}[-/_. ]?k?w(?P<w>\d{{1,2}})(?:-?(?P<wd>[1-7]))?",
            rf"(?:kw|cw|w|week)\s?(?P<w>\d{{1,2}})[-/_., ]+{_YEAR}",
            rf"{_YEAR}$",
        )
    ),
)
# What may stand between a date and its time.
BETWEEN = re.compile(r"(?:[t,_:]|\s+-\s)?\s*(?:at\s+|um\s+|à\s+)?")
# 20240131T235959
COMPACT = re.compile(r"^(\d{8})[t _-]?(\d{2})(\d{2})(\d{2})?(?!\d)")
# What people and programs write around a date.
AROUND = "'[]\" " + "".join(map(chr, QUOTES))
NOTE = re.compile(r"(?<=\S)\s*(?:\([^()]{1,50}\)|\[[^\[\]]{1,50}\])$")


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
        return _ymd(self.a, self.b, self.c, order)


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
    years = as_dates(pa.chunked_array([pa.array(values)]), style.order).dt.year.to_numpy(float)
    plausible = ((years >= FIRST_YEAR) & (years <= LAST_YEAR)) | (years == ENDLESS)
    weights = np.array([counts[text] for text in values])
    if weights[plausible].sum() <= (1 - MOST_OTHERS) * weights.sum():
        return None
    return None if _are_versions(values, found, style) else style


def _may_be_date(text: str) -> bool:
    return any(map(str.isdigit, text)) and (
        _numbers(text) is not None or parse_date(text, "day_first") is not None
    )


def needs_order(text: str) -> bool:
    """Whether a cell is a date of three numbers with the year at the end."""
    return _numbers(text) is not None


@lru_cache(maxsize=20_000)
def parse_date(text: str, order: DateOrder) -> datetime | None:
    """The date of one cell, without a zone; None when it is none."""
    text = text.strip()
    if not text or len(text) > LONGEST:
        return None
    text = _plain(text)
    if re.match(NUMBER, text):
        moment = moments_of_numbers(pa.array([text]), order)[0]
        return None if np.isnat(moment) else moment.astype(datetime)
    found = (_date_and_clock(variant, order) for variant in _variants(text))
    return next(filter(None, found), None)


def _variants(text: str) -> Iterator[str]:
    """The text as it is, without a day of the week, and with its time at the end."""
    named = WEEKDAY.match(text)
    if named is None or text.startswith(MARCH_OR_TUESDAY):
        yield text
    if named:
        text = text[named.end() :]
        yield text
    if clock := CLOCK_INSIDE.search(text):
        rest = f"{text[: clock.start()].strip(' ,')} {text[clock.end() :].strip(' ,')}"
        yield f"{rest.strip()} {clock[0]}"


def _plain(text: str) -> str:
    """Small letters, without what people write around a date."""
    text = unicodedata.normalize("NFKC", text).lower()
    if not text.isascii():
        text = with_plain_clock(CJK_WEEKDAY.sub(" ", text)).strip()
        text = re.sub(r"(?<=[일日号號])(?=\d)", " ", text)
    text = NOTE.sub("", text).strip(AROUND)
    return COMPACT.sub(lambda m: f"{m[1]} {m[2]}:{m[3]}:{m[4] or '00'}", text)


def _date_and_clock(text: str, order: DateOrder) -> datetime | None:
    for form in FORMS:
        match = form.match(text)
        day = _day(match, order) if match else None
        if match and day and (clock := _clock(text[match.end() :])) is not None:
            return _added(day, clock)
    return None


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
    for variant in _variants(_plain(text)):
        match = OPEN_ORDER.match(variant)
        if match and _clock(variant[match.end() :]) is not None:
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


def _day(match: re.Match[str], order: DateOrder) -> datetime | None:
    parts = match.groupdict()
    if "a" in parts:
        # With points, the day always comes before the month.
        order = "day_first" if parts["s"] == "." and order == "month_first" else order
        known = _ymd(int(parts["a"]), int(parts["b"]), int(parts["c"]), order, parts)
    elif "w" in parts:
        return _of_week(int(parts["y"]), int(parts["w"]), int(parts.get("wd") or 1))
    else:
        known = _checked(_year_of(parts), _month_of(parts), int(parts.get("d") or 1))
    return datetime(*known) if known else None


def _year_of(parts: Mapping[str, str]) -> int:
    if "roc" in parts:
        return int(parts["roc"]) + ERAS["民國"]
    return int(parts["y"]) + ERAS[parts["era"]] if "era" in parts else _year(parts["y"])


def _month_of(parts: Mapping[str, str]) -> int:
    if "q" in parts:
        return 3 * int(parts["q"]) - 2
    # No month has the number 0.
    return (
        MONTH_NUMBERS.get(without_accents(parts["n"]), 0)
        if "n" in parts
        else int(parts.get("m") or 1)
    )


def _of_week(year: int, week: int, day: int) -> datetime | None:
    try:
        return datetime.fromisocalendar(year, week, day)
    except ValueError:
        return None


def _ymd(
    a: int, b: int, c: int, order: DateOrder, written: Mapping[str, str] | None = None
) -> tuple[int, int, int] | None:
    """Year, month and day of three numbers in this order; None when it is no date."""
    if c > 99 and order == "year_first":
        order = "month_first"
    by = dict(zip(PLACES[order], (a, b, c), strict=True))
    if written and order == "year_first" and len(written["a"]) != 2:
        return None
    return _checked(_year(f"{by['y']:02}"), by["m"], by["d"])


def _year(text: str) -> int:
    year = int(text)
    if len(text) > 2:
        return year
    return year + (1900 if year >= PIVOT else 2000)


def _checked(year: int, month: int, day: int) -> tuple[int, int, int] | None:
    try:
        datetime(year, month, day)
    except ValueError:
        return None
    return year, month, day


@lru_cache(maxsize=20_000)
def _clock(text: str) -> timedelta | None:
    """The time behind a date, as what to add to it; None when it is something else."""
    if not text.strip():
        return timedelta()
    between = BETWEEN.match(text)
    start = between.end() if between else 0
    match = CLOCK.fullmatch(text[start:].rstrip()) if start else None
    if match is None:
        return None
    hour, minute, second = (int(match[name] or 0) for name in ("hour", "minute", "second"))
    half = match["before"] or match["after"]
    if match["minute"] is None and half is None:
        return None
    hour = hour_of_day(hour, half)
    east = _zone(match["zone"])
    if east is None or hour > 24 or minute > 59 or second > 60:
        return None
    micro = int(f"{match['fraction'] or 0:0<6}"[:6]) if match["fraction"] else 0
    return timedelta(hours=hour, minutes=minute, seconds=second, microseconds=micro) - east


def _zone(text: str | None) -> timedelta | None:
    if not text:
        return timedelta()
    if text in ZONES:
        return timedelta(hours=ZONES[text])
    match = re.fullmatch(r"(?:utc|gmt)?([+-])(\d{1,2}):?(\d{2})?", text)
    if match is None:
        return None
    east = timedelta(hours=int(match[2]), minutes=int(match[3] or 0))
    return -east if match[1] == "-" else east


def _added(day: datetime, clock: timedelta) -> datetime | None:
    try:
        return day + clock
    except OverflowError:
        return None
