"""Workbooks as openpyxl writes them, and what is none."""

import io
import random
import zipfile
from datetime import date, datetime, time, timedelta

import openpyxl
import pytest

from reading.csv_head import Expected
from reading.errors import UnreadableError
from reading.excel_head import (
    CELLS_OF_MERGED,
    MOST_CELLS,
    cell_text,
    read_excel_head,
    sheet_rows,
)
from reading.head import read_head
from tests.messages import raises
from tests.workbooks import edited, saved, workbook

ROWS = [("a", "b", "c"), (1, "x", 2.5), (2, "y", 3.5)]


def test_a_workbook_is_read_as_texts() -> None:
    found = read_head(workbook({"Data": ROWS}), True, "x.xlsx")
    assert found.columns == ("a", "b", "c")
    assert found.rows == (("1", "x", "2.5"), ("2", "y", "3.5"))
    assert (found.whole, found.lines_above, found.titles) == (True, 1, ())


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (None, ""),
        ("", ""),
        (" a ", " a "),
        (3.0, "3"),
        (-0.5, "-0.5"),
        (1e15, "1000000000000000"),
        (True, "TRUE"),
        (False, "FALSE"),
        (date(2024, 1, 31), "2024-01-31"),
        (datetime(2024, 1, 31, 10, 20), "2024-01-31 10:20:00"),
        (time(10, 20), "10:20:00"),
        (timedelta(hours=30, minutes=2, seconds=3), "30:02:03"),
    ],
)
def test_a_cell_becomes_what_a_csv_would_have(cell: object, text: str) -> None:
    assert cell_text(cell) == text  # type: ignore[arg-type]
    if text and not isinstance(cell, timedelta):
        ((_, read),) = sheet_rows(workbook({"S": [("x", cell)]}))[2]
        assert cell_text(read) == text


def test_the_first_visible_sheet_with_cells_is_the_table() -> None:
    content = workbook(
        {"Empty": [], "Lists": [("p", "q")], "Data": ROWS, "Notes": [("z",)]}, hidden=["Lists"]
    )
    sheet, others, rows = sheet_rows(content)
    assert (sheet, others) == ("Data", ["Empty", "Lists", "Notes"])
    assert rows[0] == ["a", "b", "c"]


def test_a_cell_merged_over_rows_stands_in_each_of_them() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    for row in [("Sales",), (), ("city", "Sizes", ""), ("", "s", "m")]:
        sheet.append(row)
    for n in range(6):
        sheet.append(("Rome" if n == 0 else "", n, n * n))
    for cells in ("A1:C1", "A3:A4", "B3:C3", "A5:A8", "A10:A14"):
        sheet.merge_cells(cells)
    content = saved(book)
    head = read_excel_head(content)
    assert head.header == ("city", "s", "m")
    assert head.values("city") == ["Rome"] * 4 + [""] * 2
    _, _, rows = sheet_rows(content)
    assert [row[0] for row in rows[head.lines_above :]] == head.values("city")


