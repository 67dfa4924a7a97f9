"""Numbers as people write them: 1,234.5 · 1.234,5 · 12 % · R$ 5 · 12,50- · (7) · full-width digits.

A cell that can be read in one way only is read so, whatever the rest of its column looks like; the
style of the column settles what `1,234` and `1.234` mean. So a row's number depends on that row.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from model_code.cells import MOST_OTHERS, combined, spread
from model_code.units import QUOTES, SMALLER, key_of_unit, parts_of, units_of

# Beside Unicode's currency signs. Longer ones first: "US$" before "$".
CURRENCIES = (
    *("US$", "NT$", "HK$", "NZ$", "MX$", "CA$", "AU$", "R$", "A$", "C$", "S$", "Rs.", "Rs", "Rp."),
    *("Rp", "RM", "kr.", "kr", "zł", "Kč", "lei", "лв.", "лв", "руб.", "руб", "TL", "Fr.", "HUF"),
    *("USD", "EUR", "GBP", "KRW", "TWD", "CHF", "JPY", "CNY", "RMB", "INR", "BRL", "CAD", "AUD"),
    *("SEK", "NOK", "DKK", "PLN", "CZK", "RUB", "TRY", "MXN", "SGD", "HKD", "NZD", "ZAR"),
    *("THB", "VND", "IDR", "MYR", "PHP", "ILS", "AED", "SAR", "원", "円", "元", "圓", "圆", "$"),
)
# A word of its own: "rs" is no currency in "years", and "ft" is a foot.
CURRENCY = re.compile(
    rf"(?<![a-z])(?:{'|'.join(map(re.escape, CURRENCIES))}|(?-i:Ft))(?![a-z])", re.IGNORECASE
)
PERCENT, PERCENTS = "%", "[%％]"
SPACES = (" ", "\xa0", "\u202f", "\u2009", "'", "’")
MINUS = str.maketrans({"−": "-", "‐": "-", "‑": "-", "–": "-", "٫": ".", "٬": None})
PLAIN = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$"
_PLAIN = re.compile(PLAIN)
# What a column of groups and decimals looks like, by its decimal mark; RE2 and re read it alike.
GROUPED = {
    ".": r"^-?([1-9]\d{0,2}(,\d{2,3})*,\d{3}|\d+)(\.\d+)?$",
    ",": r"^-?([1-9]\d{0,2}(\.\d{3})+|\d+)(,\d+)?$",
}
SPACE = "[ \xa0\u202f\u2009'’]"
SPACED_CELL = rf"^-?[1-9]\d{{0,2}}({SPACE}\d{{3}})+([.,]\d+)?$"
SPACED = re.compile(r"\d{1,3}(?:[ \xa0\u202f\u2009'’]\d{3})+(?![\d])")
GROUPS = {mark: re.compile(rf"\d{{1,3}}([{mark}]\d{{2,3}})*[{mark}]\d{{3}}") for mark in ".,"}
DIGIT = re.compile("[0-9]")
LONGEST = 64
FEW = 100
# `="012"` and '012 keep a spreadsheet from reading a cell; 1.200,- and 1200/- have no cents.
# Quotes that enclose a cell are none of it.
KEPT = re.compile(r"""^=?"(.*)"$|^'(.*)'$|^'(?=[\d+-])""")
NO_CENTS = re.compile(r"(?<=\d)(?:[.,][-–—]{1,2}|/-)$")
ABOUT = re.compile(r"^(?:[~≈]|about |approx\.? |ca\.? |circa )\s*", re.IGNORECASE)
POWER = re.compile(r"(?<=[^\W\d_])[²³]")
FOOTNOTE = re.compile(r"(?<=\d)\s?[*†‡]+$")
# <5 is below 5, and 10+ above 10: by so little of it that order is all that it says.
BELOW, ABOVE = re.compile(r"^[<≤]\s*=?\s*"), re.compile(r"^[>≥]\s*=?\s*|(?<=\d)\+(?=\s?\w|$)")
BEYOND = 2e-6
EXPONENT = re.compile(r"^([\d.,]*\d)[eE]([+-]?\d{1,3})$")
# 7 3/4 and 1½ can only be numbers, 1/2 may be a date or a score. NFKC makes that of ½,
# but for a slash of its own.
FRACTION = re.compile(
    r"(?:(?P<whole>\d{1,6}) )?(?P<part>\d{1,3})(?P<mark>[/\u2044])(?P<of>[1-9]\d{0,2})"
)
VULGAR = re.compile("[¼½¾⅐-⅞]")
SURE_FRACTION = re.compile(
    rf"(?:^|[^\d/])\d{{1,6}} \d{{1,3}}/[1-9]\d{{0,2}}(?![\d/])|\u2044|{VULGAR.pattern}"
)
HEXADECIMAL = re.compile(r"^0[xX][0-9a-fA-F]{1,16}$")
# Words for "unknown" that no list has: so few, beside so many numbers.
MOST_WORDS, FEWEST_NUMBERS = 3, 20
# Cells with a mark that has three digits behind it and up to three before it.
DOT_IN_DOUBT = r"^\D*[1-9]\d{0,2}\.\d{3}\D*$"
COMMA_IN_DOUBT = r"^\D*[1-9]\d{0,2},\d{3}\D*$"


