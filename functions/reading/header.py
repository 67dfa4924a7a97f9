"""Find which of a table's first rows is the header."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import takewhile

from contract.missing import ALWAYS_MISSING, PERHAPS_MISSING, is_missing
from reading.names import column_names, key_of_name

Row = Sequence[str]
# Titles, dates and notes that programs write above a table.
MOST_LINES_ABOVE = 30
ROWS_COMPARED = 50
# Rows of questions or units that survey tools write under the names.
MOST_LABEL_ROWS = 2
IMPORT_ID = '{"ImportId"'
# Of the rows compared.
MOST_ANSWERS = 0.3
ROWS_FOR_LABELS, FEWEST_COLUMNS_OF_LABELS = 6, 2
# What databases draw under the names, as wide as each column: at least so wide once.
RULE, WIDEST_OF_RULE = re.compile(r"[-=+:|]+"), 3
# What SAP draws across all columns.
WIDTH_OF_LINE = 20
NO_LABEL = (*ALWAYS_MISSING, *PERHAPS_MISSING)


def find_header(rows: Sequence[Row], known: Collection[str] = ()) -> tuple[tuple[str, ...], int]:
    """The names as they are written, and which row they were.

    `known` are names to expect. No row may be blank.
    """
    place = _row_of_known(rows[:MOST_LINES_ABOVE], set(known))
    if place is None:
        place = _row_of_names(rows)
    return _as_wide_as(rows[place + 1 :], tuple(rows[place])), place


def count_label_rows(rows: Sequence[Row], known: Collection[str] = ()) -> int:
    """How many of the first rows below the header are no data: questions, units, Qualtrics' IDs.

    Such a row has words where all the rest of at least two columns are numbers or dates, or nothing
    but `known` texts: what the file it belongs to has there. Lines of dashes are none either.
    """
    rules = sum(1 for _ in takewhile(is_rule, rows))
    return rules + _count_labels(rows[rules:], known)


def _count_labels(rows: Sequence[Row], known: Collection[str]) -> int:
    for count in range(min(MOST_LABEL_ROWS, len(rows)), 0, -1):
        if known and all(_is_known(row, known) for row in rows[:count]):
            return count
    for count in range(MOST_LABEL_ROWS, 0, -1):
        if len(rows) > count and any(cell.startswith(IMPORT_ID) for cell in rows[count - 1]):
            return count
    if len(rows) < ROWS_FOR_LABELS:
        return 0
    if _are_questions(rows[0], rows[1 : 1 + ROWS_COMPARED]):
        return 1
    columns = _columns_of(_is_value, rows[1 : 1 + ROWS_COMPARED])
    first = rows[0]
    cells = [first[column] if column < len(first) else "" for column in columns]
    filled = list(filter(str.strip, cells))
    words = [cell for cell in filled if not _is_value(cell) and not is_missing(cell, NO_LABEL)]
    return int(len(words) >= FEWEST_COLUMNS_OF_LABELS and len(words) == len(filled))


def is_rule(row: Row) -> bool:
    """Whether a row is a line that a database draws: ---|--- or +---+---+."""
    filled = [cell.strip() for cell in row if cell.strip()]
    drawn = len(row) > 1 or any("+" in cell or len(cell) >= WIDTH_OF_LINE for cell in filled)
    wide = max(map(len, filled), default=0) >= WIDEST_OF_RULE
    return drawn and wide and all(map(RULE.fullmatch, filled))


def is_number(text: str) -> bool:
    try:
        float(text.replace(",", "."))
    except ValueError:
        return False
    return True


def _are_questions(first: Row, rows: Sequence[Row]) -> bool:
    """Whether a row asks, in words that never come again, what the same few words answer below."""
    columns = list(zip(*rows, strict=True)) if len({len(first), *map(len, rows)}) == 1 else []
    return len(columns) >= FEWEST_COLUMNS_OF_LABELS and all(
        " " in question.strip()
        and question not in answers
        and len(set(answers)) <= len(answers) * MOST_ANSWERS
        for question, answers in zip(first, columns, strict=True)
    )


def _is_known(row: Row, known: Collection[str]) -> bool:
    filled = {cell for cell in row if not is_missing(cell, NO_LABEL)}
    return len(filled) >= FEWEST_COLUMNS_OF_LABELS and filled <= set(known)


def _row_of_known(above: Sequence[Row], known: set[str]) -> int | None:
    names = [set(column_names(row)) for row in above]
    matches = [len(known & found) for found in names]
    if known and not max(matches):
        keys = set(map(key_of_name, known))
        matches = [len(keys & set(map(key_of_name, found))) for found in names]
    best = max(matches)
    return matches.index(best) if best else None


def _row_of_names(rows: Sequence[Row]) -> int:
    """The first row that is as long as the table, or the one above when that is data already."""
    width, reach = _usual(map(len, rows)), _usual(map(_reach, rows))
    above = rows[:MOST_LINES_ABOVE]
    full = (n for n, row in enumerate(above) if len(row) >= width and _reach(row) >= reach)
    place = next(full, 0)
    if place and _belongs_to_the_row_above(rows, place, width):
        return place - 1
    return place


def _belongs_to_the_row_above(rows: Sequence[Row], place: int, width: int) -> bool:
    """Whether the first full row is data, so that the shorter one above it has the names.

    R writes no name above its row names, and people name no column that numbers rows.
    """
    row, above = rows[place], rows[place - 1]
    numbers = _number_columns(rows[place + 1 : place + 1 + ROWS_COMPARED])
    if any(is_number(row[n]) for n in numbers if n < len(row)):
        return len(above) in (width, width - 1)
    return not numbers and len(above) == width - 1 and _reach(above) > 1


def _number_columns(rows: Sequence[Row]) -> set[int]:
    """The columns most of whose cells are numbers."""
    return _columns_of(is_number, rows, share=0.5)


def _columns_of(fits: Callable[[str], bool], rows: Sequence[Row], share: float = 1.0) -> set[int]:
    """The columns of whose cells more than this share, or all, are of a kind."""
    found = set()
    for column in range(max(map(len, rows), default=0)):
        cells = [row[column] for row in rows if column < len(row) and row[column].strip()]
        fitting = sum(map(fits, cells))
        if cells and (fitting > share * len(cells) or fitting == len(cells)):
            found.add(column)
    return found


def _is_value(text: str) -> bool:
    """Whether a cell is a number or begins like a date: no question and no unit."""
    return is_number(text) or text.strip()[:1].isdigit()


def _as_wide_as(rows: Sequence[Row], header: tuple[str, ...]) -> tuple[str, ...]:
    """The header with one name per cell of the rows below it, where it lacks or exceeds one."""
    width = _usual(map(len, rows)) if rows else len(header)
    if len(header) == width - 1:
        at_the_end = all(len(row) < width or not row[-1].strip() for row in rows)
        return (*header, "") if at_the_end else ("", *header)
    if len(header) > width and not any(name.strip() for name in header[width:]):
        return header[:width]
    return header


def _reach(row: Row) -> int:
    """How far the last cell with a text is from the beginning."""
    return max((n for n, cell in enumerate(row, start=1) if cell.strip()), default=0)


def _usual(numbers: Iterable[int]) -> int:
    return Counter(numbers).most_common(1)[0][0]
