"""Numbers as people write them: 1,234.5 · 1.234,5 · 12 % · R$ 5 · 12,50- · (7) · full-width digits.

A cell that can be read in one way only is read so, whatever the rest of its column looks like; the
style of the column settles what `1,234` and `1.234` mean. So a row's number depends on that row.
"""

import math
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal

from reading.ranges import LONGEST_RANGE, ends_of
from reading.units import QUOTES, SMALLER, key_of_unit, parts_of

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
# Each text can match in one way only, or a long one would take forever.
PLAIN = r"^[+-]?(\d+(?:\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?$"
_PLAIN = re.compile(PLAIN, re.ASCII)
SPACED = re.compile(r"\d{1,3}(?:[ \xa0\u202f\u2009'’]\d{3})+(?![\d])")
# What a column of groups and decimals looks like, by its decimal mark; RE2 and re read it alike.
GROUPED = {
    ".": r"^-?([1-9]\d{0,2}(,\d{2,3})*,\d{3}|\d+)(\.\d+)?$",
    ",": r"^-?([1-9]\d{0,2}(\.\d{3})+|\d+)(,\d+)?$",
}
_GROUPED = {mark: re.compile(pattern, re.ASCII) for mark, pattern in GROUPED.items()}
GROUPS = {mark: re.compile(rf"\d{{1,3}}([{mark}]\d{{2,3}})*[{mark}]\d{{3}}") for mark in ".,"}
DIGIT = re.compile("[0-9]")
LONGEST = 64
# `="012"` and '012 keep a spreadsheet from reading a cell; 1.200,- and 1200/- have no cents.
# Quotes that enclose a cell are none of it.
KEPT = re.compile(r"""^=?"(.*)"$|^'(.*)'$|^'(?=[\d+-])""")
NO_CENTS = re.compile(r"(?<=\d)(?:[.,][-–—]{1,2}|/-)$")
ABOUT = re.compile(r"^(?:[~≈]|about |approx\.? |ca\.? |circa )\s*", re.IGNORECASE)
POWER = re.compile(r"(?<=[^\W\d_])[²³]")
# #23 · No. 23 · Nr. 23 · n° 23, and 1.5x10^3 or 1.5D+03.
NUMBERED = re.compile(r"^(?:# ?|(?:no|nr)\.? ?|n[°º] ?)(?=\d)", re.IGNORECASE)
POWER_OF_TEN = re.compile(r"(?<=\d)(?: ?[x*×·] ?10\^|[dD](?=[+-]))(?=[+-]?\d{1,3}$)")
RAISED = re.compile("(?<=10)[⁺⁻]?[⁰¹²³⁴-⁹]{1,3}$")
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


HEXADECIMAL = re.compile(r"^0[xX][0-9a-fA-F]{1,16}$")
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
    ranges: bool = False
    """Whether 10-20 is the middle of a range."""
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


def parse_number(text: str, style: NumberStyle) -> float:
    """The number of one cell; NaN when it is none, or is not finite."""
    number = number_as_written(text, style)
    return number if re.search(PERCENTS, text) else number_of_bare(number, style)


def number_of_bare(number: float, style: NumberStyle) -> float:
    """What a number without a percent sign means in a column of this style."""
    if PERCENT not in style.signs or style.bare == "share":
        return number
    if style.bare == "percent":
        return number / 100
    return math.nan if abs(number) > 1 else number


def number_as_written(text: str, style: NumberStyle) -> float:
    """The number of a cell, whatever those without a percent sign mean; NaN when it is none."""
    if (style.points or style.decimal == ".") and _PLAIN.match(text):
        number = float(text)
    elif not style.points and _GROUPED[style.decimal].match(text):
        number = float(text.replace(style.group, "").replace(style.decimal, "."))
    else:
        # A cache would keep long texts.
        return _number_of_words(text, style) if len(text) <= LONGEST_RANGE else math.nan
    return number if math.isfinite(number) else math.nan


@lru_cache(maxsize=20_000)
def _number_of_words(text: str, style: NumberStyle) -> float:
    if style.ranges and (ends := ends_of(text)):
        bounds = [number_as_written(end, replace(style, ranges=False)) for end in ends]
        return math.nan if bounds != sorted(bounds) else sum(bounds) / len(bounds)
    bare = bare_cell(text)
    if bare is None:
        return math.nan
    divisor, digits, beyond = bare
    number = _unsigned(digits, style)
    if number is None and style.units:
        number = _measured(digits, style)
    if number is None:
        return math.nan
    found = number / divisor + beyond * max(abs(number), 1.0) * BEYOND
    return found if math.isfinite(found) else math.nan


def bare_cell(text: str) -> tuple[float, str, int] | None:
    """What sign and percent sign are worth, digits with their marks and units, and on which side
    of them the number lies: -1 as in `<5`, 1 as in `10+`, or 0."""
    text = text.strip()
    return _bare(text) if 0 < len(text) <= LONGEST else None


@lru_cache(maxsize=20_000)
def _bare(text: str) -> tuple[float, str, int] | None:
    if not text.isascii():
        text = RAISED.sub(lambda m: f"^{unicodedata.normalize('NFKC', m[0])}", text)
        text = VULGAR.sub(r" \g<0>", text.translate(QUOTES))
        # NFKC would make 52 of 5², but m2 of m².
        rest = VULGAR.sub("", POWER.sub("", text))
        if any(unicodedata.category(character) == "No" for character in rest):
            return None
        text = "".join(map(_ascii, unicodedata.normalize("NFKC", text).translate(MINUS)))
        text = re.sub(r"\s+(?=\d{1,3}\u2044)", " ", text.strip())
    if not DIGIT.search(text):
        return None
    text = POWER_OF_TEN.sub("e", NUMBERED.sub("", KEPT.sub(r"\1\2", text)))
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
    if text.count(mark) > 1 or (in_doubt(text, mark) and mark not in decimals):
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
        short = not written and before == "m" and len(digits) != len("80")
        if number is None or unit not in worth or (before and not unit) or short:
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


def in_doubt(text: str, mark: str) -> bool:
    return bool(re.match(DOT_IN_DOUBT if mark == "." else COMMA_IN_DOUBT, text))
