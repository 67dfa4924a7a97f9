"""How the numbers of a column are written, decided on its values."""

import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from model_code.cells import MOST_OTHERS
from reading.numbers import (
    CURRENCY,
    GROUPS,
    PERCENT,
    VULGAR,
    NumberStyle,
    bare_cell,
    in_doubt,
    parse_number,
)
from reading.units import parts_of, units_of

SURE_FRACTION = re.compile(
    rf"(?:^|[^\d/])\d{{1,6}} \d{{1,3}}/[1-9]\d{{0,2}}(?![\d/])|\u2044|{VULGAR.pattern}"
)
# Words for "unknown" that no list has: so few, beside so many numbers.
MOST_WORDS, FEWEST_NUMBERS = 3, 20


@dataclass(frozen=True)
class Marks:
    """How often `.` and `,` can only be decimal marks in a column, and how often they may be."""

    dots: int
    commas: int
    dots_in_doubt: int
    commas_in_doubt: int

    @property
    def decimal(self) -> str | None:
        """The decimal mark that the cells themselves settle."""
        if self.dots == self.commas:
            return None
        return "." if self.dots > self.commas else ","

    @property
    def in_doubt(self) -> bool:
        """Whether only the rest of the file can tell what a mark means."""
        return self.decimal is None and bool(self.dots_in_doubt or self.commas_in_doubt)


def number_style(
    counts: Mapping[str, int], decimal: str = ".", words: bool = True
) -> NumberStyle | None:
    """The style in which nearly all of these values are numbers; None when they are no numbers.

    `counts` has how often each value occurs. `decimal` settles what they leave in doubt. `words`
    permits a few words that many cells have in place of a number.
    """
    found = decimal_marks(counts).decimal or decimal
    # What the signs are, and what numbers without a percent sign mean, is seen when it is known
    # that they are numbers.
    style = NumberStyle(found, fractions=_has_fractions(counts), bare="share")
    if not _are_numbers(counts, style, words):
        return None
    return replace(style, signs=tuple(sorted(_signs(counts))))


def measure_style(
    counts: Mapping[str, int], decimal: str = ".", words: bool = True
) -> NumberStyle | None:
    """The same where the numbers have units."""
    bare = [(cell[1], count) for text, count in counts.items() if (cell := bare_cell(text))]
    units = units_of(bare, MOST_OTHERS * sum(counts.values()))
    if not units:
        return None
    found = decimal_marks(
        {number: count for digits, count in bare for number, _ in parts_of(digits)}
    )
    style = NumberStyle(
        found.decimal or decimal,
        signs=tuple(sorted(_signs(counts))),
        unit=next(filter(None, units)),
        units=tuple(units.items()),
        fractions=_has_fractions(counts),
    )
    return style if _are_numbers(counts, style, words) else None


def with_bare(
    style: NumberStyle, counts: Mapping[str, int], others: Callable[[], Iterable[str]] = tuple
) -> NumberStyle:
    """The style with what numbers without a percent sign mean; `others` has cells of another file.

    12.5 beside 13 % is 12.5 %, and 0.125 is a share.
    """
    if PERCENT not in style.signs:
        return replace(style, bare="")
    open_style = replace(style, bare="share")
    cells = {text: parse_number(text, open_style) for text in (*counts, *others())}
    cells = {text: abs(number) for text, number in cells.items() if not math.isnan(number)}
    shares = [number for text, number in cells.items() if PERCENT in text]
    bare = [number for text, number in cells.items() if PERCENT not in text]
    if not shares or not bare:
        return replace(style, bare="share" if shares and max(shares) > 1 else "")
    return replace(style, bare="percent" if np.mean(bare) > 10 * np.mean(shares) else "share")


def _are_numbers(counts: Mapping[str, int], style: NumberStyle, words: bool) -> bool:
    """Whether nearly all cells are numbers, or all but a few words."""
    total, odd, others = sum(counts.values()), 0, list[str]()
    for text, count in counts.items():
        if math.isnan(parse_number(text, style)):
            odd += count
            others.append(text)
            if odd >= MOST_OTHERS * total and not (words and len(others) <= MOST_WORDS):
                return False
    return odd < MOST_OTHERS * total or (
        len(counts) - len(others) >= FEWEST_NUMBERS
        and odd < total / 2
        and not any(map(str.isdigit, "".join(others)))
    )


def _has_fractions(counts: Mapping[str, int]) -> bool:
    """Whether more than a few of these values are fractions and can be nothing else."""
    sure = sum(count for text, count in counts.items() if SURE_FRACTION.search(text))
    return bool(sure > MOST_OTHERS * sum(counts.values()))


def decimal_marks(texts: Mapping[str, int]) -> Marks:
    """Count the marks in values, weighted by how often each occurs."""
    found = {"dots": 0, "commas": 0, "dots_in_doubt": 0, "commas_in_doubt": 0}
    for text, count in texts.items():
        if place := _mark(text):
            found[place] += count
    return Marks(**found)


def _mark(text: str) -> str | None:
    """What the marks of a cell say: the name of a field of Marks; None when they say nothing."""
    bare = bare_cell(text)
    if bare is None:
        return None
    digits = bare[1]
    dots, commas = digits.count("."), digits.count(",")
    if not (dots or commas) or not set(digits) <= set("0123456789., "):
        return None
    if dots and commas:
        return "dots" if digits.rfind(".") > digits.rfind(",") else "commas"
    mark, name, other = (".", "dots", "commas") if dots else (",", "commas", "dots")
    if digits.count(mark) > 1:
        return other if GROUPS[mark].fullmatch(digits) else None
    return f"{name}_in_doubt" if in_doubt(digits, mark) else name


def _signs(texts: Iterable[str]) -> set[str]:
    """The currencies and the percent sign in these values."""
    found = set[str]()
    for text in texts:
        if not text.isascii():
            found.update(c for c in text if unicodedata.category(c) == "Sc")
        if PERCENT in text:
            found.add(PERCENT)
        elif "$" in text or not text.strip("+-() ")[:1].isdigit() or not text[-1:].isdigit():
            found.update(match[0] for match in CURRENCY.finditer(text))
            if "$" in text and not any("$" in one for one in found):
                found.add("$")
    return found
