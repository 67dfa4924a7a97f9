"""Files of rows as tables of columns: one reader for the job and for `codefree predict`.

A column of a part is as `model_code.cells` has it: texts, or what the file stores.
"""

import csv
import gzip
import io
import re
import zlib
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache, reduce
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from contract.memory import MEGABYTE, memory_left_mb
from contract.messages import message
from contract.unordered import UNORDERED
from model_code.cells import as_texts, combined, marked, of_cells, of_column, written
from model_code.notes import Note, note, read_note
from reading.bounded import Limits, bounded, limits_of_a_head, too_demanding
from reading.cell_text import cell_text
from reading.csv_head import HEAD_BYTES, UNQUOTED, Expected, TableHead, is_too_odd
from reading.errors import UnreadableError, in_file
from reading.excel_head import LARGEST_WORKBOOK, sheet_rows, workbook_too_large
from reading.head import bounded_head, ending_of, read_head
from reading.header import is_number, is_rule
from reading.names import key_of, key_of_name
from reading.stray_quotes import UNCLOSED, are_joined, joins_rows, wrong_quote

ROWS_AT_A_TIME, BLOCK_BYTES = 20_000, 8 << 20
# Of Parquet, where a megabyte that every row repeats takes a bit.
MOST_PART_BYTES = 256 << 20
# At the very least, a train file's cells are in memory as they are stored and as they are typed.
COPIES_OF_A_TABLE = 2
DELIMITER_NAMES = {"\t": "tab", ";": "semicolon", "|": "pipe"}
# What is said of files whose bytes cannot be unpacked.
DAMAGED = {".csv.gz": "file.gzip_invalid", ".parquet": "file.parquet_damaged"}
UNDECODABLE = "\ufffd"
# Totals and notes under a table are among its last rows.
LAST_ROWS = 12
# "Total", "Total:", "Count: 300".
COUNTED = re.compile(r"(?P<words>[^\W\d_]+(?: [^\W\d_]+)*)\s*:?\s*(?P<number>\d[\d.,]*)?$")
TOTALS = frozenset(
    (
        *("count", "rows", "records", "number of rows", "number of records", "anzahl", "건수"),
        *("total", "totals", "grand total", "sum", "subtotal", "overall", "average", "mean"),
        *("summe", "gesamt", "gesamtsumme", "insgesamt", "zwischensumme", "somme", "total general"),
        *("total général", "totale", "suma", "totaal", "totalt", "razem", "celkem", "toplam"),
        *(
            "합계",
            "총계",
            "소계",
            "총합계",
            "계",
            "總計",
            "合計",
            "小計",
            "总计",
            "合计",
            "всего",
            "итого",
        ),
    )
)


@dataclass(frozen=True)
class Table:
    """Columns by unique name, as their cells are written or stored."""

    name: str
    head: TableHead
    data: pa.Table
    notes: list[Note] = field(default_factory=list)

    def __len__(self) -> int:
        return int(self.data.num_rows)

    @property
    def columns(self) -> list[str]:
        return list(self.data.column_names)


@dataclass
class Footer:
    """Totals and notes under a table, which are no rows of it."""

    count: int = 0
    text: str = ""

    def cut(self, rows: Sequence[Sequence[str]], short: Sequence[bool]) -> int:
        """How many of these last rows are part of the table; counts the others.

        `short` tells which have fewer cells than the table has columns.
        """
        kept = len(rows)
        while kept > 1 and _is_footer(rows[kept - 1], short[kept - 1]):
            kept -= 1
        if kept < len(rows):
            self.count += len(rows) - kept
            texts = (" ".join(filter(None, map(str.strip, row))) for row in rows[kept:])
            self.text = next(filter(None, texts), "")
        return kept


def _is_footer(cells: Sequence[str], short: bool) -> bool:
    filled = [cell.strip() for cell in cells if cell.strip()]
    if not filled or len(cells) < 2:
        return not filled and short
    if is_rule(cells):
        return True
    if short and cells[0].strip():
        # A sentence may hold the delimiter.
        return not any(map(is_number, filled)) and (len(filled) == 1 or " " in cells[0].strip())
    if not cells[0].strip():
        return False
    named = COUNTED.match(key_of(cells[0]))
    counted = bool(named and named["words"] in TOTALS)
    return counted and (len(filled) > 1 or bool(named and named["number"]))


