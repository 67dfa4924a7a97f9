"""What the end of a Parquet file tells: column names, how many rows, and how large they are.

Its footer is a Thrift struct, FileMetaData, in the compact protocol. Only as much of that is read
here as these need: pyarrow is too big for a function.
"""

from collections.abc import Callable, Iterator
from typing import TypeVar

from contract.messages import Message, message
from reading.csv_head import HEAD_BYTES, Expected, TableHead, require_rows
from reading.errors import UnreadableError

MAGIC, ENCRYPTED = b"PAR1", b"PARE"
TAIL_BYTES = 8
# Field numbers of parquet.thrift.
SCHEMA, NUM_ROWS, ROW_GROUPS = 2, 3, 4
NAME, NUM_CHILDREN = 4, 5
CHUNKS, ROWS_OF_GROUP = 1, 3
CHUNK_META_DATA = 3
NUM_VALUES, UNCOMPRESSED_BYTES, SIZE_STATISTICS = 5, 6, 16
UNENCODED_BYTES = 1
# Types of the compact protocol.
TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = range(1, 13)
DEEPEST = 16
# Of a number as text, with its delimiter.
BYTES_PER_CELL = 6
T = TypeVar("T")


def read_parquet_head(content: bytes, expected: Expected | None = None) -> TableHead:
    """From the last bytes of a file; raises UnreadableError."""
    footer = _footer(content)
    try:
        columns, rows, cell_bytes = _file_meta_data(_Compact(footer))
    except ValueError as error:
        raise UnreadableError(_damaged()) from error
    if not columns:
        raise UnreadableError(message("file.no_columns"))
    require_rows(range(rows))
    names = expected.columns if expected else ()
    return TableHead(columns, (), False, rows, cell_bytes=cell_bytes, expected=names)


def _footer(content: bytes) -> bytes:
    if not content:
        raise UnreadableError(message("file.empty"))
    if content.endswith(ENCRYPTED):
        raise UnreadableError(message("file.parquet_encrypted"))
    if len(content) < TAIL_BYTES or not content.endswith(MAGIC):
        raise UnreadableError(message("file.parquet_invalid"))
    length = int.from_bytes(content[-TAIL_BYTES:-4], "little")
    if length > len(content) - TAIL_BYTES:
        raise UnreadableError(_too_long() if len(content) >= HEAD_BYTES else _damaged())
    return content[-TAIL_BYTES - length : -TAIL_BYTES]


def _too_long() -> Message:
    return message("file.parquet_footer", mebibytes=HEAD_BYTES >> 20)


def _damaged() -> Message:
    return message("file.parquet_damaged")


class _Compact:
    """Reads values one after the other; raises ValueError where there are none."""

    def __init__(self, content: bytes) -> None:
        self._content, self._at = content, 0

    def take(self, length: int) -> bytes:
        end = self._at + length
        if end > len(self._content):
            raise ValueError("It ends too early.")
        taken, self._at = self._content[self._at : end], end
        return taken

    def varint(self) -> int:
        number = 0
        for shift in range(0, 70, 7):
            (byte,) = self.take(1)
            number |= (byte & 0x7F) << shift
            if byte < 0x80:
                return number
        raise ValueError("A number is too long.")

    def integer(self) -> int:
        """Zigzag: the sign is the last bit."""
        number = self.varint()
        return (number >> 1) ^ -(number & 1)

    def text(self) -> str:
        return self.take(self.varint()).decode()

    def fields(self) -> Iterator[tuple[int, int]]:
        """Yield each struct field's number and type; the caller must read or skip its value."""
        number = 0
        while header := self.take(1)[0]:
            number = number + (header >> 4) if header >> 4 else self.integer()
            yield number, header & 0x0F

    def items(self, read: Callable[[int], T]) -> list[T]:
        """The items of a list, each read by a function that is given their type."""
        (header,) = self.take(1)
        size = header >> 4 if header >> 4 < 15 else self.varint()
        return [read(header & 0x0F) for _ in range(size)]

    def skip(self, kind: int, depth: int = 0) -> None:
        """Skip a value outside a list."""
        if depth > DEEPEST:
            raise ValueError("It is nested too deeply.")
        if kind in (I16, I32, I64):
            self.varint()
        elif kind in (BYTE, DOUBLE, BINARY):
            self.take({BYTE: 1, DOUBLE: 8}.get(kind) or self.varint())
        elif kind in (LIST, SET):
            self.items(lambda item: self._skip_item(item, depth + 1))
        elif kind == MAP:
            self._skip_map(depth + 1)
        elif kind == STRUCT:
            for _, field in self.fields():
                self.skip(field, depth + 1)
        elif kind not in (TRUE, FALSE):
            raise ValueError("A type is unknown.")

    def _skip_item(self, kind: int, depth: int) -> None:
        # In a struct a truth value is its type; in a list it takes a byte.
        self.skip(BYTE if kind in (TRUE, FALSE) else kind, depth)

    def _skip_map(self, depth: int) -> None:
        if size := self.varint():
            (kinds,) = self.take(1)
            for _ in range(size):
                self._skip_item(kinds >> 4, depth)
                self._skip_item(kinds & 0x0F, depth)


