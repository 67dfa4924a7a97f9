"""Cells that say between which numbers a value lies: 10-20 · $50K to $75K · under 5 · 65 and up."""

import re
from collections.abc import Iterable

# With and without what people write around the numbers.
LONGEST_RANGE, LONGEST = 128, 64
_TO = (
    r"(?:[-\u2013\u2014\u2212~\uff5e\u301c\u81f3]|\b(?:to|bis|until|hasta|até)\b|(?<=\s)[àa](?=\s))"
)
RANGE = re.compile(
    r"(?P<low>[^\d]{0,6}?\d[\d.,' \xa0]{0,15}(?P<unit>[^\d\s]{0,10}?))\s?"
    rf"{_TO}\s?(?P<high>[^\d]{{0,6}}?\d[\d.,' \xa0]{{0,15}}(?P<other>\D{{0,16}}))",
    re.IGNORECASE,
)
AROUND = re.compile(r"^(?:from|between|von|de|entre)\s+(?=\S)|\s*\([^()\d]{1,30}\)$", re.IGNORECASE)
# 007-010 are codes.
CODE, DIGITS = re.compile(r"(?<![\d.,])0\d"), re.compile(r"(\d+)-(\d+)")
_NUMBER = r"(?=\D{0,6}\d)"
BELOW = re.compile(
    rf"^(?:under|below|less than|fewer than|up to|at most|unter|bis(?: zu)?|weniger als|moins de|"
    rf"jusqu'à|menos de|hasta|até|meno di|fino a|до|менее)\s+{_NUMBER}"
    r"|\s*(?:(?:or|and) (?:less|fewer|under|below|younger)|이하|미만|以下|未満|未滿)$",
    re.IGNORECASE,
)
ABOVE = re.compile(
    rf"^(?:over|above|more than|at least|über|mehr als|mindestens|plus de|más de|mais de|più di|"
    rf"oltre|от|более|свыше)\s+{_NUMBER}"
    r"|\s*(?:(?:or|and) (?:more|over|above|older|up)|plus|und (?:mehr|älter)|et plus|y más|ou mais|"
    r"이상|초과|以上|超過)$",
    re.IGNORECASE,
)


def ends_of(text: str) -> tuple[str, ...]:
    """Return the texts of the numbers that bound a cell: `("10 kg", "20 kg")` of `10-20 kg`.

    A bound in words has one sign: `("<5",)` of `under 5`. Any other cell has none.
    """
    text = text.strip()
    if len(text) > LONGEST_RANGE or len(text := AROUND.sub("", text)) > LONGEST:
        return ()
    for sign, words in (("<", BELOW), (">", ABOVE)):
        bare, found = words.subn("", text)
        if found:
            return (f"{sign}{bare.strip()}",) if any(map(str.isdigit, bare)) else ()
    match = RANGE.fullmatch(text)
    if match is None or CODE.search(text):
        return ()
    # The unit of the second number is that of both.
    unit = "" if match["unit"].strip() else match["other"].strip()
    return f"{match['low'].strip()}{unit and f' {unit}'}", match["high"].strip()


def are_codes(texts: Iterable[str]) -> bool:
    """Whether two numbers with a dash are rather codes such as 12-345: of so many digits each."""
    pairs = [match.groups() if (match := DIGITS.fullmatch(text)) else () for text in texts]
    widths = {tuple(map(len, pair)) for pair in pairs}
    return len(widths) == 1 and len(set(next(iter(widths)))) > 1
