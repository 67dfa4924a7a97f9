"""Files of rows as tables of columns: one reader for the job and for `codefree predict`."""

import csv
import gzip
import io
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import reduce
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from model_code.notes import Note, note
from reading.csv_head import HEAD_BYTES, Expected, TableHead
from reading.errors import UnreadableError
from reading.excel_head import sheet_rows
from reading.head import ending_of, read_head
from reading.names import column_names, plain

# What people and programs write for «no value».
MISSING = ("", "na", "n/a", "nan", "null", "none", "#n/a", "<na>", "#div/0!", "#value!", "#ref!")
NULLS = sorted(
    {spelt for word in MISSING for spelt in (word, word.upper(), word.title())} | {"NaN"}
)
ROWS_AT_A_TIME, BLOCK_BYTES = 20_000, 8 << 20
# More odd rows than both, and it is the file that is odd.
MOST_ODD_ROWS, MOST_ODD_SHARE = 5, 0.01
UNDECODABLE = "\ufffd"


@dataclass(frozen=True)
class Table:
    """Columns by unique name; numbers and dates where the file has nothing else, else texts."""

    name: str
    head: TableHead
    data: pa.Table
    notes: list[Note] = field(default_factory=list)

    def __len__(self) -> int:
        return int(self.data.num_rows)

    @property
    def columns(self) -> list[str]:
        return list(self.data.column_names)


def look_at(path: Path, expected: Expected | None = None) -> TableHead:
    """The head of a file on this machine; raises UnreadableError in words."""
    size = path.stat().st_size
    ending = ending_of(path.name)
    with path.open("rb") as file:
        if ending == ".parquet":
            file.seek(max(0, size - HEAD_BYTES))
        content = file.read() if ending == ".xlsx" else file.read(HEAD_BYTES)
    return read_head(content, len(content) == size, path.name, expected)


def read_table(path: Path, as_text: Collection[str] = ()) -> Table:
    """A whole train file; the columns of `as_text` stay as they are written.

    Rows that have too many fields are left out and noted. Raises UnreadableError with the line,
    when they are many.
    """
    head = look_at(path)
    if not _is_csv(path):
        told = _notes(path, head)
        return Table(path.name, head, pa.concat_tables(chunks(path, head, told)), told)
    try:
        data = _read_quickly(path, head, as_text)
    except (pa.ArrowInvalid, UnicodeError):
        return _read_patiently(path, head)
    if _odd(data):
        return _read_patiently(path, head)
    return Table(path.name, head, data, _notes(path, head))


def _as_written(head: TableHead) -> dict[str, Any]:
    """How pyarrow is to split the file."""
    return {
        "read_options": pa_csv.ReadOptions(
            skip_rows=head.lines_above,
            column_names=column_names(head.header),
            encoding=head.encoding,
            block_size=BLOCK_BYTES,
        ),
        "parse_options": pa_csv.ParseOptions(delimiter=head.delimiter, newlines_in_values=True),
    }


def _quick_chunks(path: Path, head: TableHead) -> Iterator[pa.Table]:
    """All cells as texts; raises ArrowInvalid before the first part that holds anything odd."""
    texts = dict.fromkeys(column_names(head.header), pa.string())
    reader = pa_csv.open_csv(
        path,
        **_as_written(head),
        convert_options=pa_csv.ConvertOptions(column_types=texts, strings_can_be_null=False),
    )
    waiting: pa.Table | None = None
    for batch in reader:
        if waiting is not None:
            yield waiting
        waiting = pa.Table.from_batches([batch]) if batch.num_rows else waiting
    if waiting is not None:
        if _odd(waiting):
            raise pa.ArrowInvalid("The last row may be a quote that is never closed.")
        yield waiting


def _read_quickly(path: Path, head: TableHead, as_text: Collection[str]) -> pa.Table:
    names = column_names(head.header)
    return pa_csv.read_csv(
        path,
        **_as_written(head),
        convert_options=pa_csv.ConvertOptions(
            null_values=NULLS,
            # `true` and `yes` are classes like others.
            true_values=[],
            false_values=[],
            strings_can_be_null=True,
            column_types={name: pa.string() for name in as_text if name in names},
        ),
    )


def _odd(data: pa.Table) -> bool:
    """Whether some bytes are no text, or a quote may have swallowed the end of the file."""
    last = data.column(data.num_columns - 1)[-1].as_py()
    swallowed = isinstance(last, str) and "\n" in last
    return swallowed or any(pa.types.is_binary(kind) for kind in data.schema.types)


def _read_patiently(path: Path, head: TableHead) -> Table:
    """Row by row, for files that not all rows agree in."""
    rows = Rows(path, head, drop_long=True)
    data = pa.concat_tables(rows.chunks())
    if rows.long > max(MOST_ODD_ROWS, MOST_ODD_SHARE * (len(data) + rows.long)):
        line, fields = rows.first_long
        raise UnreadableError(
            f"The file {path.name} cannot be read: line {line} has {fields} fields where "
            f"{len(head.header)} are expected, and {rows.long} lines are like that; quote texts "
            "that hold the delimiter."
        )
    return Table(path.name, head, data, [*_notes(path, head), *rows.notes()])


