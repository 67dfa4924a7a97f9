"""Columns whose dates are written as one number each: which they are, and all at once.

`reading.date_numbers` says what a cell means.
"""

import re
from collections.abc import Collection

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from contract.date_order import DateOrder
from reading.date_numbers import (
    DAY_SECONDS,
    FIRST_DAY,
    FIRST_SECOND,
    LAST_DAY,
    LAST_SECOND,
    LAST_YEAR,
    MICROSECONDS,
    NUMBER,
    PIVOT,
    SERIAL_ZERO,
    UNITS,
)

# What a column is called whose numbers could be anything else as well.
DAYS = frozenset(
    (
        *("date", "day", "created", "updated", "datum", "fecha", "дата", "날짜", "일자", "일시"),
        *("日期", "日付", "日時", "生日"),
    )
)
TIMES = frozenset(
    (
        *("time", "timestamp", "datetime", "ts", "epoch", "unix", "at", "when", "zeit"),
        *("zeitpunkt", "zeitstempel", "hora", "heure", "시각", "시간", "時間", "时间"),
    )
)
WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[^\W\d_]+")
MONTH = re.compile(r"(19|20)\d\d\.(0[1-9]|1[0-2])|(0[1-9]|1[0-2])\.(19|20)\d\d")
# So many numbers are no months or short days by chance.
FEWEST_NUMBERS = 10
FIRST_YEAR = 1900
NEVER = np.datetime64("NaT", "us")


def may_be_dates(texts: Collection[str]) -> bool:
    """Whether `order_of_numbers` may find dates in a column that has these cells among others."""
    return any(all(map(pattern.fullmatch, texts)) for pattern in (MONTH, re.compile(NUMBER)))


def order_of_numbers(name: str, texts: Collection[str]) -> DateOrder | None:
    """How the distinct numbers of a column are dates; None when they are rather numbers.

    The order tells 240131 (year first) from 202401.
    """
    if len(texts) < 2:
        return None
    if len(texts) >= FEWEST_NUMBERS and all(map(MONTH.fullmatch, texts)):
        return "month_first"
    numbers = pc.extract_regex(pa.array(texts, pa.string()), NUMBER)
    if numbers.null_count:
        return None
    for digits, fewest in ((8, 2), (12, 2), (14, 2), (6, FEWEST_NUMBERS)):
        if len(texts) >= fewest and set(map(len, texts)) == {digits}:
            orders: tuple[DateOrder, ...] = ("month_first", "year_first")
            for order in orders[: 2 if digits == 6 else 1]:
                years = _of_digits(_whole(numbers), digits, order).astype("datetime64[Y]")
                if _all_between(years.astype(float) + 1970, FIRST_YEAR, LAST_YEAR):
                    return order
    return "month_first" if _called_so(name, _whole(numbers)) else None


def moments_of_numbers(texts: pa.StringArray, order: DateOrder) -> np.ndarray:
    """datetime64[us] of texts that all look like NUMBER; NaT where one is no moment."""
    numbers = pc.extract_regex(texts, NUMBER)
    whole, lengths = _whole(numbers), np.asarray(pc.utf8_length(texts))
    fractions = pc.replace_substring_regex(numbers.field("fraction"), "^$", "0")
    parts = pc.cast(fractions, pa.float64()).to_numpy(zero_copy_only=False)
    found = np.full(len(texts), NEVER)
    for digits in (6, 8, 12, 14):
        chosen = lengths == digits
        if chosen.any():
            found[chosen] = _of_digits(whole[chosen], digits, order)
    # A spreadsheet shows no less than a millisecond.
    days = np.round((whole % LAST_DAY + parts) * DAY_SECONDS * 1000).astype(np.int64) * 1000
    serial = np.isnat(found) & (whole >= FIRST_DAY) & (whole < LAST_DAY)
    found[serial] = np.datetime64(SERIAL_ZERO, "us") + days[serial].astype("timedelta64[us]")
    for unit in UNITS:
        chosen = np.isnat(found) & (whole >= FIRST_SECOND * unit) & (whole < LAST_SECOND * unit)
        seconds, rest = np.divmod(whole[chosen], unit)
        micro = np.round((rest + parts[chosen]) * (MICROSECONDS / unit)).astype(np.int64)
        found[chosen] = (seconds * MICROSECONDS + micro).astype("datetime64[us]")
    return found


def _whole(numbers: pa.StructArray) -> np.ndarray:
    """What stands before the point, 0 where that is too large for 64 bits."""
    texts = numbers.field("whole")
    small = pc.or_(pc.less(pc.utf8_length(texts), 19), pc.less(texts, str(2**63 - 1)))
    whole: np.ndarray = pc.cast(pc.if_else(small, texts, "0"), pa.int64()).to_numpy()
    return whole


def _of_digits(whole: np.ndarray, digits: int, order: DateOrder) -> np.ndarray:
    """The moments of numbers such as 20240131 or 20240131235959; NaT where there is none."""
    clock = 10 ** max(0, digits - 8)
    days, rest = np.divmod(whole, clock)
    rest = rest * 100 if digits == 12 else rest
    if digits == 6:
        century = np.where(days >= PIVOT, 19_000_000, 20_000_000)
        days = days + century if order == "year_first" else days * 100 + 1
    year, month, day = days // 10_000, days // 100 % 100, days % 100
    hour, minute, second = rest // 10_000, rest // 100 % 100, rest % 100
    first = ((year - 1970) * 12 + np.clip(month, 1, 12) - 1).astype("datetime64[M]")
    found = first.astype("datetime64[D]") + (day - 1)
    right = (month >= 1) & (month <= 12) & (day >= 1) & (found.astype("datetime64[M]") == first)
    right &= (year > 0) & (hour < 24) & (minute < 60) & (second < 60)
    if digits == 12:
        # Unix milliseconds of the last century have as many.
        right &= year <= LAST_YEAR
    seconds = found.astype("datetime64[s]") + (hour * 3600 + minute * 60 + second)
    moments: np.ndarray = np.where(right, seconds.astype("datetime64[us]"), NEVER)
    return moments


def _called_so(name: str, numbers: np.ndarray) -> bool:
    """Whether a column that is called a date or a time has nothing but days or Unix times."""
    words = {word.lower() for word in WORDS.findall(name)}
    if words & DAYS and _all_between(numbers, FIRST_DAY, LAST_DAY):
        return True
    return bool(words & (DAYS | TIMES)) and any(
        _all_between(numbers, FIRST_SECOND * unit, LAST_SECOND * unit) for unit in UNITS
    )


def _all_between(numbers: np.ndarray, low: float, high: float) -> bool:
    return bool(((numbers >= low) & (numbers < high)).all())
