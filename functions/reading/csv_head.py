"""Detect encoding, delimiter, header, columns and rows from a CSV's first megabyte."""

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Sequence, Sized
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from contract.messages import Message, message
from reading.encodings import ENCODINGS, guess_encoding
from reading.errors import UnreadableError
from reading.header import MOST_LINES_ABOVE, count_label_rows, find_header, is_number
from reading.names import column_names, key_of_name, matched, was_unnamed

HEAD_BYTES = 1 << 20
DELIMITERS = ",;\t|"
# csv refuses fields over 128 KiB by default; what is read here cannot hold a longer one than this.
csv.field_size_limit(HEAD_BYTES * 8)

GZIP = b"\x1f\x8b"
NOT_CSV = {
    b"\x89PNG": message("kind.png"),
    b"\xff\xd8\xff": message("kind.jpeg"),
    b"GIF8": message("kind.gif"),
    b"%PDF": message("kind.pdf"),
    b"PK\x03\x04": message("kind.zip"),
    b"\xd0\xcf\x11\xe0": message("kind.xls"),
    GZIP: message("kind.gzip"),
    b"PAR1": message("kind.parquet"),
}
LINES_SAMPLED = 200
# Above both thresholds, reject the whole file.
MOST_ODD_ROWS, MOST_ODD_SHARE = 5, 0.01
# What begins Japanese letters in ISO 2022, which looks like ASCII.
SHIFT = b"\x1b$"
UNICODE = ("utf-8", "utf-8-sig", "utf-16")


@dataclass(frozen=True)
class Quoting:
    """How a CSV keeps delimiters and quotes inside cells."""

    quote: str = '"'
    """Empty where quotes are letters like any other."""
    escape: str | None = None
    """What stands before a quote or a delimiter inside a cell; None where quotes are doubled."""
    spaced: bool = False
    """Whether spaces stand between a delimiter and a quote."""

    def reader(self, lines: Iterable[str], delimiter: str, strict: bool = False) -> Any:
        """Python's reader of CSV; iterates over records as lists of texts.

        A `strict` one raises csv.Error where a closing quote does not end its cell, or is missing.
        """
        if not self.quote:
            return csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE)
        return csv.reader(
            lines,
            delimiter=delimiter,
            quotechar=self.quote,
            escapechar=self.escape,
            skipinitialspace=self.spaced,
            strict=strict,
        )


