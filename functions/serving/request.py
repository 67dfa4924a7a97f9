"""What a caller wants predicted: rows, checked against the columns of the model."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from api.errors import BadRequestError, TooLargeError
from contract.messages import message
from portable.model import PortableModel
from reading.column import TEXT
from reading.errors import RowsError
from reading.request_rows import CSV, JSON, Rows, csv_header, csv_rows, json_rows, kind_of

# API Gateway takes 10 MB, and Lambda 6 MB of JSON, in which a body may be twice as long.
MOST_BYTES = 2_500_000
MOST_ROWS, MOST_EXPLAINED = 5_000, 100
# A microsecond each; API Gateway waits for 29 seconds. To make the paths to a leaf takes as long as
# to explain some rows by it.
MOST_LEAVES_OF_ROWS, ROWS_OF_PATHS = 12_000_000, 8
COMMA = ","


@dataclass(frozen=True)
class RowsRequest:
    """Rows by column, with the names that the model has."""

    rows: Rows
    size: int
    """How many rows there are."""
    points: bool
    """Whether `.` marks decimals, whatever the train file writes: so in a CSV with commas."""


def read_rows(body: str, content_type: str, model: PortableModel, explained: bool) -> RowsRequest:
    """Raises BadRequestError or TooLargeError with a message for the caller."""
    if len(body.encode(errors="surrogatepass")) > MOST_BYTES:
        raise TooLargeError(message("api.too_many_bytes", bytes=MOST_BYTES))
    most = most_explained(model) if explained else MOST_ROWS
    try:
        request = _rows(body, content_type, model, most)
    except RowsError as error:
        raise BadRequestError(error.column or "body", error.message) from error
    if lacking := [name for name in model.names if name not in request.rows]:
        columns = tuple(lacking)
        raise BadRequestError(
            lacking[0], message("data.rows_lack", count=len(lacking), columns=columns)
        )
    for name in model.names:
        _require_cells(name, request.rows[name])
    return request


def most_explained(model: PortableModel) -> int:
    """How many rows can be explained in time; raises TooLargeError when it is none."""
    most = MOST_LEAVES_OF_ROWS // max(1, model.n_leaves) - ROWS_OF_PATHS
    if most < 1:
        raise TooLargeError(message("api.no_reasons", leaves=model.n_leaves))
    return min(most, MOST_EXPLAINED)


def _rows(body: str, content_type: str, model: PortableModel, most: int) -> RowsRequest:
    kind = kind_of(body, content_type or JSON)
    if kind == CSV:
        header = csv_header(body, model.names, COMMA)
        if not header.is_written:
            columns = tuple(model.names)
            raise RowsError(message("request.no_names", count=len(columns), columns=columns))
        bare = {column.name for column in model.columns if column.kind != TEXT}
        rows = csv_rows(body, header, bare)
        size = len(next(iter(rows.values())))
        _require_few(size, most)
        return RowsRequest(rows, size, points=header.delimiter == COMMA)
    given = json_rows(body, kind, model.names)
    # Before each row has a cell of each column.
    _require_few(given.size, most)
    return RowsRequest(given.by_column(model.names), given.size, points=False)


def _require_few(rows: int, most: int) -> None:
    if rows > most:
        raise TooLargeError(message("api.too_many_rows", rows=rows, most=most))


def _require_cells(name: str, cells: Sequence[Any]) -> None:
    for row, cell in enumerate(cells, start=1):
        if not (cell is None or isinstance(cell, str | int | float)):
            raise BadRequestError(name, message("api.cell", row=row, column=name))
        if isinstance(cell, str) and not _is_whole(cell):
            raise BadRequestError(name, message("api.surrogate", field=name))


def _is_whole(text: str) -> bool:
    """Whether no letter of it is half of one."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