def look_at(path: Path, expected: Expected | None = None, encoding: str | None = None) -> TableHead:
    """The head of a file on this machine; raises UnreadableError in words."""
    size = path.stat().st_size
    with in_file(path.name):
        ending = ending_of(path.name)
        if ending == ".xlsx" and size > LARGEST_WORKBOOK:
            raise workbook_too_large()
    with path.open("rb") as file:
        if ending == ".parquet":
            file.seek(max(0, size - HEAD_BYTES))
        content = file.read() if ending == ".xlsx" else file.read(HEAD_BYTES)

    def read() -> TableHead:
        return read_head(content, len(content) == size, path.name, expected, encoding)

    # All of a workbook is read for its head; nothing checks beforehand all that it may hold.
    return bounded_head(path.name, read) if ending == ".xlsx" else read()


def read_table(path: Path, encoding: str | None = None) -> Table:
    """A whole train file.

    Rows that have too many fields are left out and noted. Raises UnreadableError with the line,
    when they are many.
    """
    head = look_at(path, encoding=encoding)
    _require_room(path, head)
    if not _is_csv(path):
        notes: list[Note] = []
        data = pa.concat_tables(chunks(path, head, notes))
        data = shuffled_alike(data) if _has_no_order(path) else data
        return Table(path.name, head, data, notes)
    with _refused_when_damaged(path):
        try:
            data = _read_quickly(path, head)
        except (pa.ArrowInvalid, UnicodeError):
            return _read_patiently(path, head)
        if _odd(data, head):
            return _read_patiently(path, head)
    footer = Footer()
    data = marked(_without_footer(data, footer), head.delimiter)
    return _without_headers(Table(path.name, head, data, _notes(path, head, footer)))


def _has_no_order(path: Path) -> bool:
    return ending_of(path.name) == ".parquet" and pq.read_metadata(path).created_by == UNORDERED


def _can_be_sorted(kind: pa.DataType) -> bool:
    return bool(pa.types.is_primitive(kind) or pa.types.is_string(kind))


def shuffled_alike(data: pa.Table) -> pa.Table:
    """The rows in an order that depends on nothing but what they hold.

    Not sorted, because then their order would tell of their values.
    """
    keys = pa.table(
        [column if _can_be_sorted(column.type) else as_texts(column) for column in data.columns],
        names=[str(place) for place in range(data.num_columns)],
    )
    by = [(name, "ascending") for name in keys.column_names]
    places = pc.sort_indices(keys, sort_keys=by).to_numpy()
    return data.take(pa.array(np.random.default_rng(0).permutation(places)))


def _without_headers(table: Table) -> Table:
    """The table without rows that repeat the names: several exports in one file."""
    repeats: Any = None
    for name, own in zip(table.columns, table.head.header, strict=True):
        values = table.data[name]
        if not pa.types.is_string(values.type):
            return table
        equal = np.asarray(pc.equal(pc.utf8_trim_whitespace(values), own.strip()))
        repeats = equal if repeats is None else repeats & equal
        if not repeats.any():
            return table
    note = read_note("repeated_names", file=table.name, count=int(repeats.sum()))
    return replace(table, data=table.data.filter(pa.array(~repeats)), notes=[*table.notes, note])


def _as_written(head: TableHead) -> dict[str, Any]:
    """How pyarrow is to split the file: every cell a text."""
    return {
        "read_options": pa_csv.ReadOptions(
            skip_rows=head.lines_above,
            column_names=head.columns,
            encoding=head.encoding,
            block_size=BLOCK_BYTES,
        ),
        "parse_options": pa_csv.ParseOptions(
            delimiter=head.delimiter,
            quote_char=head.quoting.quote or False,
            escape_char=head.quoting.escape or False,
            newlines_in_values=True,
        ),
        "convert_options": pa_csv.ConvertOptions(
            column_types=dict.fromkeys(head.columns, pa.string()), strings_can_be_null=False
        ),
    }


