"""The rows of a request as a table: CSV with or without a header, JSON, and JSON Lines."""

import io
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from model_code.cells import marked, of_cells
from reading.csv_head import USUAL
from reading.request_rows import (
    CSV,
    CsvHeader,
    Rows,
    csv_header,
    csv_rows,
    json_rows,
    kind_of,
)


def request_rows(body: str, content_type: str, needed: Sequence[str], delimiter: str) -> pa.Table:
    """The rows of a request, with the columns that it names; raises RowsError.

    `needed` are the columns that the model needs, and their order where a CSV has no header.
    """
    kind = kind_of(body, content_type)
    if kind == CSV:
        header = csv_header(body, needed, delimiter)
        return marked(_cells(body, header), header.delimiter)
    return as_table(json_rows(body, kind, needed).by_column(needed))


def as_table(rows: Rows) -> pa.Table:
    """The rows of JSON, each cell as it is stored."""
    return pa.table({name: of_cells(cells) for name, cells in rows.items()})


def _cells(body: str, header: CsvHeader) -> pa.Table:
    """The rows as texts: read at once, or one by one where they are not alike."""
    try:
        found = _read_at_once(body, header)
    except pa.ArrowInvalid:
        found = None
    if found is not None and found.num_rows:
        return found
    columns = csv_rows(body, header)
    return pa.table({name: pa.array(cells, pa.string()) for name, cells in columns.items()})


def _read_at_once(body: str, header: CsvHeader) -> pa.Table | None:
    """All cells as texts; None where a quote may have swallowed rows, or a blank line is a row."""
    names, last_line = header.names, body.rstrip().rpartition("\n")[2]
    if len(names) == 1 or USUAL.quote in last_line:
        return None
    table = pa_csv.read_csv(
        io.BytesIO(body.removeprefix("\ufeff").encode()),
        read_options=pa_csv.ReadOptions(
            column_names=names, skip_rows_after_names=header.first_line - 1
        ),
        parse_options=pa_csv.ParseOptions(delimiter=header.delimiter, newlines_in_values=True),
        convert_options=pa_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
        ),
    )
    broken = any(pc.any(pc.match_substring_regex(one, "[\r\n]")).as_py() for one in table.columns)
    return None if broken else table