def chunks(path: Path, head: TableHead, told: list[Note] | None = None) -> Iterator[pa.Table]:
    """The rows of any file, in order, some thousands at a time, every cell a text.

    What there is to say of the file is appended to `told` at its end.
    """
    if _is_csv(path):
        rows = Rows(path, head, drop_long=False)
        quick = 0
        try:
            for part in _quick_chunks(path, head):
                yield part
                quick += part.num_rows
        except (pa.ArrowInvalid, UnicodeError):
            yield from rows.chunks(after=quick)
        if told is not None:
            told += [*_notes(path, head), *rows.notes()]
    elif ending_of(path.name) == ".parquet":
        yield from _parquet_chunks(path)
    else:
        sheet, others, cells = sheet_rows(path.read_bytes())
        if others and told is not None:
            told.append(note("sheets", file=path.name, sheet=sheet))
        for start in range(head.lines_above, len(cells), ROWS_AT_A_TIME):
            yield _of_rows(cells[start : start + ROWS_AT_A_TIME], column_names(head.header))


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
        self.undecodable = 0

    def __iter__(self) -> Iterator[list[str]]:
        with _opened(self._path, self._head.encoding) as lines:
            last = _Last(lines)
            reader = csv.reader(last, delimiter=self._head.delimiter)
            start = 1
            record: list[str] = []
            for number, record in self._numbered(reader):
                start = number
                yield from self._evened(record, number)
            if "\n" in "".join(record[-1:]) and not last.line.rstrip().endswith('"'):
                raise UnreadableError(
                    f'The file {self._path.name} cannot be read: a quote (") that is opened near '
                    f"line {start} is never closed."
                )

    def _numbered(self, reader: Any) -> Iterator[tuple[int, list[str]]]:
        """Each record below the header, and the line where it begins."""
        start = 1
        for record in self._records(reader):
            if record and reader.line_num > self._head.lines_above:
                yield start, record
            start = reader.line_num + 1

    def _records(self, reader: Any) -> Iterator[list[str]]:
        try:
            yield from reader
        except csv.Error as error:
            # Mostly a field over the limit: a quote that has swallowed megabytes.
            raise UnreadableError(
                f"The file {self._path.name} cannot be read near line {reader.line_num}: {error}; "
                'look for a quote (") that is never closed.'
            ) from error

    def _evened(self, record: list[str], line: int) -> Iterator[list[str]]:
        if len(record) == self._width:
            yield record
        elif len(record) < self._width:
            self.short += 1
            yield record + [""] * (self._width - len(record))
        else:
            self.first_long = self.first_long if self.long else (line, len(record))
            self.long += 1
            if not self._drop_long:
                kept, rest = record[: self._width - 1], record[self._width - 1 :]
                yield [*kept, self._head.delimiter.join(rest)]

    def chunks(self, after: int = 0) -> Iterator[pa.Table]:
        """Some thousands at a time, without the first `after` rows."""
        names = column_names(self._head.header)
        records = islice(self, after, None)
        while some := list(islice(records, ROWS_AT_A_TIME)):
            part = _of_rows(some, names)
            self.undecodable += _rows_with(UNDECODABLE, part)
            yield part

    def notes(self) -> list[Note]:
        told = []
        if self.long:
            line, _ = self.first_long
            told.append(note("long_rows", file=self._path.name, rows=self.long, line=line))
        if self.undecodable:
            values = {"encoding": self._head.encoding, "rows": self.undecodable}
            told.append(note("undecodable", file=self._path.name, **values))
        if self.short:
            told.append(note("short_rows", file=self._path.name, rows=self.short))
        return told


class _Last:
    """Lines, of which the last one stays known."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = lines
        self.line = ""

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            self.line = line
            yield line


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


def _parquet_chunks(path: Path) -> Iterator[pa.Table]:
    file = pq.ParquetFile(path)
    names = column_names(file.schema_arrow.names)
    for batch in file.iter_batches(batch_size=ROWS_AT_A_TIME):
        columns = [_as_text(column) for column in batch.columns]
        yield pa.Table.from_arrays(columns, names=list(names))


def _as_text(column: pa.Array) -> pa.Array:
    """Numbers as they print, dates in ISO 8601, missing values empty."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    try:
        text = pc.cast(column, pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        text = pa.array([None if cell is None else str(cell) for cell in column.to_pylist()])
    if pa.types.is_floating(column.type):
        text = pc.replace_substring_regex(text, r"^(-?\d+)\.0$", r"\1")
    return pc.fill_null(pc.cast(text, pa.string()), "")


def _is_csv(path: Path) -> bool:
    return ending_of(path.name) in (".csv", ".csv.gz")


def _notes(path: Path, head: TableHead) -> list[Note]:
    """What was assumed about how the file is written."""
    told = []
    if _is_csv(path) and head.encoding not in ("utf-8", "utf-8-sig"):
        told.append(note("encoding", file=path.name, encoding=head.encoding))
    if _is_csv(path) and head.delimiter != ",":
        delimiter = {"\t": "tab", ";": "semicolon", "|": "|"}[head.delimiter]
        told.append(note("delimiter", file=path.name, delimiter=delimiter))
    if head.titles:
        told.append(note("titles", file=path.name, lines=len(head.titles), text=head.titles[0]))
    renamed = [
        f"{written!r} → {name!r}"
        for written, name in zip(head.header, head.columns, strict=True)
        if plain(written) != name
    ]
    if renamed:
        told.append(note("renamed", file=path.name, columns=", ".join(renamed[:20])))
    return told