def _quick_chunks(path: Path, head: TableHead, footer: Footer) -> Iterator[pa.Table]:
    """All cells as texts; raises ArrowInvalid before the first part that holds anything odd."""
    waiting: pa.Table | None = None
    if head.quoting.spaced:
        raise pa.ArrowInvalid("Arrow does not skip spaces before quotes.")
    for batch in pa_csv.open_csv(path, **_as_written(head)):
        part = pa.Table.from_batches([batch])
        if _odd(part, head):
            raise pa.ArrowInvalid("A quote may have swallowed rows.")
        if waiting is not None:
            yield waiting
        waiting = part if batch.num_rows else waiting
    if waiting is not None:
        yield _without_footer(waiting, footer)


def _read_quickly(path: Path, head: TableHead) -> pa.Table:
    if head.quoting.spaced:
        raise pa.ArrowInvalid("Arrow does not skip spaces before quotes.")
    return pa_csv.read_csv(path, **_as_written(head))


def _without_footer(data: pa.Table, footer: Footer) -> pa.Table:
    """The rows but those under the table; all are as long as it is wide."""
    first = max(0, data.num_rows - LAST_ROWS)
    last = [column.slice(first).to_pylist() for column in data.columns]
    rows = list(zip(*last, strict=True))
    return data.slice(0, first + footer.cut(rows, [False] * len(rows)))


def _odd(data: pa.Table, head: TableHead) -> bool:
    """Whether a quote may have swallowed rows, or the end of the file."""
    if not data.num_rows or not head.quoting.quote:
        return False
    for place, column in enumerate(data.columns):
        if _may_break(column):
            broken = column.filter(pc.match_substring(column, "\n"))
            width, cells = len(head.header), broken.to_pylist()
            if any(joins_rows(cell, place, width, head.delimiter) for cell in cells):
                return True
    return "\n" in data.column(data.num_columns - 1)[-1].as_py()


def _may_break(column: pa.ChunkedArray) -> bool:
    """Whether any cell can hold a line break, looked up in the bytes of all cells at once."""
    buffers = [chunk.buffers()[2] for chunk in column.chunks]
    return any((np.frombuffer(b, np.uint8) == ord("\n")).any() for b in buffers if b)


def _read_patiently(path: Path, head: TableHead) -> Table:
    """Row by row, for files that not all rows agree in."""
    rows = Rows(path, head, drop_long=True)
    data = pa.concat_tables(rows.chunks())
    if is_too_odd(rows.long, len(data) + rows.long):
        line, fields = rows.first_long
        expected = len(head.header)
        with in_file(path.name):
            raise UnreadableError(
                message(
                    "file.long_rows", line=line, fields=fields, expected=expected, count=rows.long
                )
            )
    notes = [*_notes(path, head, rows.footer), *rows.notes()]
    return _without_headers(Table(path.name, head, data, notes))


def chunks(path: Path, head: TableHead, notes: list[Note] | None = None) -> Iterator[pa.Table]:
    """The rows of any file, in order, some thousands at a time.

    What there is to say of the file is appended to `notes` at its end.
    """
    if _is_csv(path):
        rows = Rows(path, head, drop_long=False)
        quick = 0
        with _refused_when_damaged(path):
            try:
                for part in _quick_chunks(path, head, rows.footer):
                    yield marked(part, head.delimiter)
                    quick += part.num_rows
            except (pa.ArrowInvalid, UnicodeError):
                yield from rows.chunks(after=quick)
        if notes is not None:
            notes += [*_notes(path, head, rows.footer), *rows.notes()]
    elif ending_of(path.name) == ".parquet":
        yield from _parquet_chunks(path, head)
        if notes is not None:
            notes += _notes(path, head, Footer())
    else:
        yield from _excel_chunks(path, head, notes)


def _excel_chunks(path: Path, head: TableHead, notes: list[Note] | None) -> Iterator[pa.Table]:
    with in_file(path.name):
        sheet, others, cells = sheet_rows(path.read_bytes())
    rows = cells[head.lines_above :]
    last = [[cell_text(cell) for cell in row] for row in rows[-LAST_ROWS:]]
    short = [len(row) > 2 and sum(map(bool, map(str.strip, row))) <= 1 for row in last]
    footer = Footer()
    rows = rows[: len(rows) - len(last) + footer.cut(last, short)]
    table = pa.table([of_cells(column) for column in zip(*rows, strict=True)], list(head.columns))
    for start in range(0, table.num_rows, ROWS_AT_A_TIME):
        yield table.slice(start, ROWS_AT_A_TIME)
    if notes is not None:
        if others:
            notes.append(read_note("sheets", file=path.name, sheet=sheet))
        notes += _notes(path, head, footer)


