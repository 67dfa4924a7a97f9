"""What the first megabyte of a CSV tells: encoding, delimiter, header, columns, rows."""

import codecs
import csv
import io
from collections import Counter
from collections.abc import Sequence, Sized
from dataclasses import dataclass

from reading.errors import UnreadableError
from reading.header import MOST_LINES_ABOVE, find_header, is_number
from reading.names import column_names, was_unnamed

HEAD_BYTES = 1 << 20
DELIMITERS = ",;\t|"
# csv refuses fields over 128 KiB by default; what is read here cannot hold a longer one than this.
csv.field_size_limit(HEAD_BYTES * 8)

GZIP = b"\x1f\x8b"
NOT_CSV = {
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"GIF8": "a GIF picture",
    b"%PDF": "a PDF document",
    b"PK\x03\x04": "an Excel workbook or a zip archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    GZIP: "a gzip archive",
    b"PAR1": "a Parquet file",
}
# What charset-normalizer may answer, limited to what spreadsheets really write.
ENCODINGS = ["cp949", "gb18030", "cp932", "big5", "cp1252", "cp1250", "cp1251"]
LINES_SAMPLED = 200


@dataclass(frozen=True)
class TableHead:
    """The beginning of a table; each row holds one text per column where it is well-formed."""

    header: tuple[str, ...]
    """The names as they are written."""
    rows: tuple[tuple[str, ...], ...]
    whole: bool
    """Whether this is all of the file."""
    row_count: int | None = None
    """Where the file tells it."""
    encoding: str = "utf-8"
    delimiter: str = ","
    lines_above: int = 0
    """Lines of text above the first row: titles, and the header itself."""
    titles: tuple[str, ...] = ()
    """What stands above the header."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Unique names."""
        return column_names(self.header)

    @property
    def named(self) -> tuple[str, ...]:
        """The columns that have a name in the header; the others are mostly row numbers."""
        pairs = zip(self.columns, self.header, strict=True)
        return tuple(name for name, written in pairs if not was_unnamed(written))

    def values(self, column: str) -> list[str]:
        """The texts of one column, without those of rows that are too short."""
        index = self.columns.index(column)
        return [row[index] for row in self.rows if index < len(row)]


@dataclass(frozen=True)
class Expected:
    """What a file should be like, because it belongs to another one."""

    columns: tuple[str, ...]
    delimiter: str = ","


def read_csv_head(
    content: bytes, whole: bool, name: str, expected: Expected | None = None
) -> TableHead:
    """Parse the first bytes of the file `name`; raises UnreadableError in words.

    A test file is read with its train file at hand: it may have a single column, which tells
    nothing about delimiters.
    """
    if not content.strip(b"\x00 \t\r\n"):
        raise UnreadableError(f"The file {name} is empty; give it its rows.")
    encoding = _encoding(content, whole, name)
    text = _whole_lines(content, encoding, whole)
    delimiter = _delimiter(text, expected)
    records = _records(text, delimiter, whole)
    filled = [record for record in records if any(cell.strip() for cell in record.cells)]
    if not filled:
        raise UnreadableError(f"The file {name} {_why_no_lines(whole)}")
    header, place = find_header(
        [record.cells for record in filled], expected.columns if expected else ()
    )
    rows = tuple(record.cells for record in filled[place + 1 :])
    require_rows(rows, name)
    if expected is None:
        _require_columns(header, name)
    titles = tuple(delimiter.join(record.cells).strip(delimiter) for record in filled[:place])
    lines_above = filled[place].last_line
    return TableHead(header, rows, whole, None, encoding, delimiter, lines_above, titles)


def _why_no_lines(whole: bool) -> str:
    if whole:
        return "is empty; give it its rows."
    return "has no end of a line in its first megabyte; export the table as CSV."


def require_rows(rows: Sized, name: str) -> None:
    """Raise UnreadableError when nothing stands below the header."""
    if not rows:
        raise UnreadableError(f"The file {name} has column names but no rows; give it its rows.")


def require_names(header: Sequence[str], name: str) -> None:
    """Raise UnreadableError when the header is a row of data."""
    if _looks_like_data(header):
        raise UnreadableError(
            f"The first line of {name} holds only numbers, so it looks like a row of data; "
            "put a line with column names above it."
        )


@dataclass(frozen=True)
class _Record:
    cells: tuple[str, ...]
    last_line: int
    """Its last line in the file, from 1; a quoted cell may span several."""


def _encoding(content: bytes, whole: bool, name: str) -> str:
    for magic, kind in NOT_CSV.items():
        if content.startswith(magic):
            raise UnreadableError(f"The file {name} is {kind}, not a CSV; export the table as CSV.")
    if content.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if b"\x00" in content:
        raise UnreadableError(f"The file {name} is not text, so it is not a CSV; export it as CSV.")
    try:
        codecs.getincrementaldecoder("utf-8")().decode(content, final=whole)
        return "utf-8"
    except UnicodeDecodeError:
        return _guessed_encoding(content, name)


def _guessed_encoding(content: bytes, name: str) -> str:
    # Few files need it, and it would make every cold start longer.
    from charset_normalizer import from_bytes

    best = from_bytes(content, cp_isolation=ENCODINGS).best()
    if best is None:
        raise UnreadableError(
            f"The file {name} is in an encoding that cannot be recognised; save it as CSV UTF-8."
        )
    return best.encoding


def _whole_lines(content: bytes, encoding: str, whole: bool) -> str:
    # A head may end in the middle of a character; that is in its last line, which is dropped.
    text = content.decode(encoding, errors="replace")
    return text if whole else text[: max(text.rfind("\n"), text.rfind("\r")) + 1]


def _delimiter(text: str, expected: Expected | None) -> str:
    """The one expected, if it gives columns expected; else the one that cuts most lines into the
    same number of fields.

    csv.Sniffer, the standard library's own, takes letters for delimiters and fails on one column.
    """
    sample = "".join(text.splitlines(keepends=True)[:LINES_SAMPLED])
    if expected:
        for record in _records(sample, expected.delimiter, whole=True)[:MOST_LINES_ABOVE]:
            if set(column_names(record.cells)) & set(expected.columns):
                return expected.delimiter

    def agreement(delimiter: str) -> tuple[float, int]:
        records = _records(sample, delimiter, whole=True)
        widths = Counter(len(record.cells) for record in records)
        width, lines = widths.most_common(1)[0] if widths else (1, 0)
        return (lines if width > 1 else 0, width)

    return max(DELIMITERS, key=agreement)


def _records(text: str, delimiter: str, whole: bool) -> list[_Record]:
    # newline="" as csv asks for, so that line breaks inside quotes stay as they are.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    records = [_Record(tuple(cells), reader.line_num) for cells in reader if cells]
    # The last record of a head may have lost the end of a quoted field.
    return records if whole else records[:-1]


def _require_columns(columns: tuple[str, ...], name: str) -> None:
    if len(columns) == 1:
        raise UnreadableError(
            f"The file {name} has only one column, {columns[0][:80]!r}; separate columns by comma, "
            "semicolon, tab or |."
        )
    require_names(columns, name)


def _looks_like_data(columns: Sequence[str]) -> bool:
    # A frame without names is exported with the names 0, 1, 2, …
    if list(columns) == [str(number) for number in range(len(columns))]:
        return False
    return all(is_number(column) for column in columns)
