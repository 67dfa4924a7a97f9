"""Which of a table's first rows names its columns."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from reading.names import column_names

Row = Sequence[str]
# Titles, dates and notes that programs write above a table.
MOST_LINES_ABOVE = 30
ROWS_COMPARED = 50


def find_header(rows: Sequence[Row], known: Collection[str] = ()) -> tuple[tuple[str, ...], int]:
    """The names as they are written, and which row they were.

    `known` are names to expect. No row may be blank.
    """
    place = _row_of_known(rows[:MOST_LINES_ABOVE], set(known))
    if place is None:
        place = _row_of_names(rows)
    return _as_wide_as(rows[place + 1 :], tuple(rows[place])), place


def is_number(text: str) -> bool:
    try:
        float(text.replace(",", "."))
    except ValueError:
        return False
    return True


def _row_of_known(above: Sequence[Row], known: set[str]) -> int | None:
    matches = [len(known & set(column_names(row))) for row in above]
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
    found = set()
    for column in range(max(map(len, rows), default=0)):
        cells = [row[column] for row in rows if column < len(row) and row[column].strip()]
        if cells and sum(map(is_number, cells)) * 2 > len(cells):
            found.add(column)
    return found


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