class Rows:
    """The records of a CSV file, whatever they hold: short ones are filled, long ones dropped, or
    kept with what is too much joined to the last cell.

    Raises UnreadableError at the end when a quote was never closed.
    """

    def __init__(self, path: Path, head: TableHead, drop_long: bool) -> None:
        self._path, self._head, self._drop_long = path, head, drop_long
        self._width = len(head.header)
        self.long = self.short = 0
        self.first_long = (0, 0)
        self.stray = self.first_stray = 0
        self.undecodable = 0
        self.footer = Footer()

    def __iter__(self) -> Iterator[list[str]]:
        """The rows, without what stands under the table."""
        last: deque[tuple[list[str], bool]] = deque()
        for cells, short in self._all():
            last.append((cells, short))
            if len(last) > LAST_ROWS:
                yield self._counted(*last.popleft())
        rows = [cells for cells, _ in last]
        kept = self.footer.cut(rows, [short for _, short in last])
        for cells, short in islice(last, kept):
            yield self._counted(cells, short)

    def _counted(self, cells: list[str], short: bool) -> list[str]:
        self.short += short
        return cells

    def _all(self) -> Iterator[tuple[list[str], bool]]:
        """Every row, and whether it was short."""
        with _opened(self._path, self._head.encoding) as opened:
            for number, record in self._numbered(_Lines(opened)):
                yield from self._evened(record, number)

    def _numbered(self, lines: "_Lines") -> Iterator[tuple[int, list[str]]]:
        """Each record below the header, and the line where it begins."""
        start = 1
        for record in self._records(lines):
            if self._is_stray(record, lines.since, start) and (row := self._first_row(lines)):
                record = row
                self.first_stray = self.first_stray or start
                self.stray += 1
            if record and lines.number > self._head.lines_above:
                yield start, record
            start = lines.number + 1
            lines.since.clear()

    def _records(self, lines: "_Lines") -> Iterator[list[str]]:
        ended = False
        while not ended:
            try:
                yield from self._head.quoting.reader(lines, self._head.delimiter)
                ended = True
            except csv.Error as error:
                if len(lines.since) < 2:
                    with in_file(self._path.name):
                        line = lines.number
                        raise UnreadableError(message("file.field_too_long", line=line)) from error
                # Mostly a quote that has swallowed megabytes: no record at all.
                yield []

    def _is_stray(self, record: list[str], lines: list[str], number: int) -> bool:
        """Whether a stray quote has joined rows to this record.

        Raises UnreadableError where a quote is never closed and its lines are no rows, or where
        there is no record because a field is too long.
        """
        if len(lines) < 2:
            return False
        wrong = wrong_quote(lines, self._head.quoting, self._head.delimiter)
        if not wrong:
            fits = len(record) == self._width
            return fits and are_joined(record, len(lines), self._head.delimiter)
        if all(map(self._row_of, lines[:2])):
            return True
        if not record or UNCLOSED in wrong:
            code = "file.open_quote" if record else "file.field_too_long"
            with in_file(self._path.name):
                raise UnreadableError(message(code, line=number))
        return False

    def _first_row(self, lines: "_Lines") -> list[str] | None:
        """The first line of a record as a row of its own; the others are read again."""
        first, *others = lines.since
        if row := self._row_of(first):
            lines.again(others)
        return row

    def _row_of(self, line: str) -> list[str] | None:
        """The cells of a line that is a row by itself, if need be without a stray quote."""
        before, _, after = line.rpartition(self._head.quoting.quote)
        for quoting, text in (
            (self._head.quoting, line),
            (self._head.quoting, before + after),
            (UNQUOTED, line),
        ):
            try:
                (row,) = quoting.reader([text], self._head.delimiter, strict=True)
            except (csv.Error, ValueError):
                continue
            if len(row) == self._width:
                return list(row)
        return None

    def _evened(self, record: list[str], line: int) -> Iterator[tuple[list[str], bool]]:
        if len(record) == self._width:
            yield record, False
        elif len(record) < self._width:
            yield record + [""] * (self._width - len(record)), True
        else:
            self.first_long = self.first_long if self.long else (line, len(record))
            self.long += 1
            if not self._drop_long:
                kept, rest = record[: self._width - 1], record[self._width - 1 :]
                yield [*kept, self._head.delimiter.join(rest)], False

    def chunks(self, after: int = 0) -> Iterator[pa.Table]:
        """Some thousands at a time, without the first `after` rows."""
        records = islice(self, after, None)
        while some := list(islice(records, ROWS_AT_A_TIME)):
            part = _of_rows(some, self._head.columns)
            self.undecodable += _rows_with(UNDECODABLE, part)
            yield marked(part, self._head.delimiter)

    def notes(self) -> list[Note]:
        notes = []
        if self.long:
            line, _ = self.first_long
            notes.append(note("long_rows", file=self._path.name, rows=self.long, line=line))
        if self.undecodable:
            values = {"encoding": self._head.encoding, "rows": self.undecodable}
            notes.append(note("undecodable", file=self._path.name, **values))
        if self.stray:
            values = {"count": self.stray, "line": self.first_stray}
            notes.append(note("stray_quotes", file=self._path.name, **values))
        if self.short:
            notes.append(read_note("short_rows", file=self._path.name, rows=self.short))
        return notes


