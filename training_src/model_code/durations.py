"""The durations of a column: whether it holds any, and usual spellings a column at a time.

`reading.durations` says what a cell means.
"""

import math
import re
from collections.abc import Collection, Mapping
from itertools import islice

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from model_code.cells import MOST_OTHERS, distinct, spread
from reading.durations import IN_SECONDS, parse_duration

# Of a column, to see whether anything in it has digits.
VALUES_LOOKED_AT = 50
HOURS_OF_DAY, MINUTES_OF_HOUR = 24, 60
QUICK = r"^(?P<hours>\d{1,7}):(?P<minutes>[0-5]\d)(?::(?P<seconds>[0-5]\d(?:\.\d{1,9})?))?$"


def are_durations(counts: Mapping[str, int]) -> bool:
    """Whether nearly all of these values are times or durations, by how often each occurs."""
    if not any(map(str.isdigit, "".join(islice(counts, VALUES_LOOKED_AT)))):
        return False
    left = sum(counts.values())
    fewest = (1 - MOST_OTHERS) * left
    for text, count in counts.items():
        if math.isnan(parse_duration(text)):
            left -= count
            if left <= fewest:
                return False
    return True


def are_minutes(texts: Collection[str]) -> bool:
    """Whether 40:05 is rather 40 minutes: beside 1:02:03, and with no day of so many hours."""
    parts = [match.groups() for text in texts if (match := re.match(QUICK, text.strip()))]
    two = [int(hours) for hours, _, seconds in parts if seconds is None]
    return HOURS_OF_DAY <= max(two, default=0) < MINUTES_OF_HOUR and len(two) < len(parts)


def as_seconds(texts: pa.ChunkedArray, minutes: bool = False) -> np.ndarray:
    """Parse each cell as float64 seconds; shape (n_rows,), NaN where it is no time.

    `parse_duration` says what a cell means; usual spellings are read a column at a time.
    """
    encoded = distinct(texts)
    values = encoded.dictionary
    parts = pc.extract_regex(values, QUICK)
    found = np.full(len(values), np.nan)
    quick = np.asarray(pc.is_valid(parts))
    if quick.any():
        chosen = parts.filter(pa.array(quick))
        seconds = sum(
            _floats(chosen.field(name)) * IN_SECONDS[name]
            for name in ("hours", "minutes", "seconds")
        )
        short = np.asarray(pc.equal(pc.fill_null(chosen.field("seconds"), ""), ""))
        found[quick] = np.where(short & minutes, seconds / 60, seconds)
    for place in np.flatnonzero(~quick & np.asarray(pc.not_equal(values, ""))):
        found[place] = parse_duration(values[int(place)].as_py(), minutes)
    return spread(found, encoded)


def _floats(texts: pa.StringArray) -> np.ndarray:
    cells = pc.if_else(pc.equal(pc.fill_null(texts, ""), ""), "0", texts)
    return np.asarray(pc.cast(cells, pa.float64()).to_numpy(zero_copy_only=False))
