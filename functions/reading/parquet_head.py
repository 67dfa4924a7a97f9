"""What the end of a Parquet file tells: column names and how many rows there are.

Its footer is a Thrift struct, FileMetaData, in the compact protocol. Only as much of that is read
here as these need: pyarrow is too big for a function.
"""

from collections.abc import Callable, Iterator
from typing import TypeVar

from reading.csv_head import HEAD_BYTES, TableHead, require_rows
from reading.errors import UnreadableError

MAGIC, ENCRYPTED = b"PAR1", b"PARE"
TAIL_BYTES = 8
# Field numbers of parquet.thrift.
SCHEMA, NUM_ROWS = 2, 3
NAME, NUM_CHILDREN = 4, 5
# Types of the compact protocol.
TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = range(1, 13)
DEEPEST = 16
T = TypeVar("T")


def read_parquet_head(content: bytes, name: str) -> TableHead:
    """From the last bytes of a file; raises UnreadableError in words."""
    footer = _footer(content, name)
    try:
        columns, rows = _file_meta_data(_Compact(footer))
    except ValueError as error:
        raise UnreadableError(_broken(name)) from error
    if not columns:
        raise UnreadableError(f"The file {name} has no columns; write it again with its columns.")
    require_rows(range(rows), name)
    return TableHead(columns, (), False, rows)


def _footer(content: bytes, name: str) -> bytes:
    if not content:
        raise UnreadableError(f"The file {name} is empty; give it its rows.")
    if content.endswith(ENCRYPTED):
        raise UnreadableError(
            f"The file {name} is encrypted, so that its columns cannot be read; write it without "
            "encryption."
        )
    if len(content) < TAIL_BYTES or not content.endswith(MAGIC):
        raise UnreadableError(
            f"The file {name} is no Parquet file, or only the beginning of one; write and upload "
            "it again, or save it as CSV."
        )
    length = int.from_bytes(content[-TAIL_BYTES:-4], "little")
    if length > len(content) - TAIL_BYTES:
        raise UnreadableError(_too_long(name) if len(content) >= HEAD_BYTES else _broken(name))
    return content[-TAIL_BYTES - length : -TAIL_BYTES]


def _too_long(name: str) -> str:
    return (
        f"The file {name} has too many columns or row groups: what describes them is longer than "
        f"{HEAD_BYTES >> 20} MiB; write it with fewer, or save it as CSV."
    )


def _broken(name: str) -> str:
    return f"The file {name} is a broken Parquet file; write and upload it again."


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
        """Number and type of each field of a struct; whoever asks has to read its value."""
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
        """Pass over a value that nobody needs, wherever it is but in a list."""
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


def _file_meta_data(footer: _Compact) -> tuple[tuple[str, ...], int]:
    """The names of the columns, and the number of rows."""
    columns: tuple[str, ...] | None = None
    for field, kind in footer.fields():
        if (field, kind) == (SCHEMA, LIST):
            columns = _top_level(footer.items(lambda _: _schema_element(footer)))
        elif (field, kind) == (NUM_ROWS, I64):
            rows = footer.integer()
            if columns is None or not 0 <= rows < 1 << 63:
                raise ValueError("It tells no columns, or no possible number of rows.")
            # The rest may be long: where each piece of each column lies.
            return columns, rows
        else:
            footer.skip(kind)
    raise ValueError("It tells no number of rows.")


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
