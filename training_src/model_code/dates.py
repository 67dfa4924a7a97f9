"""Dates as people write them."""

from collections.abc import Mapping

import pandas as pd

DAYS = (
    *("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y. %m. %d.", "%Y. %m. %d", "%Y년 %m월 %d일"),
    *("%Y年%m月%d日", "%d.%m.%Y", "%d.%m.%y", "%m/%d/%Y", "%d/%m/%Y", "%m/%d/%y", "%d/%m/%y"),
    *("%d-%m-%Y", "%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y"),
    "%Y%m%d",
)
TIMES = ("", " %H:%M", " %H:%M:%S", "T%H:%M:%S", " %H:%M:%S.%f", "T%H:%M:%S.%f", " %I:%M %p")
FORMATS = tuple(f"{day}{time}" for time in TIMES for day in DAYS)
# ISO with a time zone, which one format does not cover.
ISO = "ISO8601"
MOST_OTHERS = 0.05
# Two numbers with something between them, or eight digits.
LOOKS_LIKE_ONE = r"\d\D+\d|\d{8}"
TRIED_FIRST = 50


def date_format(counts: Mapping[str, int]) -> str | None:
    """The format of nearly all of these values; None when they are no dates.

    `03/04/2024` is taken as March 4th unless another value of the column rules that out.
    """
    values = pd.Series(list(counts), dtype=object)
    first = values.head(TRIED_FIRST)
    if not first.str.contains(LOOKS_LIKE_ONE).mean() > 1 - MOST_OTHERS:
        return None
    likely = [fmt for fmt in (*FORMATS, ISO) if _share(first, fmt) > 1 - 2 * MOST_OTHERS]
    shares = {fmt: _share(values, fmt) for fmt in likely}
    best = max(shares, key=lambda fmt: shares[fmt], default=None)
    return best if best is not None and shares[best] > 1 - MOST_OTHERS else None


def as_dates(values: "pd.Series[str]", fmt: str) -> "pd.Series[pd.Timestamp]":
    """Timestamps without a zone; NaT where there is no value or no date."""
    found: pd.Series[pd.Timestamp] = pd.to_datetime(
        values.str.strip(), format=fmt, errors="coerce", utc=fmt == ISO
    )
    return found.dt.tz_localize(None)


def _share(values: "pd.Series[str]", fmt: str) -> float:
    parsed = as_dates(values, fmt)
    plausible = parsed.notna() & parsed.dt.year.between(1800, 2200)
    return float(plausible.mean())