@dataclass(frozen=True)
class NumberStyle:
    """How the numbers of a column are written."""

    decimal: str = "."
    """What `.` or `,` means before three digits: the other one parts thousands."""
    points: bool = False
    """Whether `.` marks decimals all the same: in a file whose cells are separated by commas, a
    program has written 1.875, whatever the train file writes."""
    signs: tuple[str, ...] = ()
    """Currencies and the percent sign, which are left out."""
    unit: str = ""
    """What the numbers count, as in `12 kg`."""
    units: tuple[tuple[str, float], ...] = ()
    """What each unit is worth; none where cells have no units."""
    fractions: bool = False
    """Whether 1/2 is a half: beside fractions like 7 3/4 or ½, which can be nothing else."""
    bare: Literal["", "share", "percent"] = ""
    """What numbers without the sign mean among percentages; where that is open, none above 1 is
    read, because 12.5 may be 12.5 % or 1250 %."""

    @property
    def group(self) -> str:
        return "," if self.decimal == "." else "."

    def in_file(self, points: bool) -> "NumberStyle":
        """The style in a file where a program may have written points, whatever the style."""
        return replace(self, points=points and self.decimal != ".")


PLAIN_NUMBERS = NumberStyle()


def style_from_json(content: Mapping[str, Any]) -> NumberStyle:
    """The style that was written as JSON; releases that knew no units wrote none."""
    units = tuple((unit, worth) for unit, worth in content.get("units", ()))
    return NumberStyle(**{**content, "signs": tuple(content.get("signs", ())), "units": units})


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
    bare = [(cell[1], count) for text, count in counts.items() if (cell := _bare(text))]
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
    cells = {text: abs(number) for text, number in cells.items() if not np.isnan(number)}
    shares = [number for text, number in cells.items() if PERCENT in text]
    bare = [number for text, number in cells.items() if PERCENT not in text]
    if not shares or not bare:
        return replace(style, bare="share" if shares and max(shares) > 1 else "")
    return replace(style, bare="percent" if np.mean(bare) > 10 * np.mean(shares) else "share")


def _are_numbers(counts: Mapping[str, int], style: NumberStyle, words: bool) -> bool:
    """Whether nearly all cells are numbers, or all but a few words."""
    total, odd, others = sum(counts.values()), 0, list[str]()
    for text, count in counts.items():
        if np.isnan(parse_number(text, style)):
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


def parse_number(text: str, style: NumberStyle) -> float:
    """The number of one cell; NaN when it is none, or is not finite."""
    if PERCENT in style.signs and not re.search(PERCENTS, text):
        return float(of_bare(np.array([_parsed(text, style)]), style)[0])
    return _parsed(text, style)


def of_bare(numbers: np.ndarray, style: NumberStyle) -> np.ndarray:
    """What numbers without a percent sign mean in a column of this style."""
    if PERCENT not in style.signs or style.bare == "share":
        return numbers
    read: np.ndarray = numbers / 100
    return read if style.bare == "percent" else np.where(np.abs(numbers) > 1, np.nan, numbers)


@lru_cache(maxsize=20_000)
def _parsed(text: str, style: NumberStyle) -> float:
    bare = _bare(text)
    if bare is None:
        return np.nan
    divisor, digits, beyond = bare
    number = _unsigned(digits, style)
    if number is None and style.units:
        number = _measured(digits, style)
    if number is None:
        return np.nan
    found = number / divisor + beyond * max(abs(number), 1.0) * BEYOND
    return found if np.isfinite(found) else np.nan


def as_numbers(texts: pa.ChunkedArray, style: NumberStyle) -> np.ndarray:
    """Parse each cell as float64; shape (n_rows,), NaN where a cell is not a number.

    `parse_number` says what a cell means; usual spellings are read a column at a time.
    """
    # Most files have no spaces, and looking for them takes as long as reading the numbers.
    found = _all_plain(texts, style)
    if found is None:
        texts = combined(pc.utf8_trim_whitespace(texts))
        found = _as_written(texts, style)
    found = _finite(found)
    if PERCENT in style.signs:
        bare = ~np.asarray(pc.match_substring_regex(texts, PERCENTS))
        found[bare] = of_bare(found[bare], style)
    return found


