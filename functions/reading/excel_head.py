"""A workbook's first sheet as rows of texts, and the head of that table."""

import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import IO, TYPE_CHECKING

from contract.messages import Message, message
from reading.cell_text import Cell, cell_text
from reading.csv_head import Expected, TableHead, require_names, require_rows
from reading.errors import UnreadableError
from reading.header import count_label_rows, find_header

if TYPE_CHECKING:
    from python_calamine import CalamineSheet

OLD_FORMAT = b"\xd0\xcf\x11\xe0"
PASSWORD = "EncryptedPackage".encode("utf-16-le")
WORKBOOK = "xl/workbook.xml"
LARGEST_WORKBOOK = 20_000_000
MOST_CELLS = 5_000_000
MOST_UNPACKED_BYTES = 500_000_000
CHUNK_BYTES, LONGEST_TAG = 1 << 20, 256
# What a range of merged cells takes, in cells.
CELLS_OF_MERGED = 50
# Bounded everywhere, so that no file makes it slow.
FILLED_CELL = re.compile(
    rb"""\sr=["']([A-Za-z]{1,9})(\d{1,9})["'][^<>]{0,99}(?<!/)>(?=[^<]|<[^/])"""
)
WORKSHEET = re.compile(r"xl/worksheets/[^/]+\.xml", re.IGNORECASE)
SHARED_STRINGS = "xl/sharedStrings.xml"
SHOWS_SHARED_STRING = re.compile(rb"""\st\s{0,9}=\s{0,9}["']s["']""")
# A cell whose formula no spreadsheet has calculated has no value beside it.
NEVER_CALCULATED = re.compile(
    rb"<c [^<>]{0,99}>(?:<f[^<>]{0,99}/>|<f[^<>]{0,99}>[^<>]{0,9999}</f>)"
    rb"(?:<v\s*/>|<v></v>)?</c>"
)
# As many as it takes to tell what is in a table.
CELLS_OF_A_HEAD, ROWS_OF_A_HEAD = 500_000, 100


