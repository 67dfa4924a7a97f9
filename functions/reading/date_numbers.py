"""Dates that programs write as one number: 20240131, 202401, Unix time, the days of spreadsheets.

In a column of dates, the size of a number tells which of them it is.
"""

import re
from datetime import datetime, timedelta

from contract.date_order import DateOrder

NUMBER = r"^(?P<whole>\d{5,19})(?P<fraction>\.\d{1,15})?$"
LAST_YEAR = 2200
# From 1983 to 2099: days since 1899-12-30, and Unix time in seconds and smaller units.
FIRST_DAY, LAST_DAY = 30_400, 73_051
FIRST_SECOND, LAST_SECOND = 420_000_000, 4_102_444_800
UNITS = (1, 1000, 1_000_000, 1_000_000_000)
MICROSECONDS, DAY_SECONDS = 1_000_000, 86_400
SERIAL_ZERO, EPOCH = datetime(1899, 12, 30), datetime(1970, 1, 1)
# POSIX: 69 is 1969, and 68 is 2068. Of 690101.
PIVOT = 690_000


def moment_of_number(text: str, order: DateOrder) -> datetime | None:
    """The moment of a text that looks like NUMBER; None where it is none."""
    match = re.match(NUMBER, text, re.ASCII)
    if match is None:
        return None
    whole, part = int(match["whole"]), float(match["fraction"] or 0)
    whole = whole if whole < 2**63 - 1 else 0
    if len(text) in (6, 8, 12, 14) and (found := _of_digits(whole, len(text), order)):
        return found
    if FIRST_DAY <= whole < LAST_DAY:
        # A spreadsheet shows no less than a millisecond.
        return SERIAL_ZERO + timedelta(milliseconds=round((whole + part) * DAY_SECONDS * 1000))
    for unit in UNITS:
        if FIRST_SECOND * unit <= whole < LAST_SECOND * unit:
            seconds, rest = divmod(whole, unit)
            micro = round((rest + part) * (MICROSECONDS / unit))
            return EPOCH + timedelta(seconds=seconds, microseconds=micro)
    return None


def _of_digits(whole: int, digits: int, order: DateOrder) -> datetime | None:
    """The moment of a number such as 20240131 or 20240131235959."""
    days, rest = divmod(whole, 10 ** max(0, digits - 8))
    rest = rest * 100 if digits == 12 else rest
    if digits == 6:
        century = 19_000_000 if days >= PIVOT else 20_000_000
        days = days + century if order == "year_first" else days * 100 + 1
    year, month, day = days // 10_000, days // 100 % 100, days % 100
    if digits == 12 and year > LAST_YEAR:
        # Unix milliseconds of the last century have as many.
        return None
    try:
        return datetime(year, month, day, rest // 10_000, rest // 100 % 100, rest % 100)
    except ValueError:
        return None
