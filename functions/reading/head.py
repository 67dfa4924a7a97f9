"""The head of a table file of any kind that is understood, by the ending of its name."""

from collections.abc import Callable
from dataclasses import fields
from typing import Any

from contract.messages import message
from reading.bounded import bounded
from reading.csv_head import (
    GZIP,
    HEAD_BYTES,
    NOT_CSV,
    Expected,
    Quoting,
    TableHead,
    read_csv_head,
)
from reading.errors import UnreadableError, in_file
from reading.excel_head import read_excel_head
from reading.gzip_head import unpacked
from reading.parquet_head import read_parquet_head

ENDINGS = (".csv", ".csv.gz", ".parquet", ".xlsx")
# What begins so can be read, but not under the name of a CSV.
OTHER_ENDINGS = {GZIP: ".csv.gz", b"PAR1": ".parquet", b"PK\x03\x04": ".xlsx"}


def ending_of(name: str) -> str:
    """One of ENDINGS; raises UnreadableError for a file of another kind."""
    for ending in ENDINGS:
        if name.lower().endswith(ending):
            return ending
    raise UnreadableError(message("file.unknown_kind", endings=ENDINGS))


def read_head(
    content: bytes,
    whole: bool,
    name: str,
    expected: Expected | None = None,
    encoding: str | None = None,
) -> TableHead:
    """Read the head of the file `name`; raises UnreadableError with the name in front.

    `content` is the beginning of a CSV, plain or packed; the end of a Parquet file; all of a
    workbook. `whole` tells whether it is all of the file. `encoding` is for bytes that are not in
    UTF-8.
    """
    with in_file(name):
        return _read(content, whole, ending_of(name), expected, encoding)


def bounded_head(name: str, read: Callable[[], TableHead]) -> TableHead:
    """What `read` makes of the file `name`, in a child with limits; raises UnreadableError."""
    found = bounded(name, lambda: _plain(read()))
    return TableHead(
        **{field: _frozen(value) for field, value in found.items()}
        | {"quoting": Quoting(**found["quoting"])}
    )


def _plain(head: TableHead) -> dict[str, object]:
    """As JSON has it."""
    plain = {field.name: getattr(head, field.name) for field in fields(head)}
    return {**plain, "quoting": vars(head.quoting)}


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def _read(
    content: bytes, whole: bool, ending: str, expected: Expected | None, encoding: str | None
) -> TableHead:
    if ending == ".parquet":
        return read_parquet_head(content, expected)
    if ending == ".xlsx":
        return read_excel_head(content, expected)
    if ending == ".csv.gz":
        content, whole = _unpacked(content, whole)
    else:
        _require_fitting_name(content)
    return read_csv_head(content, whole, expected, encoding)


def _unpacked(content: bytes, whole: bool) -> tuple[bytes, bool]:
    if not content:
        return content, whole
    head = unpacked(content)
    if whole and not head.ended and len(head.content) < HEAD_BYTES:
        raise UnreadableError(message("file.gzip_cut"))
    return head.content, whole and head.ended


def _require_fitting_name(content: bytes) -> None:
    for magic, ending in OTHER_ENDINGS.items():
        if content.startswith(magic):
            raise UnreadableError(message("file.wrong_ending", kind=NOT_CSV[magic], ending=ending))