def _file_meta_data(footer: _Compact) -> tuple[tuple[str, ...], int, int]:
    """The names of the columns, the number of rows, and the bytes of their cells."""
    columns: tuple[str, ...] | None = None
    rows, groups = -1, list[tuple[int, int]]()
    for field, kind in footer.fields():
        if (field, kind) == (SCHEMA, LIST):
            columns = _top_level(footer.items(lambda _: _schema_element(footer)))
        elif (field, kind) == (NUM_ROWS, I64):
            rows = footer.integer()
        elif (field, kind) == (ROW_GROUPS, LIST):
            groups = footer.items(lambda _: _row_group(footer))
        else:
            footer.skip(kind)
    if columns is None or not 0 <= rows < 1 << 63 or rows != sum(count for count, _ in groups):
        raise ValueError("It tells no columns, or no possible number of rows.")
    return columns, rows, sum(cells for _, cells in groups)


def _row_group(footer: _Compact) -> tuple[int, int]:
    """How many rows it has, and the bytes of their cells."""
    rows, cells = 0, list[int]()
    for field, kind in footer.fields():
        if (field, kind) == (CHUNKS, LIST):
            cells = footer.items(lambda _: _column_chunk(footer))
        elif (field, kind) == (ROWS_OF_GROUP, I64):
            rows = footer.integer()
        else:
            footer.skip(kind)
    return rows, sum(cells)


def _only(footer: _Compact, wanted: tuple[int, int], read: Callable[[_Compact], int]) -> int:
    """One field of a struct, by its number and type; 0 where it is missing."""
    found = 0
    for field, kind in footer.fields():
        if (field, kind) == wanted:
            found = read(footer)
        else:
            footer.skip(kind)
    return found


def _column_chunk(footer: _Compact) -> int:
    """The bytes of its cells."""
    return _only(footer, (CHUNK_META_DATA, STRUCT), _column_meta_data)


def _column_meta_data(footer: _Compact) -> int:
    """The most that it tells: repeated texts are stored once, and numbers in less than a byte."""
    most = 0
    for field, kind in footer.fields():
        if (field, kind) == (NUM_VALUES, I64):
            most = max(most, footer.integer() * BYTES_PER_CELL)
        elif (field, kind) == (UNCOMPRESSED_BYTES, I64):
            most = max(most, footer.integer())
        elif (field, kind) == (SIZE_STATISTICS, STRUCT):
            # The length of all texts, however often the file stores each.
            most = max(most, _only(footer, (UNENCODED_BYTES, I64), _Compact.integer))
        else:
            footer.skip(kind)
    return most


def _schema_element(footer: _Compact) -> tuple[str, int]:
    """Name and number of children."""
    name, children = "", 0
    for field, kind in footer.fields():
        if (field, kind) == (NAME, BINARY):
            name = footer.text()
        elif (field, kind) == (NUM_CHILDREN, I32):
            children = footer.integer()
        else:
            footer.skip(kind)
    if children < 0:
        raise ValueError("An element has fewer than no children.")
    return name, children


def _top_level(elements: list[tuple[str, int]]) -> tuple[str, ...]:
    """The children of the root; a tree is written as its elements from the root down."""
    if not elements:
        raise ValueError("There is no root.")
    names = []
    left = 0
    for name, children in elements[1:]:
        if not left:
            names.append(name)
            left = 1
        left += children - 1
    if left or len(names) != elements[0][1]:
        raise ValueError("The tree is not complete.")
    return tuple(names)
