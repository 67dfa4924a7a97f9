"""Numbers with units: 12 kg · 1.5k · 3 Mio · 5'11" · 3억 5,000만.

A column counts in one unit, the usual one of train. Cells in units of the same family are
converted; a cell in any other unit is not read, because 10 g are no 10 kg.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache

# What a unit is worth, by families; keys as `_key` makes them.
MULTIPLES = {
    **dict.fromkeys(("k", "thousand", "tsd", "천", "千"), 1e3),
    **dict.fromkeys(("m", "mm", "mn", "mio", "million", "millione", "millionen", "백만"), 1e6),
    **dict.fromkeys(("b", "bn", "mrd", "billion"), 1e9),
    **dict.fromkeys(("t", "tn", "trillion", "조", "兆"), 1e12),
    **dict.fromkeys(("만", "万", "萬"), 1e4),
    **dict.fromkeys(("억", "亿", "億"), 1e8),
    **dict.fromkeys(("lac", "lakh"), 1e5),
    **dict.fromkeys(("cr", "crore"), 1e7),
}
FAMILIES: tuple[Mapping[str, float], ...] = (
    # Debit and credit, Soll and Haben, south and west.
    {"cr": 1.0, "dr": -1.0},
    {"h": 1.0, "s": -1.0},
    {"n": 1.0, "s": -1.0},
    {"e": 1.0, "w": -1.0},
    {
        **dict.fromkeys(("mg",), 1e-3),
        **dict.fromkeys(("g", "gr", "gram"), 1.0),
        **dict.fromkeys(("kg", "kilo"), 1e3),
        **dict.fromkeys(("t", "ton", "tonne"), 1e6),
        **dict.fromkeys(("oz", "ounce"), 28.349523125),
        **dict.fromkeys(("lb", "pound"), 453.59237),
    },
    {
        **dict.fromkeys(("mm",), 1e-3),
        **dict.fromkeys(("cm",), 1e-2),
        **dict.fromkeys(("m", "meter", "metre"), 1.0),
        **dict.fromkeys(("km",), 1e3),
        **dict.fromkeys(('"', "''", "in", "inch", "inche"), 0.0254),
        **dict.fromkeys(("'", "ft", "feet", "foot"), 0.3048),
        **dict.fromkeys(("yd", "yard"), 0.9144),
        **dict.fromkeys(("mi", "mile"), 1609.344),
    },
    {"ml": 1e-3, "cl": 1e-2, "dl": 0.1, "l": 1.0, "liter": 1.0, "litre": 1.0},
    {"b": 1.0, "byte": 1.0, "kb": 2.0**10, "mb": 2.0**20, "gb": 2.0**30, "tb": 2.0**40},
    {"hz": 1.0, "khz": 1e3, "mhz": 1e6, "ghz": 1e9},
    {
        **dict.fromkeys(("h", "hr", "hour"), 1 / 24),
        **dict.fromkeys(("d", "day", "일", "天"), 1.0),
        **dict.fromkeys(("w", "wk", "week", "주"), 7.0),
        **dict.fromkeys(("mo", "mth", "month", "개월", "個月", "个月", "monat", "monate"), 30.4375),
        **dict.fromkeys(("y", "yr", "year", "년", "年", "jahr", "jahre"), 365.25),
    },
)
# Behind feet, a number alone means inches, and in 1m80 centimeters.
SMALLER = {"'": '"', "ft": "in", "m": "cm"}
QUOTES = str.maketrans("\u2032\u2019\u2018\u2033\u201d\u201c\u201e\xab\xbb", '\'\'\'""""""')
# What stands between two numbers of a cell, such as those of a place.
NO_UNIT = "-+/:;,|&±()[] "
LONGEST_UNIT, MOST_PARTS = 16, 4
PART = re.compile(
    r"(?P<number>(?:\d{1,6} )?\d{1,3}[/\u2044][1-9]\d{0,2}(?![\d/])"
    r"|\d[\d.,]*(?:[ '\xa0\u202f\u2009]\d{3}(?!\d)[\d.,]*)*|[.,]\d+)"
    r"(?P<unit>[^\d]*(?:(?<=[a-z^])[23](?![\d.,]))?)",
    re.IGNORECASE,
)


@lru_cache(maxsize=20_000)
def parts_of(text: str) -> tuple[tuple[str, str], ...]:
    """Numbers and what stands behind each, as it is written; nothing where it begins otherwise.

    `3 ft 2` gives `(("3", "ft"), ("2", ""))`.
    """
    text = text.translate(QUOTES).strip()
    if not text[:1].isdigit() and text[:1] not in ".,":
        return ()
    found = [(m["number"].rstrip(".,"), m["unit"].strip()) for m in PART.finditer(text)]
    if len(found) > MOST_PARTS or any(len(unit) > LONGEST_UNIT for _, unit in found):
        return ()
    return tuple(found)


def key_of_unit(written: str) -> str:
    """What spellings of one unit have in common: KG, kgs, and kg."""
    key = unicodedata.normalize("NFKC", written).casefold().strip(" .,")
    return key[:-1] if len(key) > 2 and key.endswith("s") and key.isalpha() else key


def units_of(cells: Sequence[tuple[str, int]], rare: float) -> dict[str, float]:
    """Unit → what it is worth, the usual one first; nothing where cells have no unit in common.

    `cells` has how often each cell occurs, and units of no more than `rare` cells decide nothing.
    """
    usual, bare, capital = Counter[str](), 0, 0
    for text, count in cells:
        for place, (_, written) in enumerate(parts_of(text)):
            if written:
                usual[key_of_unit(written)] += count
                capital += count * written[:1].isupper()
            elif not place:
                bare += count
    frequent = [key for key, count in usual.most_common() if count > rare]
    if not frequent or not all(key.strip(NO_UNIT) for key in frequent):
        return {}
    families = [family for family in (*FAMILIES, MULTIPLES) if set(frequent) <= set(family)]
    large = capital > sum(usual.values()) / 2 or bare > rare
    if not families:
        return {frequent[0]: 1.0, "": 1.0}
    if families[-1] is MULTIPLES and (len(families) == 1 or large):
        return {frequent[0]: MULTIPLES[frequent[0]], "": 1.0, **MULTIPLES}
    base = families[0][frequent[0]]
    return {frequent[0]: 1.0, "": 1.0, **{key: v / base for key, v in families[0].items()}}