def _all_plain(texts: pa.ChunkedArray | pa.StringArray, style: NumberStyle) -> np.ndarray | None:
    points = style.decimal == "." or style.points
    return plain_numbers(texts, pc.equal(texts, "")) if points else None


def _as_written(texts: pa.StringArray, style: NumberStyle) -> np.ndarray:
    whole = _all_plain(texts, style)
    if whole is not None:
        return whole
    if style.units and style.units[0][1] == 1:
        # The usual unit is the one that needs no arithmetic.
        usual = rf"(?i)^([+-]?[\d.,]+) ?{re.escape(style.unit)}$"
        texts = pc.replace_substring_regex(texts, usual, r"\1")
    found = np.full(len(texts), np.nan)
    left = np.asarray(pc.not_equal(texts, ""))
    if style.decimal == "." or style.points:
        left = _take(texts, left, PLAIN, _without_plus, found)
    if not style.points:
        left = _take(
            texts, left, GROUPED[style.decimal], lambda cells: _ungrouped(cells, style), found
        )
        left = _take_signed(texts, left, style, found)
    if left.any():
        rest = texts.filter(pa.array(left)).dictionary_encode()
        parsed = [_parsed(text, style) for text in rest.dictionary.to_pylist()]
        found[left] = spread(np.array(parsed), rest)
    return found


def plain_numbers(texts: pa.ChunkedArray, missing: pa.ChunkedArray) -> np.ndarray | None:
    """The cells as float64, NaN where missing; None where any other is not a plain number."""
    try:
        # Arrow words an error for every cell that is none, so few come first.
        for rows in (FEW, len(texts)):
            numbers = pc.cast(
                pc.if_else(missing.slice(0, rows), None, texts.slice(0, rows)), pa.float64()
            )
    except pa.ArrowInvalid:
        return None
    return np.asarray(combined(numbers).to_numpy(zero_copy_only=False), dtype=np.float64)


def numbers_of(values: "pd.Series[str]", style: NumberStyle) -> "pd.Series[float]":
    """The same of a series, with its index."""
    text = pa.chunked_array([pa.array(values.astype(str), pa.string())])
    return pd.Series(as_numbers(text, style), index=values.index)


def _finite(found: np.ndarray) -> np.ndarray:
    """Arrow reads `inf` and 1e400 as infinite, and only where all cells are numbers."""
    numbers: np.ndarray = np.where(np.isfinite(found), found, np.nan).astype(np.float64)
    return numbers


def _take_signed(
    texts: pa.StringArray, left: np.ndarray, style: NumberStyle, found: np.ndarray
) -> np.ndarray:
    """Read the cells that look usual without the signs of the column; return which are left."""
    if not left.any():
        return left
    cells = texts.filter(pa.array(left))
    hundredths = np.asarray(pc.match_substring_regex(cells, r"^[^%]*\d *%$"))
    for sign in style.signs:
        cells = pc.replace_substring(cells, sign, "", max_replacements=1)
    cells = pc.utf8_trim_whitespace(cells)
    spaced = pc.match_substring_regex(cells, SPACED_CELL)
    cells = pc.if_else(spaced, pc.replace_substring_regex(cells, SPACE, ""), cells)
    usual = np.asarray(pc.match_substring_regex(cells, GROUPED[style.decimal]))
    # A percent sign elsewhere says nothing of hundredths.
    usual &= hundredths | ~np.asarray(pc.match_substring(texts.filter(pa.array(left)), PERCENT))
    places = np.flatnonzero(left)[usual]
    numbers = pc.cast(_ungrouped(cells.filter(pa.array(usual)), style), pa.float64())
    found[places] = numbers.to_numpy(zero_copy_only=False) / np.where(hundredths[usual], 100, 1)
    rest = left.copy()
    rest[places] = False
    return rest


def _take(
    texts: pa.StringArray,
    left: np.ndarray,
    pattern: str,
    bare: Callable[[pa.StringArray], pa.StringArray],
    found: np.ndarray,
) -> np.ndarray:
    """Read the cells that look like this; return which cells are still left."""
    chosen = left & np.asarray(pc.match_substring_regex(texts, pattern))
    if chosen.any():
        cells = pc.cast(bare(texts.filter(pa.array(chosen))), pa.float64())
        found[chosen] = cells.to_numpy(zero_copy_only=False)
    rest: np.ndarray = left & ~chosen
    return rest


def _without_plus(cells: pa.StringArray) -> pa.StringArray:
    return pc.replace_substring_regex(cells, r"^\+", "")


def _ungrouped(cells: pa.StringArray, style: NumberStyle) -> pa.StringArray:
    return pc.replace_substring(pc.replace_substring(cells, style.group, ""), style.decimal, ".")