USUAL = Quoting()
UNQUOTED = Quoting(quote="")
UNUSUAL = (
    *(Quoting(escape="\\"), Quoting(quote="'"), Quoting(quote="'", escape="\\")),
    *(Quoting(spaced=True), UNQUOTED),
)
# Of the records: so many more have to agree before a quoting is taken that the header lacks.
FAR_BETTER = 0.02


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
    cell_bytes: int = 0
    """How large all cells are, where the file tells it."""
    encoding: str = "utf-8"
    delimiter: str = ","
    lines_above: int = 0
    """Lines of text above the first row: titles, and the header itself."""
    titles: tuple[str, ...] = ()
    """What stands above the header."""
    labels: tuple[tuple[str, ...], ...] = ()
    """Rows between the header and the data that hold questions or units."""
    quoting: Quoting = USUAL
    expected: tuple[str, ...] = ()
    """The names of the file that this one belongs to."""
    encoding_in_doubt: bool = False
    """Whether the bytes are as likely text in another encoding."""

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Unique names, in the spelling that is expected."""
        return matched(column_names(self.header), self.expected)

    @cached_property
    def _places(self) -> dict[str, int]:
        # A header of a megabyte has a hundred thousand names.
        return {name: place for place, name in enumerate(self.columns)}

    @property
    def named(self) -> tuple[str, ...]:
        """The columns that have a name in the header; the others are mostly row numbers."""
        pairs = zip(self.columns, self.header, strict=True)
        return tuple(name for name, written in pairs if not was_unnamed(written))

    def values(self, column: str) -> list[str]:
        """The texts of one column, without those of rows that are too short."""
        index = self._places[column]
        return [row[index] for row in self.rows if index < len(row)]


@dataclass(frozen=True)
class Expected:
    """What a file should be like, because it belongs to another one."""

    columns: tuple[str, ...]
    delimiter: str = ","
    encoding: str | None = None
    """Of bytes that are no UTF-8: what the settings name, or that of the file it belongs to."""
    labels: tuple[str, ...] = ()
    """What that file has in the rows between its header and its data."""


def expected_like(head: TableHead) -> Expected:
    """What to expect of a file that belongs to this one."""
    encoding = None if head.encoding in UNICODE else head.encoding
    labels = tuple(dict.fromkeys(cell for row in head.labels for cell in row if cell.strip()))
    return Expected(head.columns, head.delimiter, encoding, labels)


def read_csv_head(
    content: bytes, whole: bool, expected: Expected | None = None, encoding: str | None = None
) -> TableHead:
    """Parse the first bytes of a file; raises UnreadableError.

    A test file is read with its train file at hand: it may have a single column, which tells
    nothing about delimiters. `encoding` is what the settings name for bytes that are no UTF-8.
    """
    if not content.strip(b"\x00 \t\r\n"):
        raise UnreadableError(message("file.empty"))
    asked = encoding or (expected.encoding if expected else None)
    encoding, in_doubt = _encoding(content, whole, asked)
    text = _whole_lines(content, encoding, whole)
    quoting, delimiter = _dialect(text, expected)
    records = _records(text, delimiter, whole, quoting)
    filled = [record for record in records if any(cell.strip() for cell in record.cells)]
    if not filled:
        raise UnreadableError(_why_no_lines(whole))
    names = expected.columns if expected else ()
    header, place = find_header([record.cells for record in filled], names)
    below = [record.cells for record in filled[place + 1 :]]
    labels = count_label_rows(below, expected.labels if expected else ())
    rows = tuple(below[labels:])
    require_rows(rows)
    if expected is None:
        _require_columns(header)
        _require_even_rows(filled[place + 1 + labels :], len(header))
    return TableHead(
        header,
        rows,
        whole,
        encoding=encoding,
        delimiter=delimiter,
        lines_above=filled[place + labels].last_line,
        titles=tuple(delimiter.join(r.cells).strip(delimiter) for r in filled[:place]),
        labels=tuple(below[:labels]),
        quoting=quoting,
        expected=names,
        encoding_in_doubt=in_doubt,
    )


def _why_no_lines(whole: bool) -> Message:
    return message("file.empty") if whole else message("file.no_line_end")


def require_rows(rows: Sized) -> None:
    """Raise UnreadableError when nothing stands below the header."""
    if not rows:
        raise UnreadableError(message("file.no_rows"))


def require_names(header: Sequence[str]) -> None:
    """Raise UnreadableError when the header is a row of data."""
    if _looks_like_data(header):
        raise UnreadableError(message("file.no_names"))


@dataclass(frozen=True)
class _Record:
    cells: tuple[str, ...]
    last_line: int
    """Its last line in the file, from 1; a quoted cell may span several."""


def _encoding(content: bytes, whole: bool, asked: str | None) -> tuple[str, bool]:
    """The encoding, and whether that is in doubt."""
    for magic, kind in NOT_CSV.items():
        if content.startswith(magic):
            raise UnreadableError(message("file.not_csv", kind=kind))
    if content.startswith(codecs.BOM_UTF8):
        return "utf-8-sig", False
    if content.startswith(codecs.BOM_UTF32_LE):
        raise UnreadableError(message("file.not_text"))
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16", False
    if b"\x00" in content:
        raise UnreadableError(message("file.not_text"))
    if SHIFT in content:
        if asked:
            return asked, False
        raise UnreadableError(message("file.unknown_encoding", encodings=ENCODINGS))
    try:
        codecs.getincrementaldecoder("utf-8")().decode(content, final=whole)
        return "utf-8", False
    except UnicodeDecodeError:
        return (asked, False) if asked else guess_encoding(content)


def _whole_lines(content: bytes, encoding: str, whole: bool) -> str:
    # A head may end inside a character, in its last line, which is dropped.
    try:
        text = content.decode(encoding, errors="replace")
    except (UnicodeError, LookupError) as error:
        raise UnreadableError(message("file.wrong_encoding", encoding=encoding)) from error
    return text if whole else text[: max(text.rfind("\n"), text.rfind("\r")) + 1]


def _dialect(text: str, expected: Expected | None) -> tuple[Quoting, str]:
    """How cells are quoted and parted: unusually only where that agrees better by far."""
    sample = "".join(text.splitlines(keepends=True)[:LINES_SAMPLED])
    delimiter = _delimiter(sample, expected, USUAL)
    strict = _is_strict(text, delimiter)
    sample = sample if strict else text
    best, most = (USUAL, delimiter), _agreement(sample, delimiter, USUAL)[0]
    for quoting in UNUSUAL:
        if _is_used(sample, quoting) and (quoting.quote or not strict):
            other = _delimiter(sample, expected, quoting)
            found = _agreement(sample, other, quoting)[0]
            if found >= most + _least_gain(sample, quoting, most):
                best, most = (quoting, other), found
    return best


def _is_strict(text: str, delimiter: str) -> bool:
    """Whether every closing quote ends a cell."""
    try:
        for _ in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True):
            pass
    except csv.Error as error:
        # Only a head's last record may lack the end of a quote.
        return "expected after" not in str(error)
    return True


def _least_gain(sample: str, quoting: Quoting, most: float) -> float:
    """By how many records a quoting has to be better than the usual one."""
    if quoting.escape or not quoting.quote:
        return 1
    if quoting.spaced or _wraps_header(sample, quoting):
        return 0
    return max(1, FAR_BETTER * most)


def _is_used(sample: str, quoting: Quoting) -> bool:
    """Whether a sample holds what only this way of quoting explains."""
    if not quoting.quote:
        lines = [line for line in sample.splitlines() if line.strip()]
        mark = _delimiter_of(next(iter(lines), ""))
        widths = {line.count(mark) for line in lines}
        return USUAL.quote in sample and len(widths) == 1
    escaped = any(f"\\{mark}" in sample for mark in (quoting.quote, *DELIMITERS))
    if quoting.escape and not escaped:
        return False
    if quoting.spaced:
        return bool(re.search(rf'[{DELIMITERS}] +"', sample))
    if quoting.quote == USUAL.quote:
        return True
    return _wraps_header(sample, quoting) or bool(
        re.search(rf"[{DELIMITERS}]'[^'\n]*[{DELIMITERS}][^'\n]*'[{DELIMITERS}\r\n]", sample)
    )


def _wraps_header(sample: str, quoting: Quoting) -> bool:
    cells = [cell.strip() for cell in re.split(f"[{DELIMITERS}]", sample.partition("\n")[0])]
    wrapped = sum(len(c) > 1 and c[0] == c[-1] == quoting.quote for c in cells)
    return bool(wrapped > len(cells) / 2)


def _delimiter_of(line: str) -> str:
    return max(DELIMITERS, key=line.count)


def _delimiter(sample: str, expected: Expected | None, quoting: Quoting) -> str:
    """The one expected, if it gives columns expected; else the one that cuts most lines into the
    same number of fields.

    csv.Sniffer, the standard library's own, takes letters for delimiters and fails on one column.
    """
    if expected:
        known = set(map(key_of_name, expected.columns))
        first = _records(sample, expected.delimiter, True, quoting)[:MOST_LINES_ABOVE]
        for record in first:
            if set(map(key_of_name, column_names(record.cells))) & known:
                return expected.delimiter
    return max(DELIMITERS, key=lambda delimiter: _agreement(sample, delimiter, quoting))


def _agreement(sample: str, delimiter: str, quoting: Quoting) -> tuple[float, int]:
    """How many records have the usual number of fields, and that number."""
    records = _records(sample, delimiter, True, quoting)
    widths = Counter(len(record.cells) for record in records)
    width, lines = widths.most_common(1)[0] if widths else (1, 0)
    return (lines if width > 1 else 0, width)


def _records(text: str, delimiter: str, whole: bool, quoting: Quoting = USUAL) -> list[_Record]:
    # newline="" as csv asks for, so that line breaks inside quotes stay as they are.
    reader = quoting.reader(io.StringIO(text, newline=""), delimiter)
    records = [_Record(tuple(cells), reader.line_num) for cells in reader if cells]
    # The last record of a head may have lost the end of a quoted field.
    return records if whole else records[:-1]


def _require_even_rows(records: Sequence[_Record], width: int) -> None:
    """Raise UnreadableError when many rows have more cells than the header."""
    long = [record for record in records if len(record.cells) > width]
    if long and is_too_odd(len(long), len(records)):
        line, fields = long[0].last_line, len(long[0].cells)
        raise UnreadableError(
            message("file.long_rows", line=line, fields=fields, expected=width, count=len(long))
        )


def is_too_odd(long: int, rows: int) -> bool:
    """Whether so many rows with too many cells make a file unreadable."""
    return long > max(MOST_ODD_ROWS, MOST_ODD_SHARE * rows)


def _require_columns(columns: tuple[str, ...]) -> None:
    if len(columns) == 1:
        raise UnreadableError(message("file.one_column", column=columns[0]))
    require_names(columns)


def _looks_like_data(columns: Sequence[str]) -> bool:
    # A frame without names is exported with the names 0, 1, 2, …
    if list(columns) == [str(number) for number in range(len(columns))]:
        return False
    return all(is_number(column) for column in columns)
