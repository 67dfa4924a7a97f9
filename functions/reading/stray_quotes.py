"""Quotes of a CSV that join rows to one record, instead of enclosing a cell."""

import csv
import re
from collections.abc import Collection, Sequence

from reading.csv_head import Quoting

# So many lines that are rows, each by itself, are hardly a text in a cell of three columns or more.
FEWEST_LINES, FEWEST_COLUMNS = 3, 3
BREAK = re.compile("\r\n|\r|\n")
UNCLOSED = "end of data"


def wrong_quote(lines: Sequence[str], quoting: Quoting, delimiter: str) -> str:
    """What is wrong with the quotes of a record, in the words of Python's reader of CSV."""
    try:
        list(quoting.reader(lines, delimiter, strict=True))
    except csv.Error as error:
        return str(error)
    return ""


def joins_rows(cell: str, place: int, width: int, delimiter: str) -> bool:
    """Whether a cell has its line breaks where rows of a table so wide would end."""
    # The last cell of a row may be closed on the line below it.
    lines = BREAK.split(cell.rstrip("\r\n") if place == width - 1 else cell)
    if len(lines) < 2:
        return False
    counts = [line.count(delimiter) for line in lines]
    inside = [width - 1] * (len(lines) - 2)
    return counts == [width - 1 - place, *inside, place]


def are_joined(
    record: Sequence[str], lines: int, delimiter: str, bare: Collection[int] = ()
) -> bool:
    """Whether a record of several lines is rather several rows, although its quotes are right.

    `bare` are the places of cells that hold no free text, where two lines are enough.
    """
    many = lines >= FEWEST_LINES and len(record) >= FEWEST_COLUMNS
    return len(record) > 1 and any(
        (many or place in bare) and joins_rows(cell, place, len(record), delimiter)
        for place, cell in enumerate(record)
    )
