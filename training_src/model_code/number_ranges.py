"""Columns of ranges: a cell such as 10-20 counts as its middle."""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from itertools import islice

from model_code.cells import MOST_OTHERS
from model_code.number_style import measure_style, number_style
from reading.numbers import NumberStyle, parse_number
from reading.ranges import are_codes, ends_of

# Of a column: where none is a range, the others are not looked at.
VALUES_LOOKED_AT = 50


def range_style(counts: Mapping[str, int], decimal: str = ".") -> NumberStyle | None:
    """The style in which nearly all values are ranges or numbers; None when they are not.

    `counts` has how often each value occurs. Where the first number of a range is above the
    second, as in the scores of games, it is none.
    """
    looked_at = map(ends_of, islice(counts, VALUES_LOOKED_AT))
    if max(map(len, looked_at), default=0) < len(("from", "to")) or are_codes(counts):
        return None
    ends = Counter[str]()
    for text, count in counts.items():
        for end in ends_of(text) or (text,):
            ends[end] += count
    found = number_style(ends, decimal, words=False) or measure_style(ends, decimal, words=False)
    if found is None:
        return None
    style = replace(found, ranges=True)
    odd = sum(count for text, count in counts.items() if math.isnan(parse_number(text, style)))
    return style if odd < MOST_OTHERS * sum(counts.values()) else None
