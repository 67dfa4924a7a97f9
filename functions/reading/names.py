"""One name per column, from the names as they are written in the header."""

from collections.abc import Sequence

UNNAMED = "column_"


def plain(name: str) -> str:
    """A name without what cannot be seen around it."""
    return name.strip("\ufeff \t\r\n\xa0")


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
