"""The job's first check of itself: rows of train, written as any file, are read as they were.

A sample of typed rows is written out in each spelling that the reader offers and typed again by the
code that types test files and requests. A difference would make predictions wrong without a word.
"""

import datetime
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from contract.messages import message
from failure import TrainingError
from model_code.cells import as_texts, of_cells, separated_by_commas, written
from model_code.columns import typed_column
from model_code.requests import as_table
from model_code.tables import Table, chunks, look_at
from reading.column import (
    CATEGORY,
    DATE,
    DURATION,
    FLOAT64_WHOLE,
    NUMBER,
    NUMBERS,
    TEXT,
    Column,
)
from reading.csv_head import Expected
from reading.request_rows import JSON, json_rows

ROWS = 100


def check_reading(
    columns: Sequence[Column],
    values: Mapping[str, pd.Series],
    table: Table,
    expected: Expected,
) -> None:
    """Raise TrainingError for the first column that another spelling of its values changes.

    `values` are the typed rows of `table`; some of the first and some of the others are tried.
    """
    places = np.unique(np.linspace(0, len(table) - 1, min(ROWS, len(table))).astype(int))
    sample = {c.name: values[c.name].iloc[places].reset_index(drop=True) for c in columns}
    cells = table.data.select([column.name for column in columns]).take(pa.array(places))
    # Cells that a column has had before are typed as they were.
    right = {column.name: list[tuple[pa.ChunkedArray, bool]]() for column in columns}
    for spelling, again in _readings(columns, sample, cells, expected):
        points = separated_by_commas(again)
        for column in columns:
            given = again[column.name], points and column.kind == NUMBER
            if given in right[column.name]:
                continue
            different = _different(sample[column.name], typed_column(column, *given), column)
            right[column.name].append(given)
            if different.any():
                place = int(different.argmax())
                example = str(as_texts(cells[column.name])[place].as_py())
                raise TrainingError(
                    message(
                        "job.reading_differs",
                        column=column.name,
                        spelling=spelling,
                        example=repr(example),
                    )
                )


def _readings(
    columns: Sequence[Column],
    sample: Mapping[str, pd.Series],
    cells: pa.Table,
    expected: Expected,
) -> Iterator[tuple[str, pa.Table]]:
    """Each spelling by name, and the cells of the rows as they are read from it."""
    # With what the schema says of the file.
    texts = pa.table({name: written(cells[name]) for name in cells.column_names})
    texts = texts.replace_schema_metadata(cells.schema.metadata)
    python = {c.name: _python_values(c, sample[c.name], cells[c.name]) for c in columns}
    yield "they are", texts
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows.csv"
        # With row numbers under a name of their own, so that no row looks like the end of a file.
        numbers = f"row {max(texts.column_names, key=len)}"
        texts.to_pandas().to_csv(file, index_label=numbers, sep=expected.delimiter)
        yield "CSV", _read(columns, file, expected)
        # As programs write CSV: with commas between cells, and points in numbers.
        pd.DataFrame(python, dtype=object).to_csv(file, index_label=numbers)
        yield "plain CSV", _read(columns, file, expected)
        parquet = Path(folder) / "rows.parquet"
        stored = {column.name: _stored(column, python[column.name]) for column in columns}
        pd.DataFrame(stored).to_parquet(parquet, index=False)
        yield "Parquet", _read(columns, parquet, expected)
    yield "Excel", pa.table([of_cells(values) for values in python.values()], list(python))
    rows = [dict(zip(python, row, strict=True)) for row in zip(*python.values(), strict=True)]
    as_json = json_rows(json.dumps(rows, default=str), JSON)
    yield "JSON", as_table(as_json.by_column(list(python)))


def _python_values(column: Column, values: pd.Series, cells: pa.ChunkedArray) -> list[Any]:
    """The values as a program holds them: numbers, dates, times, texts, and None."""
    texts = as_texts(cells).to_pylist()
    missing = values.isna().to_numpy()
    return [
        None if none else _python_value(column, value, text)
        for none, value, text in zip(missing, values.to_list(), texts, strict=True)
    ]


def _python_value(column: Column, value: Any, text: str) -> Any:
    if column.kind == NUMBER:
        return _number(column, float(value))
    if column.kind == DURATION:
        return datetime.timedelta(microseconds=round(float(value) * 1_000_000))
    return value.to_pydatetime() if column.kind == DATE else text


def _number(column: Column, value: float) -> float | int:
    """With its offset; a whole number as one, so that none of its digits is lost."""
    if column.style.bare == "percent":
        value *= 100
    if value.is_integer():
        return int(value) + column.offset
    return value + column.offset if column.wide else float(np.float32(value))


def _stored(column: Column, cells: list[Any]) -> pd.Series:
    """The cells as Parquet stores them; whole numbers as such where floats would round them."""
    if column.kind == NUMBER:
        exact = abs(column.offset) >= FLOAT64_WHOLE
        return pd.Series(cells, dtype="Int64" if exact else "float64")
    kinds = {DATE: "datetime64[us]", DURATION: "timedelta64[us]"}
    return pd.Series(cells, dtype=kinds.get(column.kind, object))


def _read(columns: Sequence[Column], file: Path, expected: Expected) -> pa.Table:
    head = look_at(file, Expected(tuple(c.name for c in columns), expected.delimiter))
    return pa.concat_tables(chunks(file, head))


def _different(one: pd.Series, other: pd.Series, column: Column) -> np.ndarray:
    """Which rows differ; float32 may round, and so may a text of a number."""
    if len(one) != len(other):
        return np.ones(len(one), dtype=bool)
    kind = {CATEGORY: object, NUMBERS: object, TEXT: object, DATE: None}.get(column.kind, float)
    first, second = np.asarray(one, kind), np.asarray(other, kind)
    missing, missing_again = pd.isna(first), pd.isna(second)
    if kind is float:
        equal = np.isclose(first, second, rtol=1e-6, atol=1e-9)
    else:
        equal = first == second
    both: np.ndarray = ~(missing & missing_again) & ((missing != missing_again) | ~equal)
    return both