class _Lines:
    """Line iterator that keeps the lines of the record that is being read."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._waiting = deque[str]()
        self.number = 0
        """Of the last line, from 1."""
        self.since: list[str] = []

    def again(self, lines: Sequence[str]) -> None:
        """Read these last lines once more."""
        self._waiting.extendleft(reversed(lines))
        self.number -= len(lines)

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._waiting.popleft() if self._waiting else next(self._lines)
        self.number += 1
        self.since.append(line)
        return line


def _opened(path: Path, encoding: str) -> io.TextIOWrapper:
    """Bytes that are no text in this encoding become UNDECODABLE; they cost no row."""
    raw: Any = gzip.open(path) if path.name.lower().endswith(".gz") else path.open("rb")
    return io.TextIOWrapper(raw, encoding=encoding, errors="replace", newline="")


def _rows_with(mark: str, part: pa.Table) -> int:
    found = [pc.match_substring(column, mark) for column in part.columns]
    return int(pc.sum(reduce(pc.or_, found)).as_py() or 0)


def _of_rows(rows: Sequence[Sequence[str]], names: Sequence[str]) -> pa.Table:
    arrays = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
    return pa.Table.from_arrays(arrays, names=list(names))


def _parquet_chunks(path: Path, head: TableHead) -> Iterator[pa.Table]:
    size = _parquet_bytes(path, head, path.stat().st_mtime_ns)
    yield from _parquet_parts(path, head, max(size, head.cell_bytes))


def _parquet_parts(
    path: Path, head: TableHead, size: int, use_threads: bool = True
) -> Iterator[pa.Table]:
    """Of a file whose cells have `size` bytes."""
    bytes_of_row = size // (head.row_count or 1) + 1
    rows = min(ROWS_AT_A_TIME, MOST_PART_BYTES // bytes_of_row + 1)
    found = 0
    with _refused_when_damaged(path), pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=rows, use_threads=use_threads):
            columns = [of_column(column) for column in batch.columns]
            yield pa.Table.from_arrays(columns, names=list(head.columns))
            found += batch.num_rows
        if found != head.row_count:
            raise pa.ArrowInvalid("It holds other rows than its footer tells.")


@lru_cache(maxsize=8)
def _parquet_bytes(path: Path, head: TableHead, changed: int) -> int:
    """How many bytes its cells have, read in a child first, because a footer may tell anything.

    A page of some bytes can unpack to gigabytes, and one text of a megabyte stand in each row.
    Raises UnreadableError for a file that takes too much; `changed` tells one version of it from
    the next.
    """

    def count() -> int:
        # A fork has none of Arrow's threads.
        return sum(part.nbytes for part in _parquet_parts(path, head, head.cell_bytes, False))

    return int(bounded(path.name, count, _limits(head)))


def _limits(head: TableHead) -> Limits:
    """Three quarters of the memory that there is, as in a function, and a microsecond a byte."""
    least, left = limits_of_a_head(), memory_left_mb()
    memory = least.memory_bytes if left is None else left * MEGABYTE * 3 // 4
    seconds = least.processor_seconds + head.cell_bytes // 1_000_000
    return Limits(memory, seconds, 2.0 * seconds)


def _require_room(path: Path, head: TableHead) -> None:
    """Raise UnreadableError for a train file that cannot be in memory at once and be learned from.

    A workbook, and a CSV that is not packed, are no larger than they were known to be.
    """
    limits, ending = _limits(head), ending_of(path.name)
    most, size = limits.memory_bytes // COPIES_OF_A_TABLE, 0
    if ending == ".parquet":
        size = _parquet_bytes(path, head, path.stat().st_mtime_ns)
    elif ending == ".csv.gz":
        size = _unpacked_bytes(path, most)
    if size > most:
        with in_file(path.name):
            raise UnreadableError(too_demanding(limits))


def _unpacked_bytes(path: Path, most: int) -> int:
    """Of a file that is packed; it is not counted further than `most`."""
    size = 0
    with _refused_when_damaged(path), gzip.open(path) as file:
        while size <= most and (block := file.read(BLOCK_BYTES)):
            size += len(block)
    return size


@contextmanager
def _refused_when_damaged(path: Path) -> Iterator[None]:
    """Only the head of a file, or its footer, has been looked at before."""
    try:
        yield
    except pa.ArrowMemoryError:
        raise
    except (pa.ArrowException, OSError, EOFError, zlib.error, UnicodeError) as error:
        if code := DAMAGED.get(ending_of(path.name)):
            with in_file(path.name):
                raise UnreadableError(message(code)) from error
        raise


def texts_of(part: pa.Table) -> list[pa.StringArray]:
    """The cells of a part as texts, by column."""
    return [combined(written(column)) for column in part.columns]


def _is_csv(path: Path) -> bool:
    return ending_of(path.name) in (".csv", ".csv.gz")


def _notes(path: Path, head: TableHead, footer: Footer) -> list[Note]:
    """What was assumed about how the file is written."""
    notes = []
    if _is_csv(path):
        notes += _notes_on_csv(path.name, head)
    if head.titles:
        notes.append(
            read_note("titles", file=path.name, lines=len(head.titles), text=head.titles[0])
        )
    if head.labels:
        notes.append(read_note("labels", file=path.name, count=len(head.labels)))
    if footer.count:
        notes.append(read_note("footer", file=path.name, count=footer.count, text=footer.text))
    return [*notes, *_notes_on_names(path.name, head)]


def _notes_on_names(file: str, head: TableHead) -> list[Note]:
    """Names that had to be made, and names that the train file spells differently."""
    renamed, respelled = [], []
    for own, name in zip(head.header, head.columns, strict=True):
        pair = message("note.renamed_pair", written=own, name=name)
        if key_of_name(own) != key_of_name(name):
            renamed.append(pair)
        elif head.expected and own.strip() != name:
            respelled.append(pair)
    found = {"renamed": renamed, "respelled": respelled}
    return [read_note(code, file=file, columns=tuple(p)) for code, p in found.items() if p]


def _notes_on_csv(name: str, head: TableHead) -> list[Note]:
    notes = []
    if head.encoding not in ("utf-8", "utf-8-sig"):
        said = note if head.encoding_in_doubt else read_note
        code = "encoding_in_doubt" if head.encoding_in_doubt else "encoding"
        notes.append(said(code, file=name, encoding=head.encoding))
    if head.delimiter != ",":
        delimiter = message(f"delimiter.{DELIMITER_NAMES[head.delimiter]}")
        notes.append(read_note("delimiter", file=name, delimiter=delimiter))
    if head.quoting.escape:
        notes.append(read_note("backslash", file=name))
    if head.quoting.quote == "'":
        notes.append(read_note("single_quotes", file=name))
    if not head.quoting.quote:
        notes.append(read_note("unquoted", file=name))
    return notes
