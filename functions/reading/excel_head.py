"""A workbook's first sheet as rows of texts, and the head of that table."""

import datetime
import io
import re
import zipfile
from collections.abc import Iterator
from itertools import islice
from typing import IO, TYPE_CHECKING

from reading.csv_head import Expected, TableHead, require_names, require_rows
from reading.errors import UnreadableError
from reading.header import find_header

if TYPE_CHECKING:
    from python_calamine import CalamineSheet

Cell = str | float | bool | datetime.date | datetime.time | datetime.timedelta | None
OLD_FORMAT = b"\xd0\xcf\x11\xe0"
PASSWORD = "EncryptedPackage".encode("utf-16-le")
WORKBOOK = "xl/workbook.xml"
MOST_CELLS = 5_000_000
MOST_UNPACKED_BYTES = 500_000_000
CHUNK_BYTES, LONGEST_TAG = 1 << 20, 256
FILLED_CELL = re.compile(rb"""\sr=["']([A-Za-z]{1,9})(\d{1,9})["'][^>]*(?<!/)>(?=[^<]|<[^/])""")
# As many as it takes to tell what is in a table.
CELLS_OF_A_HEAD, ROWS_OF_A_HEAD = 500_000, 100


def read_excel_head(content: bytes, name: str, expected: Expected | None = None) -> TableHead:
    """From all of a workbook; raises UnreadableError in words."""
    sheet, _ = _first_sheet(content, f"The file {name}")
    most = max(ROWS_OF_A_HEAD, CELLS_OF_A_HEAD // sheet.width)
    rows = list(islice(_texts(sheet), most + 1))
    header, place = find_header(rows, expected.columns if expected else ())
    data = tuple(map(tuple, rows[place + 1 : most]))
    require_rows(data, name)
    if expected is None:
        _require_columns(header, sheet.name, name)
    titles = tuple(" ".join(filter(str.strip, row)) for row in rows[:place])
    return TableHead(header, data, len(rows) <= most, lines_above=place + 1, titles=titles)


def sheet_rows(content: bytes) -> tuple[str, list[str], list[list[str]]]:
    """Name of the first sheet that has cells, names of the others, and its rows but blank ones.

    Raises UnreadableError in words.
    """
    sheet, others = _first_sheet(content, "The workbook")
    return sheet.name, others, list(_texts(sheet))


def cell_text(cell: Cell) -> str:
    """A cell as a CSV would have it: dates in ISO 8601, whole numbers without a point."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime.timedelta):
        minutes, seconds = divmod(round(cell.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    return str(cell)


def _texts(sheet: "CalamineSheet") -> Iterator[list[str]]:
    rows = ([cell_text(cell) for cell in row] for row in sheet.iter_rows())
    return (row for row in rows if any(text.strip() for text in row))


def _first_sheet(content: bytes, file: str) -> tuple["CalamineSheet", list[str]]:
    """The first visible sheet that has cells, else the first one, and the names of the others."""
    _require_workbook(content, file)
    # Here, because reading a CSV shall need nothing that has to be installed.
    from python_calamine import CalamineError

    try:
        found = _first_filled(content)
    except BaseException as error:
        # Where the reader, which is written in Rust, panics, that is no Exception.
        if isinstance(error, CalamineError) or type(error).__name__ == "PanicException":
            raise UnreadableError(_broken(file)) from error
        raise
    if found is None:
        raise UnreadableError(f"{file} has no sheet with cells; give it its rows.")
    return found


def _first_filled(content: bytes) -> tuple["CalamineSheet", list[str]] | None:
    from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    sheets = [sheet for sheet in book.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]
    for known in sorted(sheets, key=lambda sheet: sheet.visible != SheetVisibleEnum.Visible):
        sheet = book.get_sheet_by_name(known.name)
        if next(_texts(sheet), None):
            return sheet, [name for name in book.sheet_names if name != sheet.name]
    return None


def _require_workbook(content: bytes, file: str) -> None:
    if not content:
        raise UnreadableError(f"{file} is empty; give it its rows.")
    if content.startswith(OLD_FORMAT) and PASSWORD in content:
        raise UnreadableError(f"{file} is protected by a password; save it without one.")
    if content.startswith(OLD_FORMAT):
        raise UnreadableError(f"{file} is an old Excel workbook; save it as .xlsx or as CSV.")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            known, modest = WORKBOOK in archive.namelist(), _is_modest(archive)
    # Whatever zipfile makes of broken archives: it has a dozen errors for them.
    except Exception as error:
        raise UnreadableError(_broken(file)) from error
    if not known:
        raise UnreadableError(_broken(file))
    if not modest:
        raise UnreadableError(
            f"{file} is too large for a workbook ({MOST_CELLS:,} cells at most, up to the last "
            "one that is filled); delete what lies outside the table, or save it as CSV."
        )


def _broken(file: str) -> str:
    return f"{file} is no Excel workbook, or a broken one; save it again as .xlsx, or as CSV."


def _is_modest(archive: zipfile.ZipFile) -> bool:
    """Whether there is memory for it.

    The reader takes 100 bytes per cell of the smallest rectangle around a sheet's filled cells, and
    ends the process where it gets none; a stray text in the last row is enough.
    """
    parts = archive.infolist()
    if sum(part.file_size for part in parts) > MOST_UNPACKED_BYTES:
        return False
    for part in parts:
        with archive.open(part) as content:
            if _area(content) > MOST_CELLS:
                return False
    return True


def _area(sheet: IO[bytes]) -> int:
    """How many cells lie between a sheet's filled ones; none in what is no sheet."""
    columns, rows, rest = set[bytes](), set[bytes](), b""
    while chunk := sheet.read(CHUNK_BYTES):
        found = FILLED_CELL.findall(rest + chunk)
        columns.update(column for column, _ in found)
        rows.update(row for _, row in found)
        rest = chunk[-LONGEST_TAG:]
    return _extent(map(_column_number, columns)) * _extent(map(int, rows))


def _extent(numbers: Iterator[int]) -> int:
    known = set(numbers)
    return max(known) - min(known) + 1 if known else 0


def _column_number(letters: bytes) -> int:
    """A is 1, Z 26, AA 27."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - ord("A") + 1
    return number


def _require_columns(header: tuple[str, ...], sheet: str, name: str) -> None:
    if len(header) == 1:
        raise UnreadableError(
            f"The sheet {sheet!r} of {name} has only one column, {header[0][:80]!r}; put the table "
            "on the first sheet, one value per cell."
        )
    require_names(header, name)
