"""Rows of a request: CSV with or without a header, JSON, and JSON Lines.

Endpoints, batch transforms and the API for predictions read the same requests alike.
"""

import csv
import io
import json
import math
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from contract.messages import message
from reading.column import MOST_DIGITS
from reading.csv_head import DELIMITERS, USUAL
from reading.errors import RowsError
from reading.names import column_names, matched, plain
from reading.stray_quotes import UNCLOSED, are_joined, wrong_quote

CSV, JSON = "text/csv", "application/json"
JSON_LINES = ("application/jsonl", "application/jsonlines", "application/x-jsonlines")
# Beside what a model needs; making a million names unique takes minutes.
MOST_NAMES = 20_000
BOM, ENVELOPE = "\ufeff", "instances"
# No JSON, and what Python's own writer makes of such numbers.
CONSTANTS = {"Infinity": math.inf, "-Infinity": -math.inf}
Row = Mapping[str, Any]
Rows = Mapping[str, Sequence[Any]]
"""Column → its cells: texts, or the values of JSON."""


@dataclass(frozen=True)
class CsvHeader:
    """How the CSV of a request begins."""

    delimiter: str
    names: tuple[str, ...]
    first_line: int
    """The line of its first row; lines are counted from 1."""

    @property
    def is_written(self) -> bool:
        """Whether the CSV names its columns."""
        return self.first_line > 1


@dataclass(frozen=True)
class JsonRows:
    """The rows of a request in JSON as they came: one by one, or lists by column."""

    content: Sequence[Row] | Rows

    @property
    def size(self) -> int:
        if isinstance(self.content, Mapping):
            return max(map(len, self.content.values()), default=0)
        return len(self.content)

    def by_column(self, needed: Sequence[str]) -> Rows:
        """The columns that are needed, by the names that the model has.

        Raises RowsError for a row without one of them; a list that is not there is left out.
        """
        if isinstance(self.content, Mapping):
            names = matched(list(self.content), needed)
            given = dict(zip(names, self.content.values(), strict=True))
            return {name: given[name] for name in needed if name in given}
        known: dict[tuple[str, ...], Mapping[str, str]] = {}
        own = list[Mapping[str, str]]()
        for number, row in enumerate(self.content, start=1):
            keys = tuple(row)
            if keys not in known:
                known[keys] = _own_names(keys, needed, number)
            own.append(known[keys])
        return {
            name: [row[names[name]] for row, names in zip(self.content, own, strict=True)]
            for name in needed
        }


def kind_of(body: str, content_type: str) -> str:
    """The media type of a request; raises RowsError when it is empty, or of no known one."""
    if not body.strip():
        raise RowsError(message("request.empty"))
    kind = content_type.split(";")[0].strip().lower()
    if kind not in (CSV, JSON, *JSON_LINES):
        raise RowsError(message("request.kind", kind=content_type))
    return kind


def as_text(body: str | bytes) -> str:
    """A request's text; raises RowsError when it is not in UTF-8."""
    try:
        return body.decode() if isinstance(body, bytes) else body
    except UnicodeDecodeError as error:
        raise RowsError(message("request.encoding")) from error


def csv_header(body: str, needed: Sequence[str], delimiter: str) -> CsvHeader:
    """Its first line, when that names columns; else the columns in training order."""
    for mark in dict.fromkeys((delimiter, *DELIMITERS)):
        lines = _Lines(body)
        written = _first_record(lines, mark)
        if len(written) > MOST_NAMES + len(needed):
            raise RowsError(message("request.too_many_names", most=MOST_NAMES))
        names = matched(column_names(written), needed)
        if set(names) & set(needed):
            _require_right_quotes(written, lines, mark, bare=range(len(written)))
            _require_once(written, names, needed)
            return CsvHeader(mark, names, first_line=2)
    lines = _Lines(body)
    width = len(_first_record(lines, delimiter))
    if len(lines.since) > 1 and _names_any(lines.since, delimiter, needed):
        raise RowsError(message("request.stray_quote", line=lines.number))
    if width != len(needed):
        model = {"count": len(needed), "columns": tuple(needed)}
        raise RowsError(message("request.no_header", width=width, **model))
    return CsvHeader(delimiter, tuple(needed), first_line=1)


def csv_rows(body: str, header: CsvHeader, bare: Collection[str] = ()) -> dict[str, list[str]]:
    """The rows below a header, by column.

    `bare` are columns that hold no free text, in which a line break is more likely a stray quote.
    Raises RowsError, also where a quote seems to join rows.
    """
    places = {place for place, name in enumerate(header.names) if name in bare}
    try:
        rows = list(_rows(body, header, places))[header.first_line - 1 :]
    except csv.Error as error:
        raise RowsError(message("request.not_csv")) from error
    if not rows:
        raise RowsError(message("request.no_rows"))
    for line, row in enumerate(rows, start=header.first_line):
        if len(row) != len(header.names):
            found = {"row": line, "found": len(row), "expected": len(header.names)}
            raise RowsError(message("request.row_length", **found))
    columns = zip(*rows, strict=True)
    return {name: list(cells) for name, cells in zip(header.names, columns, strict=True)}


