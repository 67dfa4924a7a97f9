"""Dates as people write them. A cell's date depends on that cell and its column alone.

ISO 8601 is understood beside any other spelling of a column; a time with a zone is moved to UTC.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import lru_cache

from contract.date_order import DateOrder
from reading.date_numbers import NUMBER, moment_of_number
from reading.date_words import (
    CJK_WEEKDAY,
    ERAS,
    HALF_OF_DAY,
    MARCH_OR_TUESDAY,
    MONTH_NUMBERS,
    SHORT_ERAS,
    WEEKDAY,
    ZONES,
    hour_of_day,
    with_plain_clock,
    without_accents,
)
from reading.units import QUOTES

# Models look at days.
MICROSECONDS_PER_DAY = 86_400_000_000
PLACES: Mapping[DateOrder, str] = {"day_first": "dmy", "month_first": "mdy", "year_first": "ymd"}
# POSIX: 69 is 1969, and 68 is 2068.
PIVOT = 69
LONGEST = 80
# Of days without a year, so that February has 29.
NO_YEAR = "2000"
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
            rf"(?P<d>\d{{1,2}})(?:st|nd|rd|th|er|\.)?[-/ ]*(?:of |de )?(?P<n>{_LETTERS}{{3,}})\.?,?"
            rf"[-/ ]*(?:del? )?{_YEARS}(?: ?г\.)?",
            rf"(?P<n>{_LETTERS}{{3,}})\.?[-/ ]*(?P<d>\d{{1,2}})(?:st|nd|rd|th)?,?[-/ ]+{_YEAR}",
            rf"{_YEAR}\.?[-/ ](?P<n>{_LETTERS}{{3,}})[-/ ](?P<d>\d{{1,2}})\.?",
            rf"(?:ngày )?(?P<d>\d{{1,2}}) tháng (?P<m>\d{{1,2}}),?(?: năm)? {_YEAR}",
            # The Republic of China's years, and those of Japan's emperors.
            rf"(?P<era>{'|'.join(ERAS)})\s*(?P<y>\d{{1,3}})\s*[년年]\s*(?P<m>\d{{1,2}})[월月]\s*"
            r"(?P<d>\d{1,2})[일日号號]",
            r"(?P<roc>1\d{2})(?P<s>[-/.])(?P<m>\d{1,2})(?P=s)(?P<d>\d{1,2})",
            r"(?P<roc>1\d{2})年\s*(?P<m>\d{1,2})月\s*(?P<d>\d{1,2})[日號号]",
            r"(?P<short>[rhs])(?P<y>\d{1,2})(?P<s>[-/.])(?P<m>\d{1,2})(?P=s)(?P<d>\d{1,2})",
            # Months, quarters, weeks and years.
            rf"{_YEAR}[-/](?P<m>\d{{1,2}})",
            rf"{_YEAR}\.(?P<m>\d{{2}})",
            rf"{_YEAR}[년年]\s*(?P<m>\d{{1,2}})[월月]",
            rf"{_YEAR}[-_ ]?m(?P<m>\d{{2}})",
            rf"(?P<m>\d{{1,2}})[-/.]{_YEAR}",
            rf"(?P<n>{_LETTERS}{{3,}})\.?[-/ ]*'?{_YEAR}",
            rf"(?P<n>{_LETTERS}{{3,}})\.?[-/ ]'?(?P<y>\d{{2}})$",
            rf"{_YEAR}[-/ ](?P<n>{_LETTERS}{{3,}})",
            rf"{_YEAR}[년年]?[-/_. ]*[qt](?P<q>[1-4])",
            rf"{_YEAR}[년年]\s*(?:第)?(?P<q>[1-4])(?:분기|季度?)",
            rf"q(?P<q>[1-4])[-/_. ']*{_YEARS}",
            rf"t(?P<q>[1-4])[-/_. ]*{_YEAR}",
            rf"(?P<q>[1-4])q[-/_. ']*{_YEARS}",
            rf"{_YEAR}[-/_. ]?k?w(?P<w>\d{{1,2}})(?:-?(?P<wd>[1-7]))?",
            rf"(?:kw|cw|w|week)\s?(?P<w>\d{{1,2}})[-/_., ]+{_YEAR}",
            rf"{_YEAR}$",
            # A spreadsheet shows days without their year, and so does a log.
            rf"(?P<d>\d{{1,2}})[-/ ](?P<n>{_LETTERS}{{3,}})\.?",
            rf"(?P<n>{_LETTERS}{{3,}}) +(?P<d>\d{{1,2}})(?= \d{{1,2}}:\d{{2}})",
        )
    ),
)
# What may stand between a date and its time.
BETWEEN = re.compile(r"(?:[t,_:]|\s+-\s)?\s*(?:(?:at|um|à|klo|kl\.?|ore|o)\s+)?")
# 20240131T235959
COMPACT = re.compile(r"^(\d{8})[t _-]?(\d{2})(\d{2})(\d{2})?(?!\d)")
# What people and programs write around a date.
AROUND = "'[]\" " + "".join(map(chr, QUOTES))
NOTE = re.compile(r"(?<=\S)\s*(?:\([^()]{1,50}\)|\[[^\[\]]{1,50}\])$")


def parse_date(text: str, order: DateOrder) -> datetime | None:
    """The date of one cell, without a zone; None when it is none."""
    text = text.strip()
    return _parsed(text, order) if 0 < len(text) <= LONGEST else None


@lru_cache(maxsize=20_000)
def _parsed(text: str, order: DateOrder) -> datetime | None:
    for number in (text, text := plain_date(text)):
        if re.match(NUMBER, number, re.ASCII):
            return moment_of_number(number, order)
    found = (_date_and_clock(variant, order) for variant in variants(text))
    return next(filter(None, found), None)


def variants(text: str) -> Iterator[str]:
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


def plain_date(text: str) -> str:
    """Small letters, without what people write around a date."""
    text = unicodedata.normalize("NFKC", text).lower()
    if not text.isascii():
        text = with_plain_clock(CJK_WEEKDAY.sub(" ", text)).strip()
        text = re.sub(r"(?<=[일日号號])(?=\d)", " ", text).replace("元年", "1年")
    text = NOTE.sub("", text).strip(AROUND)
    return COMPACT.sub(lambda m: f"{m[1]} {m[2]}:{m[3]}:{m[4] or '00'}", text)


def _date_and_clock(text: str, order: DateOrder) -> datetime | None:
    for form in FORMS:
        match = form.match(text)
        day = _day(match, order) if match else None
        if match and day and (clock := clock_of(text[match.end() :])) is not None:
            return _added(day, clock)
    return None


def _day(match: re.Match[str], order: DateOrder) -> datetime | None:
    parts = match.groupdict()
    if "a" in parts:
        # With points, the day always comes before the month.
        order = "day_first" if parts["s"] == "." and order == "month_first" else order
        known = day_of_three(int(parts["a"]), int(parts["b"]), int(parts["c"]), order, parts)
    elif "w" in parts:
        return _of_week(int(parts["y"]), int(parts["w"]), int(parts.get("wd") or 1))
    else:
        known = _checked(_year_of(parts), _month_of(parts), int(parts.get("d") or 1))
    return datetime(*known) if known else None


def _year_of(parts: Mapping[str, str]) -> int:
    if "roc" in parts:
        return int(parts["roc"]) + ERAS["民國"]
    if "era" in parts or "short" in parts:
        return int(parts["y"]) + ERAS[parts.get("era") or SHORT_ERAS[parts["short"]]]
    return _year(parts.get("y", NO_YEAR))


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


def day_of_three(
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
def clock_of(text: str) -> timedelta | None:
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
