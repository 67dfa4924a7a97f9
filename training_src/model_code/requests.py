"""Rows of a request: CSV with or without a header, JSON, and JSON Lines."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv

from contract.messages import message
from model_code.cells import marked, of_cells
from model_code.errors import RowsError
from reading.csv_head import DELIMITERS
from reading.names import column_names, matched

JSON_LINES = ("application/jsonl", "application/jsonlines", "application/x-jsonlines")


def request_rows(body: str, content_type: str, needed: Sequence[str], delimiter: str) -> pa.Table:
    """The rows of a request, with the columns that it names; raises RowsError.

    `needed` are the columns that the model needs, and their order where a CSV has no header.
    """
    kind = content_type.split(";")[0].strip().lower()
    if not body.strip():
        raise RowsError(message("request.empty"))
    if kind == "text/csv":
        return csv_rows(body, needed, delimiter)
    if kind == "application/json":
        return _respelled(json_rows(body), needed)
    if kind in JSON_LINES:
        lines = [_parsed(line) for line in body.splitlines() if line.strip()]
        return _respelled(_table(lines), needed)
    raise RowsError(message("request.kind", kind=content_type))


def as_text(body: str | bytes) -> str:
    """A request's text; raises RowsError when it is not in UTF-8."""
    try:
        return body.decode() if isinstance(body, bytes) else body
    except UnicodeDecodeError as error:
        raise RowsError(message("request.encoding")) from error


def csv_rows(body: str, needed: Sequence[str], delimiter: str) -> pa.Table:
    """With a header when its first line names columns; else the columns in training order."""
    for mark in dict.fromkeys((delimiter, *DELIMITERS)):
        names = matched(column_names(_first_record(body, mark)), needed)
        if set(names) & set(needed):
            return marked(_cells(body, mark, names, first_line=2), mark)
    width = len(_first_record(body, delimiter))
    if width != len(needed):
        model = {"count": len(needed), "columns": tuple(needed)}
        raise RowsError(message("request.no_header", width=width, **model))
    return marked(_cells(body, delimiter, needed, first_line=1), delimiter)


def json_rows(body: str) -> pa.Table:
    """A list of rows, one row, `instances`, or lists by column."""
    content = _parsed(body)
    if isinstance(content, dict):
        content = content.get("instances", content)
    if isinstance(content, dict) and all(isinstance(column, list) for column in content.values()):
        lengths = {len(column) for column in content.values()}
        if len(lengths) > 1:
            raise RowsError(message("request.uneven_columns"))
        return pa.table({name: of_cells(column) for name, column in content.items()})
    return _table(content if isinstance(content, list) else [content])


def _cells(body: str, delimiter: str, names: Sequence[str], first_line: int) -> pa.Table:
    """The rows from a line on: read at once, or one by one where they are not alike."""
    try:
        found = _read_at_once(body, delimiter, names, skipped=first_line - 1)
    except pa.ArrowInvalid:
        found = None
    if found is not None and found.num_rows:
        return found
    rows = list(_records(body, delimiter))
    return _of_rows(rows[first_line - 1 :], names, first_line)


def _read_at_once(body: str, delimiter: str, names: Sequence[str], skipped: int) -> pa.Table | None:
    """All cells as texts; None where a quote that is never closed may have swallowed rows."""
    if len(set(names)) < len(names):
        return None
    table = pa_csv.read_csv(
        io.BytesIO(body.removeprefix("\ufeff").encode()),
        read_options=pa_csv.ReadOptions(column_names=names, skip_rows_after_names=skipped),
        parse_options=pa_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        convert_options=pa_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
        ),
    )
    last = table.column(table.num_columns - 1)[-1].as_py() if table.num_rows else ""
    return None if "\n" in last else table


def _first_record(body: str, delimiter: str) -> list[str]:
    return next(_records(body, delimiter), [])


def _records(body: str, delimiter: str) -> Iterator[list[str]]:
    text = io.StringIO(body.removeprefix("\ufeff"), newline="")
    return (row for row in csv.reader(text, delimiter=delimiter) if row)


def _respelled(rows: pa.Table, needed: Sequence[str]) -> pa.Table:
    return rows.rename_columns(list(matched(rows.column_names, needed)))


def _of_rows(rows: list[list[str]], names: Sequence[str], first_line: int) -> pa.Table:
    if not rows:
        raise RowsError(message("request.no_rows"))
    for line, row in enumerate(rows, start=first_line):
        if len(row) != len(names):
            found = {"row": line, "found": len(row), "expected": len(names)}
            raise RowsError(message("request.row_length", **found))
    columns = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
    return pa.table(columns, names=list(names))


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        place = {"line": error.lineno, "column": error.colno}
        raise RowsError(message("request.json_broken", **place)) from error
    # Lists within lists without end, and numbers of thousands of digits.
    except (RecursionError, ValueError) as error:
        raise RowsError(message("request.not_json")) from error


def _table(rows: list[Any]) -> pa.Table:
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise RowsError(message("request.not_objects"))
    names = list(dict.fromkeys(name for row in rows for name in row))
    return pa.table({name: of_cells([row.get(name) for row in rows]) for name in names})
