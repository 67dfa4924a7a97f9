"""Cells of two or three numbers: 126/83 · 10 x 20 cm · (52.5, 13.4) · 12.3 ± 0.4 · 4.5 out of 5."""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

LONGEST = 64
MOST_NUMBERS = 3
# Of a column: where none holds several numbers, the others are not looked at.
VALUES_LOOKED_AT = 50
_SIGN = r"(?:(?<![\w.)\]%])[-+])?"
NUMBER = {
    mark: re.compile(rf"{_SIGN}(?:\d{{1,15}}(?:[{mark}]\d{{1,15}})?|(?<!\d)[{mark}]\d{{1,15}})")
    for mark in ".,"
}
PLAINER = str.maketrans("\u00d7*\u2212\u2032\u2019\u2033\u201d", "xx-''\"\"")
_UNIT = r"(?:[^\W\d_]{1,3}|[\"'°%])"
FIRST = re.compile(r"[(\[]?|point\(")
BETWEEN = re.compile(rf"{_UNIT}?(?:/|x|by|,|;|:|±|\+/-|\+-|\(|\[|outof|of)")
INSIDE_BRACKETS = re.compile(r"-|–|to|,|;|/")
LAST = re.compile(r"\D{0,10}")
OPENED = re.compile(r"[(\[]$")


@dataclass(frozen=True)
class Shape:
    """What the cells of a column have in common: what marks decimals, and all but the numbers."""

    decimal: str
    gaps: tuple[str, ...]
    """In front of the first number, between each two, and behind the last one."""


def numbers_and_gaps(text: str, decimal: str) -> tuple[tuple[float, ...], tuple[str, ...]]:
    """Return the numbers of a cell and the texts around them; both empty where there are too many.

    `10 x 20 cm` gives `((10.0, 20.0), ("", "x", "cm"))`.
    """
    return _parsed(text, decimal) if len(text) <= LONGEST else ((), ())


@lru_cache(maxsize=20_000)
def _parsed(text: str, decimal: str) -> tuple[tuple[float, ...], tuple[str, ...]]:
    text = text.translate(PLAINER)
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    text = " ".join(text.casefold().split())
    found = list(NUMBER[decimal].finditer(text))
    if not 1 < len(found) <= MOST_NUMBERS:
        return (), ()
    ends = [0, *(end for match in found for end in match.span()), len(text)]
    gaps = (text[start:end] for start, end in zip(ends[::2], ends[1::2], strict=True))
    numbers = (float(match[0].replace(",", ".")) for match in found)
    return tuple(numbers), tuple(gap.replace(" ", "") or gap for gap in gaps)


def shape_of(counts: Mapping[str, int], most_others: float) -> Shape | None:
    """Return the shape of nearly all values, by how often each occurs; None where they share none.

    `most_others` is the share of the cells that may be anything else.
    """
    for decimal in ".,":
        first = list(counts)[:VALUES_LOOKED_AT]
        if not any(_is_shape(numbers_and_gaps(text, decimal)[1]) for text in first):
            continue
        shapes = Counter[tuple[str, ...]]()
        for text, count in counts.items():
            shapes[numbers_and_gaps(text, decimal)[1]] += count
        gaps, most = shapes.most_common(1)[0]
        if _is_shape(gaps) and most > (1 - most_others) * sum(counts.values()):
            return Shape(decimal, gaps)
    return None


def several_of(text: str, shape: Shape) -> tuple[float, ...] | None:
    """Return the numbers of a cell; None where it has another shape, or other units."""
    numbers, gaps = numbers_and_gaps(text.strip(), shape.decimal)
    return numbers if gaps == shape.gaps else None


def _is_shape(gaps: tuple[str, ...]) -> bool:
    if not gaps or not FIRST.fullmatch(gaps[0]) or not LAST.fullmatch(gaps[-1]):
        return False
    opened = gaps[0].startswith("point")
    for gap in gaps[1:-1]:
        inside = (opened and gap == " ") or (opened and INSIDE_BRACKETS.fullmatch(gap))
        if not inside and not BETWEEN.fullmatch(gap):
            return False
        opened = opened or bool(OPENED.search(gap))
    return True
