"""Rows of a request: CSV with or without a header, JSON, and JSON Lines.

Endpoints, batch transforms and the API for predictions read the same requests alike.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contract.messages import message
from reading.column import MOST_DIGITS
from reading.csv_head import DELIMITERS
from reading.errors import RowsError
from reading.names import column_names, matched

CSV, JSON = "text/csv", "application/json"
JSON_LINES = ("application/jsonl", "application/jsonlines", "application/x-jsonlines")
Rows = Mapping[str, Sequence[Any]]
"""Column → its cells: texts, or the values of JSON."""


@dataclass(frozen=True)
class CsvHeader:
    """How the CSV of a request begins."""

    delimiter: str
    names: tuple[str, ...]
    first_line: int
    """The line of its first row; lines are counted from 1."""


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
        names = matched(column_names(first_record(body, mark)), needed)
        if set(names) & set(needed):
            return CsvHeader(mark, names, first_line=2)
    width = len(first_record(body, delimiter))
    if width != len(needed):
        model = {"count": len(needed), "columns": tuple(needed)}
        raise RowsError(message("request.no_header", width=width, **model))
    return CsvHeader(delimiter, tuple(needed), first_line=1)


def csv_rows(body: str, header: CsvHeader) -> dict[str, list[str]]:
    """The rows below a header, by column."""
    try:
        rows = list(_records(body, header.delimiter))[header.first_line - 1 :]
    except csv.Error as error:
        raise RowsError(message("request.not_csv")) from error
    if not rows:
        raise RowsError(message("request.no_rows"))
    for line, row in enumerate(rows, start=header.first_line):
        if len(row) != len(header.names):
            found = {"row": line, "found": len(row), "expected": len(header.names)}
            raise RowsError(message("request.row_length", **found))
    # Of columns with one name, the first.
    columns = dict[str, list[str]]()
    for name, cells in zip(header.names, zip(*rows, strict=True), strict=True):
        columns.setdefault(name, list(cells))
    return columns


def json_rows(body: str) -> dict[str, list[Any]]:
    """A list of rows, one row, `instances`, or lists by column."""
    content = _parsed(body)
    if isinstance(content, dict):
        content = content.get("instances", content)
    if isinstance(content, dict) and all(isinstance(column, list) for column in content.values()):
        lengths = {len(column) for column in content.values()}
        if len(lengths) > 1:
            raise RowsError(message("request.uneven_columns"))
        return content
    return _by_column(content if isinstance(content, list) else [content])


def rows_of_json(body: str, kind: str, needed: Sequence[str]) -> Rows:
    """The rows of JSON or JSON Lines; columns that are needed have the names that the model has."""
    found = json_rows(body) if kind == JSON else json_lines_rows(body)
    return dict(zip(matched(list(found), needed), found.values(), strict=True))


def json_lines_rows(body: str) -> dict[str, list[Any]]:
    """One row per line that is not blank."""
    return _by_column([_parsed(line) for line in body.splitlines() if line.strip()])


def first_record(body: str, delimiter: str) -> list[str]:
    """The cells of the first line that is not blank."""
    try:
        return next(_records(body, delimiter), [])
    except csv.Error as error:
        raise RowsError(message("request.not_csv")) from error


def _records(body: str, delimiter: str) -> Iterator[list[str]]:
    text = io.StringIO(body.removeprefix("\ufeff"), newline="")
    return (row for row in csv.reader(text, delimiter=delimiter) if row)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text, parse_int=_whole, parse_constant=_missing)
    except json.JSONDecodeError as error:
        place = {"line": error.lineno, "column": error.colno}
        raise RowsError(message("request.json_broken", **place)) from error
    # Lists within lists without end, and numbers of thousands of digits.
    except (RecursionError, ValueError) as error:
        raise RowsError(message("request.not_json")) from error


def _whole(digits: str) -> int | float:
    """A whole number that 64 bits hold, else the nearest float."""
    return int(digits) if len(digits) <= MOST_DIGITS else float(digits)


def _missing(name: str) -> None:
    """NaN and Infinity are no JSON, and what Python's own writer makes of them."""
    del name


def _by_column(rows: list[Any]) -> dict[str, list[Any]]:
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise RowsError(message("request.not_objects"))
    names = list(dict.fromkeys(name for row in rows for name in row))
    return {name: [row.get(name) for row in rows] for name in names}