@lru_cache(maxsize=20_000)
def _bare(text: str) -> tuple[float, str, int] | None:
    """What sign and percent sign are worth, digits with their marks and units, and on which side
    of them the number lies: -1 as in `<5`, 1 as in `10+`, or 0."""
    text = text.strip()
    if not text or len(text) > LONGEST:
        return None
    if not text.isascii():
        text = VULGAR.sub(r" \g<0>", text.translate(QUOTES))
        # NFKC would make 52 of 5², but m2 of m².
        rest = VULGAR.sub("", POWER.sub("", text))
        if any(unicodedata.category(character) == "No" for character in rest):
            return None
        text = "".join(map(_ascii, unicodedata.normalize("NFKC", text).translate(MINUS)))
        text = re.sub(r"\s+(?=\d{1,3}\u2044)", " ", text.strip())
    if not DIGIT.search(text):
        return None
    text = KEPT.sub(r"\1\2", text)
    text, below = BELOW.subn("", text)
    text, above = ABOVE.subn("", text) if not below else (text, 0)
    text = FOOTNOTE.sub("", NO_CENTS.sub("", ABOUT.sub("", text)))
    text = CURRENCY.sub("", text, count=1).strip()
    divisor = 1.0
    if text.startswith("(") and text.endswith(")"):
        divisor, text = -1.0, text[1:-1]
    if text.count(PERCENT) == 1 and text.strip("+- ").strip(PERCENT) != text.strip("+- "):
        # As a spreadsheet stores it.
        divisor, text = divisor * 100, text.replace(PERCENT, "")
    for end in (text[:1], text[-1:]):
        if end in ("-", "+") and end:
            divisor = -divisor if end == "-" else divisor
            text = (text[1:] if text.startswith(end) else text[:-1]).strip()
            break
    text = NO_CENTS.sub("", CURRENCY.sub("", text, count=1).strip())
    return (divisor, text, above - below) if text and text[:1] not in "+-" else None


def _ascii(character: str) -> str:
    if character.isascii():
        return character
    if unicodedata.category(character) == "Nd":
        return str(unicodedata.digit(character))
    return "" if unicodedata.category(character) == "Sc" else character


def _unsigned(text: str, style: NumberStyle) -> float | None:
    """What digits with marks mean; None when they are no number."""
    decimals = ".," if style.points else style.decimal
    if SPACED.match(text):
        for space in SPACES:
            text = text.replace(space, "")
    if _PLAIN.match(text) and not re.match(DOT_IN_DOUBT, text):
        return float(text)
    if match := EXPONENT.match(text):
        # No one parts thousands in front of an exponent.
        mantissa = _unsigned(match[1], replace(style, points=True))
        return None if mantissa is None else float(f"{mantissa!r}e{match[2]}")
    if HEXADECIMAL.match(text):
        return float(int(text, 16))
    if match := FRACTION.fullmatch(text):
        sure = style.fractions or match["whole"] or match["mark"] != "/"
        return int(match["whole"] or 0) + int(match["part"]) / int(match["of"]) if sure else None
    dots, commas = text.count("."), text.count(",")
    if not (dots or commas) or not set(text) <= set("0123456789.,"):
        return None
    last = max(text.rfind("."), text.rfind(","))
    mark, other = (".", ",") if text[last] == "." else (",", ".")
    if dots and commas:
        return _split(text[:last], text[last + 1 :], other) if text.count(mark) == 1 else None
    if text.count(mark) > 1 or (_in_doubt(text, mark) and mark not in decimals):
        return float(text.replace(mark, "")) if GROUPS[mark].fullmatch(text) else None
    return _split(text[:last], text[last + 1 :], "")


def _measured(text: str, style: NumberStyle) -> float | None:
    """The sum of numbers with units, in the unit of the column; None when one is not known."""
    worth = dict(style.units)
    total, before = 0.0, ""
    parts = parts_of(text)
    for digits, written in parts:
        number = _unsigned(digits, style)
        unit = key_of_unit(written) or SMALLER.get(before, "")
        if number is None or unit not in worth or (before and not unit):
            return None
        total, before = total + number * worth[unit], unit
    return total if parts else None


def _split(whole: str, fraction: str, group: str) -> float | None:
    if group and group in whole:
        if not GROUPS[group].fullmatch(whole):
            return None
        whole = whole.replace(group, "")
    if not (whole + fraction).isdigit():
        return None
    return float(f"{whole or 0}.{fraction or 0}")


def _in_doubt(text: str, mark: str) -> bool:
    return bool(re.match(DOT_IN_DOUBT if mark == "." else COMMA_IN_DOUBT, text))


def _mark(text: str) -> str | None:
    """What the marks of a cell say: the name of a field of Marks; None when they say nothing."""
    bare = _bare(text)
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
    return f"{name}_in_doubt" if _in_doubt(digits, mark) else name


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
