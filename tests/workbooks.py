"""Workbooks as openpyxl writes them."""

import io
import zipfile
from collections.abc import Iterable, Sequence

import openpyxl


def workbook(sheets: dict[str, Iterable[Sequence[object]]], hidden: Sequence[str] = ()) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
        if name in hidden:
            sheet.sheet_state = "hidden"
    return saved(book)


def edited(content: bytes, changes: dict[bytes, bytes]) -> bytes:
    """A workbook in whose parts, and their names, each text stands for another."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(file, "w") as new:
        for name in old.namelist():
            part = old.read(name)
            for before, after in changes.items():
                part = part.replace(before, after)
                name = name.replace(before.decode(), after.decode())
            new.writestr(name, part)
    return file.getvalue()


def saved(book: openpyxl.Workbook) -> bytes:
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()
