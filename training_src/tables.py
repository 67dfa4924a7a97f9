"""CSV files as tables: the text as it was, and the values that models learn from."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from failure import TrainingError
from job_spec import CsvFile

# What people and programs write for «no value».
MISSING = frozenset(
    ("", "na", "n/a", "nan", "null", "none", "#n/a", "<na>", "#div/0!", "#value!", "#ref!")
)


@dataclass(frozen=True)
class Table:
    """All cells of a CSV file as texts.

    `text` has one unique column name per column; `header` has the names as they were written.
    """

    header: tuple[str, ...]
    text: pd.DataFrame

    def __len__(self) -> int:
        return len(self.text)


def read_table(file: CsvFile) -> Table:
    """Read a whole CSV file; raises TrainingError with the line where it is broken."""
    name = file.path.name
    try:
        text = pd.read_csv(
            file.path,
            sep=file.delimiter,
            encoding=file.encoding,
            dtype=str,
            keep_default_na=False,
            # Otherwise a delimiter at the end of each line turns the first column into an index.
            index_col=False,
        )
    except UnicodeError as error:
        raise TrainingError(_undecodable(file)) from error
    except (pd.errors.ParserError, csv.Error) as error:
        raise TrainingError(f"The file {name} cannot be read: {_in_words(str(error))}") from error
    except pd.errors.EmptyDataError as error:
        raise TrainingError(f"The file {name} is empty.") from error
    # Rows that are too short have no text in their last columns.
    return Table(_header(file, len(text.columns)), text.fillna(""))


def _header(file: CsvFile, width: int) -> tuple[str, ...]:
    with file.path.open(encoding=file.encoding, newline="") as lines:
        for record in csv.reader(lines, delimiter=file.delimiter):
            if any(cell.strip() for cell in record):
                return tuple(record[:width])
    return ()


def _undecodable(file: CsvFile) -> str:
    content = file.path.read_bytes()
    try:
        content.decode(file.encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return (
            f"The file {file.path.name} cannot be read: line {line} is not {file.encoding} text as "
            "its beginning is; save the whole file as CSV UTF-8."
        )
    return f"The file {file.path.name} is not {file.encoding} text; save it as CSV UTF-8."


def _in_words(error: str) -> str:
    if found := re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", error):
        expected, line, saw = found.groups()
        return f"line {line} has {saw} fields where {expected} are expected."
    if found := re.search(r"EOF inside string starting at row (\d+)", error):
        return f'a quote (") that is opened near line {int(found[1]) + 2} is never closed.'
    return f"{error.splitlines()[0]}."


def missing(text: "pd.Series[str]") -> "pd.Series[bool]":
    """Which cells hold no value."""
    return text.str.strip().str.lower().isin(MISSING)


def as_numbers(text: "pd.Series[str]") -> "pd.Series[float]":
    """The cells as numbers; NaN where there is no value or no number."""
    return pd.to_numeric(text.where(~missing(text)).str.strip(), errors="coerce").astype(float)


def number_columns(text: pd.DataFrame) -> frozenset[str]:
    """The columns in which every value is a number."""
    return frozenset(
        str(name)
        for name, column in text.items()
        if bool((as_numbers(column).notna() == ~missing(column)).all())
        and not bool(missing(column).all())
    )


def features(text: pd.DataFrame, names: Sequence[str], numbers: frozenset[str]) -> pd.DataFrame:
    """The columns that models learn from: floats where train had numbers, else texts."""
    columns: Mapping[str, pd.Series] = {
        name: as_numbers(text[name])
        if name in numbers
        else text[name].where(~missing(text[name]), np.nan)
        for name in names
    }
    return pd.DataFrame(columns, index=text.index)


def not_numbers(text: pd.DataFrame, numbers: frozenset[str]) -> list[str]:
    """A sentence per number column of train that holds something else here."""
    found = []
    for name in sorted(numbers & set(text.columns)):
        wrong = text[name][as_numbers(text[name]).isna() & ~missing(text[name])]
        if len(wrong):
            found.append(
                f"{len(wrong)} of the test file's values of {name!r} are not numbers, such as "
                f"{wrong.iloc[0]!r} in row {wrong.index[0] + 1}; they count as missing."
            )
    return found


def to_csv(table: Table, extra: pd.DataFrame) -> str:
    """The table's own text and header, with more columns behind."""
    head = io.StringIO()
    csv.writer(head, lineterminator="\n").writerow([*table.header, *extra.columns])
    body = pd.concat([table.text, extra], axis=1).to_csv(
        index=False, header=False, lineterminator="\n"
    )
    return head.getvalue() + body
