"""What the first megabyte of a CSV tells: encoding, delimiter, columns, rows."""

import codecs
import csv
import io
from collections import Counter
from dataclasses import dataclass

from charset_normalizer import from_bytes

from automl.errors import RefusedError

HEAD_BYTES = 1 << 20
DELIMITERS = ",;\t|"
# csv refuses fields over 128 KiB by default; a head cannot hold a longer one than this.
csv.field_size_limit(HEAD_BYTES * 4)

NOT_CSV = {
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"GIF8": "a GIF picture",
    b"%PDF": "a PDF document",
    b"PK\x03\x04": "an Excel workbook or a zip archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"\x1f\x8b": "a gzip archive",
    b"PAR1": "a Parquet file",
}
# What charset-normalizer may answer, limited to what spreadsheets really write.
ENCODINGS = ["cp949", "gb18030", "cp932", "big5", "cp1252", "cp1250", "cp1251"]


@dataclass(frozen=True)
class CsvHead:
    """The beginning of a CSV file; each row holds one text per column where it is well-formed."""

    encoding: str
    delimiter: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    whole: bool
    """Whether this is all of the file."""

    def values(self, column: str) -> list[str]:
        """The texts of one column, without those of rows that are too short."""
        index = self.columns.index(column)
        return [row[index] for row in self.rows if index < len(row)]


def read_csv_head(content: bytes, whole: bool, key: str, train: CsvHead | None = None) -> CsvHead:
    """Parse the first bytes of the object `key`; raises RefusedError in words.

    A test file is read with its train file at hand: it may have a single column, which tells
    nothing about delimiters.
    """
    if not content.strip(b"\x00 \t\r\n"):
        raise RefusedError(f"The file {key} is empty; upload it again with its rows.")
    encoding = _encoding(content, whole, key)
    text = _whole_lines(content, encoding, whole)
    delimiter = _delimiter(text, train)
    records = _records(text, delimiter, whole)
    if not records:
        raise RefusedError(f"The file {key} is empty; upload it again with its rows.")
    columns, rows = records[0], records[1:]
    _require_rows(rows, key)
    if train is None:
        _require_columns(columns, key)
    return CsvHead(encoding, delimiter, columns, rows, whole)


def _encoding(content: bytes, whole: bool, key: str) -> str:
    for magic, kind in NOT_CSV.items():
        if content.startswith(magic):
            raise RefusedError(f"The file {key} is {kind}, not a CSV; export the table as CSV.")
    if content.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if b"\x00" in content:
        raise RefusedError(f"The file {key} is not text, so it is not a CSV; export it as CSV.")
    try:
        codecs.getincrementaldecoder("utf-8")().decode(content, final=whole)
        return "utf-8"
    except UnicodeDecodeError:
        return _guessed_encoding(content, key)


def _guessed_encoding(content: bytes, key: str) -> str:
    best = from_bytes(content, cp_isolation=ENCODINGS).best()
    if best is None:
        raise RefusedError(
            f"The file {key} is in an encoding that cannot be recognised; save it as CSV UTF-8."
        )
    return best.encoding


def _whole_lines(content: bytes, encoding: str, whole: bool) -> str:
    # A head may end in the middle of a character; that is in its last line, which is dropped.
    text = content.decode(encoding, errors="replace")
    return text if whole else text[: max(text.rfind("\n"), text.rfind("\r")) + 1]


def _delimiter(text: str, train: CsvHead | None) -> str:
    """The train file's, if it gives columns of the train file; else the one that cuts most lines
    into the same number of fields.

    csv.Sniffer, the standard library's own, takes letters for delimiters and fails on one column.
    """
    sample = "".join(text.splitlines(keepends=True)[:200])
    if train:
        header, *_ = (*_records(sample, train.delimiter, whole=True), ())
        if set(header) & set(train.columns):
            return train.delimiter

    def agreement(delimiter: str) -> tuple[float, int]:
        widths = Counter(len(record) for record in _records(sample, delimiter, whole=True))
        width, lines = widths.most_common(1)[0] if widths else (1, 0)
        return (lines if width > 1 else 0, width)

    return max(DELIMITERS, key=agreement)


def _records(text: str, delimiter: str, whole: bool) -> tuple[tuple[str, ...], ...]:
    # newline="" as csv asks for, so that line breaks inside quotes stay as they are.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    records = tuple(tuple(record) for record in reader if any(cell.strip() for cell in record))
    # The last record of a head may have lost the end of a quoted field.
    return records if whole else records[:-1]


def _require_rows(rows: tuple[tuple[str, ...], ...], key: str) -> None:
    if not rows:
        raise RefusedError(
            f"The file {key} has column names but no rows; upload it again with its rows."
        )


def _require_columns(columns: tuple[str, ...], key: str) -> None:
    if len(columns) == 1:
        raise RefusedError(
            f"The file {key} has only one column, {columns[0][:80]!r}; separate columns by comma, "
            "semicolon, tab or |."
        )
    if _looks_like_data(columns):
        raise RefusedError(
            f"The first line of {key} holds only numbers, so it looks like a row of data; "
            "put a line with column names above it."
        )


def _looks_like_data(columns: tuple[str, ...]) -> bool:
    # A frame without names is exported with the names 0, 1, 2, …
    if list(columns) == [str(number) for number in range(len(columns))]:
        return False
    return all(_is_number(column) for column in columns)


def _is_number(text: str) -> bool:
    try:
        float(text.replace(",", "."))
    except ValueError:
        return False
    return True