def json_rows(body: str, kind: str, needed: Collection[str] = ()) -> JsonRows:
    """JSON Lines; or of JSON a list of rows, one row, `instances`, or lists by column."""
    body = body.removeprefix(BOM)
    if kind != JSON:
        # str.splitlines would break at characters that JSON allows inside texts.
        lines = enumerate(body.split("\n"))
        return _one_by_one([_parsed(line, number) for number, line in lines if line.strip()])
    content = _parsed(body)
    if isinstance(content, dict) and _is_envelope(content, needed):
        content = content[ENVELOPE]
    if isinstance(content, dict) and all(isinstance(column, list) for column in content.values()):
        lengths = {len(column) for column in content.values()}
        if len(lengths) > 1:
            raise RowsError(message("request.uneven_columns"))
        if lengths == {0}:
            raise RowsError(message("request.empty"))
        if lengths:
            return JsonRows(content)
    return _one_by_one(content if isinstance(content, list) else [content])


@dataclass
class _Lines:
    """The lines of a CSV, those of the record that is being read at hand."""

    body: str
    number: int = 1
    """Of the first line of the record."""
    since: list[str] = field(default_factory=list)

    def __iter__(self) -> Iterator[str]:
        # newline="" as csv asks for, so that line breaks inside quotes stay as they are.
        for line in io.StringIO(self.body.removeprefix(BOM), newline=""):
            self.since.append(line)
            yield line

    def next_record(self) -> None:
        self.number += len(self.since)
        self.since.clear()


def _names_any(since: Sequence[str], delimiter: str, needed: Collection[str]) -> bool:
    """Whether the first line that is not blank names columns, without its quotes."""
    line = next(filter(str.strip, since), "").replace(USUAL.quote, "")
    return not set(matched(column_names(line.split(delimiter)), needed)).isdisjoint(needed)


def _first_record(lines: _Lines, delimiter: str) -> list[str]:
    """The cells of the first line that is not blank."""
    try:
        return next(filter(None, csv.reader(lines, delimiter=delimiter)), [])
    except csv.Error as error:
        raise RowsError(message("request.not_csv")) from error


def _rows(body: str, header: CsvHeader, bare: Collection[int]) -> Iterator[list[str]]:
    """The records from the header on; a blank line is a row where there is one column."""
    lines, blank, began = _Lines(body), 0, False
    for record in csv.reader(lines, delimiter=header.delimiter):
        _require_right_quotes(record, lines, header.delimiter, bare)
        lines.next_record()
        if record:
            yield from [[""]] * blank
            yield record
            began, blank = True, 0
        else:
            # Blank lines at the end are no rows.
            blank += began and len(header.names) == 1


def _require_right_quotes(
    record: Sequence[str], lines: _Lines, delimiter: str, bare: Collection[int] = ()
) -> None:
    """Raise RowsError where a quote is never closed, or seems to join rows."""
    several = len(lines.since) > 1
    if not (several or any(USUAL.quote in line for line in lines.since)):
        return
    wrong = wrong_quote(lines.since, USUAL, delimiter)
    joined = several and are_joined(record, len(lines.since), delimiter, bare)
    if joined or (wrong and several) or UNCLOSED in wrong:
        raise RowsError(message("request.stray_quote", line=lines.number))


def _require_once(written: Sequence[str], names: Sequence[str], needed: Collection[str]) -> None:
    """Raise RowsError where a needed column is there twice, and only one of them is expected."""
    groups: dict[str, list[str]] = {}
    for own, name in zip(written, names, strict=True):
        groups.setdefault(plain(own), []).append(name)
    for own, same in groups.items():
        if own and len(same) > 1 and len(set(same) & set(needed)) == 1:
            raise RowsError(message("request.twice", name=own))


def _is_envelope(content: Row, needed: Collection[str]) -> bool:
    """Whether `instances` holds the rows, and is no column."""
    if ENVELOPE not in content:
        return False
    found = content[ENVELOPE]
    first = found[0] if isinstance(found, list) and found else found
    return isinstance(first, dict) or not set(matched((ENVELOPE,), needed)) & set(needed)


def _one_by_one(rows: list[Any]) -> JsonRows:
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise RowsError(message("request.not_objects"))
    return JsonRows(rows)


def _own_names(keys: Sequence[str], needed: Sequence[str], number: int) -> Mapping[str, str]:
    """What a row calls each needed column."""
    own = dict(zip(matched(keys, needed), keys, strict=True))
    if lacking := tuple(name for name in needed if name not in own):
        found = {"row": number, "count": len(lacking), "columns": lacking}
        raise RowsError(message("request.row_lacks", **found), lacking[0])
    return {name: own[name] for name in needed}


def _parsed(text: str, lines_above: int = 0) -> Any:
    try:
        return json.loads(
            text, parse_int=_whole, parse_constant=CONSTANTS.get, object_pairs_hook=_once
        )
    except json.JSONDecodeError as error:
        place = {"line": lines_above + error.lineno, "column": error.colno}
        raise RowsError(message("request.json_broken", **place)) from error
    except RowsError:
        raise
    # Lists within lists without end, and numbers of thousands of digits.
    except (RecursionError, ValueError) as error:
        raise RowsError(message("request.not_json")) from error


def _whole(digits: str) -> int | float:
    """A whole number that 64 bits hold, else the nearest float."""
    return int(digits) if len(digits) <= MOST_DIGITS else float(digits)


def _once(pairs: list[tuple[str, Any]]) -> Row:
    """An object whose names are all different."""
    found = dict(pairs)
    if len(found) < len(pairs):
        ((twice, _),) = Counter(name for name, _ in pairs).most_common(1)
        raise RowsError(message("request.twice", name=twice), twice)
    return found