def test_so_many_merged_cells_that_memory_lacks_are_refused() -> None:
    content = workbook({"S": [("a", "b"), *((n, n) for n in range(30))]})
    merged = b"<mergeCells>" + b'<mergeCell ref="A2:A3"/>' * (MOST_CELLS // CELLS_OF_MERGED + 1)
    with raises(UnreadableError, "file.workbook_cells"):
        read_excel_head(
            edited(content, {b"</sheetData>": b"</sheetData>" + merged + b"</mergeCells>"})
        )


def test_titles_and_blank_rows_stand_above_the_header() -> None:
    content = workbook({"S": [("Sales",), (), ("Made:", "today"), (), *ROWS, (None,), (3, "z", 1)]})
    found = read_excel_head(content)
    assert (found.header, found.titles) == (("a", "b", "c"), ("Sales", "Made: today"))
    rows = sheet_rows(content)[2]
    texts = [tuple(map(cell_text, row)) for row in rows[found.lines_above :]]
    # A blank row inside the table is a row of the file.
    assert [row for row in texts if any(row)] == list(found.rows)
    assert (len(texts), len(found.rows)) == (4, 3)


def test_a_table_may_begin_in_any_cell() -> None:
    content = workbook({"S": [(), (), *[(None, None, *row) for row in ROWS]]})
    assert read_excel_head(content).columns == ("a", "b", "c")


def test_a_header_that_is_expected_is_found() -> None:
    content = workbook({"S": [("p", "q", "r"), *ROWS]})
    found = read_excel_head(content, Expected(("b", "c")))
    assert found.columns == ("a", "b", "c")


def test_a_test_file_may_have_a_single_column() -> None:
    content = workbook({"S": [("a",), (1,)]})
    assert read_excel_head(content, Expected(("a", "y"))).rows == (("1",),)


def test_the_head_of_a_large_workbook_is_its_beginning() -> None:
    content = workbook({"S": [range(1000), *[range(1000, 2000)] * 600]})
    found = read_excel_head(content, Expected(("0",)))
    assert not found.whole
    assert 100 <= len(found.rows) < 600


def zipped(**files: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/").replace("_xml", ".xml"), content)
    return file.getvalue()


WORKBOOK = workbook({"S": ROWS})
OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file.empty"),
        (b"a,b\n1,2\n", "file.workbook_invalid"),
        (WORKBOOK[:500], "file.workbook_invalid"),
        (zipped(data=b"a,b\n1,2\n"), "file.workbook_invalid"),
        (zipped(xl__workbook_xml=b"<broken"), "file.workbook_invalid"),
        (OLD, "file.workbook_old"),
        (OLD + "EncryptedPackage".encode("utf-16-le"), "file.workbook_password"),
        (workbook({"S": []}), "file.no_cells"),
        (workbook({"S": [(" ",)]}), "file.no_cells"),
        (workbook({"S": ROWS[:1]}), "file.no_rows"),
        (workbook({"S": [("a",), (1,)]}), "file.sheet_one_column"),
        (workbook({"S": [(1, 2.5), (3, 4)]}), "file.no_names"),
    ],
)
def test_what_is_no_table_is_refused_with_what_it_is(content: bytes, code: str) -> None:
    with raises(UnreadableError, code):
        read_excel_head(content)


def test_an_archive_that_unpacks_to_more_than_there_is_room_for_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("reading.excel_head.MOST_UNPACKED_BYTES", 1_000_000)
    with raises(UnreadableError, "file.workbook_cells"):
        read_excel_head(zipped(xl__workbook_xml=bytes(1_000_001)))


def test_a_stray_cell_in_the_last_row_is_refused_before_it_takes_all_memory() -> None:
    book = openpyxl.Workbook()
    book.active["A1"], book.active["XFD1048576"] = "a", "stray"
    with raises(UnreadableError, "file.workbook_cells", cells=MOST_CELLS):
        read_excel_head(saved(book))


def test_cells_are_counted_in_whatever_part_of_the_archive_they_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("reading.excel_head.MOST_CELLS", 100)
    hidden = edited(workbook({"S": [("a", "b"), *[(1, 2)] * 60]}), {b"worksheets/": b"elsewhere/"})
    with raises(UnreadableError, "file.workbook_cells"):
        read_excel_head(hidden)


def test_cells_without_a_text_may_have_a_colour_anywhere() -> None:
    book = openpyxl.Workbook()
    for row in ROWS:
        book.active.append(row)
    book.active["XFD1048576"].fill = openpyxl.styles.PatternFill("solid", "FFFF00")
    assert read_excel_head(saved(book)).columns == ("a", "b", "c")


@pytest.mark.parametrize("seed", range(100))
def test_a_damaged_workbook_is_read_or_refused(seed: int) -> None:
    dice = random.Random(seed)
    damaged = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(WORKBOOK)) as whole, zipfile.ZipFile(damaged, "w") as archive:
        unlucky = dice.choice(whole.namelist())
        for name in whole.namelist():
            content = bytearray(whole.read(name))
            if name == unlucky:
                for _ in range(dice.randrange(1, 9)):
                    content[dice.randrange(len(content))] = dice.randrange(256)
            archive.writestr(name, bytes(content))
    try:
        assert read_excel_head(damaged.getvalue()).rows
    except UnreadableError as error:
        assert error.message.code.startswith("file.")
