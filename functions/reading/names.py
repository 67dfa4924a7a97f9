"""One name per column, from the names as they are written in the header."""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Literal

UNNAMED = "column_"
GAPS, WHOLE = re.compile(r"[\s,]+"), re.compile(r"^([+-]?\d+)\.0+$")
NO_LETTERS = re.compile(r"[\W_]+")
# Unicode sorts the marks of a letter, which takes forever where a text has nothing but marks.
LONGEST_NORMALIZED = 500


def plain(name: str) -> str:
    """A name without what cannot be seen, with one form of letters that have accents."""
    return composed(name.strip("\ufeff \t\r\n\xa0")).strip()


def composed(text: str) -> str:
    """One form of letters with accents, and no characters that take no space."""
    if text.isascii():
        return text
    kept = "".join(c for c in text if unicodedata.category(c) != "Cf")
    return _normalized("NFC", kept)


def _normalized(form: Literal["NFC", "NFKC"], text: str) -> str:
    """Longer texts than names are as they are."""
    return text if len(text) > LONGEST_NORMALIZED else unicodedata.normalize(form, text)


def key_of(text: str) -> str:
    """What spellings of one name, category or class have in common."""
    if text.isascii():
        folded = text.lower().strip()
    else:
        folded = _normalized("NFKC", composed(text)).casefold().strip()
    if folded.isalnum():
        return folded
    return GAPS.sub(" ", WHOLE.sub(r"\1", folded))


def key_of_name(text: str) -> str:
    """What spellings of a column's name have in common: `unit price (€)` and `unit_price`."""
    key = key_of(text)
    return NO_LETTERS.sub(" ", key).strip() or key


def unique_keys(names: Iterable[str], key: Callable[[str], str] = key_of) -> dict[str, str]:
    """Key → name, without keys that several names have."""
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(key(name), []).append(name)
    return {key: same[0] for key, same in found.items() if len(same) == 1}


def matched(names: Sequence[str], expected: Collection[str]) -> tuple[str, ...]:
    """The names, and those expected in the place of other spellings of them.

    `("age", "city name")` becomes `("age", "City Name")` where that is expected.
    """
    present, wanted = set(names), set(expected)
    lacking = unique_keys((name for name in expected if name not in present), key_of_name)
    own = unique_keys((name for name in names if name not in wanted), key_of_name)
    return tuple(
        lacking.get(key_of_name(name), name) if own.get(key_of_name(name)) == name else name
        for name in names
    )


def column_names(header: Sequence[str]) -> tuple[str, ...]:
    """Unique and never blank; the first of equal names keeps it, and position decides the others.

    `("a", "", "a")` gives `("a", "column_2", "a.1")`, as pandas numbers them.
    """
    stripped = [plain(name) for name in header]
    taken, given, numbers = set(stripped), set[str](), dict[str, int]()
    names = []
    for position, written in enumerate(stripped, start=1):
        name = written or f"{UNNAMED}{position}"
        if name in given or (not written and name in taken):
            name = _numbered(name, taken, numbers)
        taken.add(name)
        given.add(name)
        names.append(name)
    return tuple(names)


def was_unnamed(written: str) -> bool:
    """Whether the header had no name for a column: mostly the row numbers of a data frame."""
    return not plain(written)


def _numbered(name: str, taken: set[str], numbers: dict[str, int]) -> str:
    """The name with the next free number; `numbers` has the last one of each."""
    number = numbers.get(name, 0) + 1
    while f"{name}.{number}" in taken:
        number += 1
    numbers[name] = number
    return f"{name}.{number}"