def read_excel_head(content: bytes, expected: Expected | None = None) -> TableHead:
    """From all of a workbook; raises UnreadableError."""
    sheet, _ = _first_sheet(content)
    most = max(ROWS_OF_A_HEAD, CELLS_OF_A_HEAD // sheet.width)
    rows = [list(map(cell_text, row)) for row in islice(_rows(sheet), most + 1)]
    places = [place for place, row in enumerate(rows) if any(map(str.strip, row))]
    filled = [rows[place] for place in places]
    names = expected.columns if expected else ()
    header, place = find_header(filled, names)
    below = list(map(tuple, filled[place + 1 : most]))
    labels = count_label_rows(below, expected.labels if expected else ())
    data = tuple(below[labels:])
    require_rows(data)
    if expected is None:
        _require_columns(header, sheet.name)
    return TableHead(
        header,
        data,
        len(rows) <= most,
        lines_above=places[place + labels] + 1,
        titles=tuple(" ".join(filter(str.strip, row)) for row in filled[:place]),
        labels=tuple(below[:labels]),
        expected=names,
    )


def sheet_rows(content: bytes) -> tuple[str, list[str], list[list[Cell]]]:
    """Name of the first sheet that has cells, names of the others, and its rows.

    Blank rows are there, but for those at the end. Raises UnreadableError.
    """
    sheet, others = _first_sheet(content)
    rows = list(_rows(sheet))
    while rows and is_blank(rows[-1]):
        rows.pop()
    return sheet.name, others, rows


def _rows(sheet: "CalamineSheet") -> Iterator[list[Cell]]:
    """The rows, where a cell that is merged over rows of one column stands in each of them."""
    left = sheet.start[1] if sheet.start else 0
    merged: dict[int, list[tuple[int, int]]] = {}
    for (top, column), (bottom, last) in sheet.merged_cell_ranges or ():
        if column == last and top < bottom:
            merged.setdefault(top, []).append((column - left, bottom))
    shown: dict[int, tuple[int, Cell]] = {}
    for number, row in enumerate(sheet.iter_rows()):
        cells: list[Cell] = list(row)
        shown = {column: (end, cell) for column, (end, cell) in shown.items() if number <= end}
        if shown and not is_blank(cells):
            for column, (_, cell) in shown.items():
                if cells[column] in (None, ""):
                    cells[column] = cell
        for column, end in merged.get(number, ()):
            if 0 <= column < len(cells):
                shown[column] = (end, cells[column])
        yield cells


def is_blank(row: Iterable[Cell]) -> bool:
    """Whether no cell of a row shows anything."""
    return not any(cell_text(cell).strip() for cell in row)


def _first_sheet(content: bytes) -> tuple["CalamineSheet", list[str]]:
    """The first visible sheet that has cells, else the first one, and the names of the others."""
    _require_workbook(content)
    # Here, because reading a CSV shall need nothing that has to be installed.
    from python_calamine import CalamineError

    try:
        found = _first_filled(content)
    except BaseException as error:
        # The reader is written in Rust; its panics do not derive from Exception.
        if isinstance(error, CalamineError) or type(error).__name__ == "PanicException":
            raise UnreadableError(message("file.workbook_invalid")) from error
        raise
    if found is None:
        raise UnreadableError(message("file.no_cells"))
    return found


def _first_filled(content: bytes) -> tuple["CalamineSheet", list[str]] | None:
    from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    sheets = [sheet for sheet in book.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]
    for known in sorted(sheets, key=lambda sheet: sheet.visible != SheetVisibleEnum.Visible):
        sheet = book.get_sheet_by_name(known.name)
        # However the archive hid it from _is_modest.
        if sheet.height * sheet.width > MOST_CELLS:
            raise UnreadableError(_too_many_cells())
        if not all(map(is_blank, sheet.iter_rows())):
            _require_calculated(content, sheets.index(known))
            return sheet, [name for name in book.sheet_names if name != sheet.name]
    return None


def _require_workbook(content: bytes) -> None:
    if not content:
        raise UnreadableError(message("file.empty"))
    if content.startswith(OLD_FORMAT) and PASSWORD in content:
        raise UnreadableError(message("file.workbook_password"))
    if content.startswith(OLD_FORMAT):
        raise UnreadableError(message("file.workbook_old"))
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            known, modest = WORKBOOK in archive.namelist(), _is_modest(archive)
    # Whatever zipfile makes of broken archives: it has a dozen errors for them.
    except Exception as error:
        raise UnreadableError(message("file.workbook_invalid")) from error
    if not known:
        raise UnreadableError(message("file.workbook_invalid"))
    if not modest:
        raise UnreadableError(_too_many_cells())


def workbook_too_large() -> UnreadableError:
    """The refusal of a workbook of more than LARGEST_WORKBOOK bytes: all of it has to be read."""
    return UnreadableError(message("file.workbook_size", megabytes=LARGEST_WORKBOOK // 1_000_000))


def _too_many_cells() -> Message:
    return message("file.workbook_cells", cells=MOST_CELLS)


def _is_modest(archive: zipfile.ZipFile) -> bool:
    """Whether there is memory for it.

    The reader takes 100 bytes per cell of the smallest rectangle around a sheet's filled cells, and
    a copy of a shared string per cell that shows it; it ends the process where it gets none.
    """
    if sum(part.file_size for part in archive.infolist()) > MOST_UNPACKED_BYTES:
        return False
    uses = 0
    for part in _worksheets(archive):
        with archive.open(part) as content:
            found = _extent_of(content)
        if found.cells > MOST_CELLS:
            return False
        uses += found.shared
    longest = _longest_shared_string(archive) if uses else 0
    return longest * uses <= MOST_UNPACKED_BYTES


def _worksheets(archive: zipfile.ZipFile) -> list[str]:
    """The parts that are worksheets, in the order of their numbers."""
    found = [name for name in archive.namelist() if WORKSHEET.fullmatch(name)]
    return sorted(found, key=lambda name: (len(name), name))


@dataclass(frozen=True)
class _Extent:
    """How much a worksheet holds."""

    cells: int
    """In the range of its filled cells, or as many as are listed one by one."""
    shared: int
    """Cells that show a shared string."""


def _extent_of(sheet: IO[bytes]) -> _Extent:
    columns, rows, rest = set[bytes](), set[bytes](), b""
    listed = shared = 0
    while chunk := sheet.read(CHUNK_BYTES):
        # A cell that the end of a chunk cuts is seen twice: once here, once with the next one.
        text = rest + chunk
        listed += text.count(b"<c ") + text.count(b"<c>")
        listed += CELLS_OF_MERGED * text.count(b"<mergeCell ")
        shared += len(SHOWS_SHARED_STRING.findall(text))
        found = FILLED_CELL.findall(text)
        columns.update(column for column, _ in found)
        rows.update(row for _, row in found)
        rest = chunk[-LONGEST_TAG:]
    area = _extent(map(_column_number, columns)) * _extent(map(int, rows))
    return _Extent(max(area, listed), shared)


def _longest_shared_string(archive: zipfile.ZipFile) -> int:
    """In bytes; 0 when there are none."""
    found = [name for name in archive.namelist() if name.lower() == SHARED_STRINGS.lower()]
    return max((_longest_string(archive, name) for name in found), default=0)


def _longest_string(archive: zipfile.ZipFile, part: str) -> int:
    longest = since = 0
    with archive.open(part) as content:
        while chunk := content.read(CHUNK_BYTES):
            first, *others = chunk.split(b"</si>")
            longest = max(longest, since + len(first), *map(len, others), 0)
            since = len(others[-1]) if others else since + len(first)
    return longest


def _require_calculated(content: bytes, number: int) -> None:
    """Raise UnreadableError when formulas of a worksheet have no values."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = _worksheets(archive)
        if number < len(names):
            with archive.open(names[number]) as sheet:
                rest = b""
                while chunk := sheet.read(CHUNK_BYTES):
                    if NEVER_CALCULATED.search(rest + chunk):
                        raise UnreadableError(message("file.formulas_not_calculated"))
                    rest = chunk[-LONGEST_TAG:]


def _extent(numbers: Iterator[int]) -> int:
    known = set(numbers)
    return max(known) - min(known) + 1 if known else 0


def _column_number(letters: bytes) -> int:
    """A is 1, Z 26, AA 27."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - ord("A") + 1
    return number


def _require_columns(header: tuple[str, ...], sheet: str) -> None:
    if len(header) == 1:
        raise UnreadableError(message("file.sheet_one_column", sheet=sheet, column=header[0]))
    require_names(header)
