"""One Parquet file of several with the same columns: Athena writes the rows of a query in parallel.

Only the footers are read: the rows stay the bytes that they are, and the new footer says where
each group of them is now. pyarrow is too big for a function.
https://parquet.apache.org/docs/file-format/
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from contract.messages import message
from contract.unordered import UNORDERED
from reading.errors import UnreadableError

MAGIC = b"PAR1"
TAIL_BYTES = 8
# Field numbers of parquet.thrift.
SCHEMA, NUM_ROWS, ROW_GROUPS, CREATED_BY = 2, 3, 4, 6
CHUNKS, GROUP_OFFSET, ORDINAL = 1, 5, 7
CHUNK_OFFSET, META_DATA = 2, 3
# Of indexes, which need no reader and are left out.
INDEXES = (4, 5, 6, 7)
DATA_PAGE, INDEX_PAGE, DICTIONARY_PAGE, BLOOM_FILTER, BLOOM_BYTES = 9, 10, 11, 14, 15
# Types of the compact protocol.
TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = range(1, 13)
DEEPEST = 32


@dataclass(frozen=True)
class Part:
    """One file: how long it is, and its last bytes."""

    size: int
    tail: bytes

    @property
    def footer(self) -> bytes:
        length = int.from_bytes(self.tail[-TAIL_BYTES:-4], "little")
        if not self.tail.endswith(MAGIC) or length > len(self.tail) - TAIL_BYTES:
            raise UnreadableError(message("file.parquet_damaged"))
        return self.tail[-TAIL_BYTES - length : -TAIL_BYTES]

    @property
    def end(self) -> int:
        """Where its rows end; they begin after the magic number."""
        return self.size - TAIL_BYTES - len(self.footer)


def rows_of(part: Part) -> int:
    """How many rows a file has."""
    rows: int = _value(_read_struct(part.footer), NUM_ROWS)
    return rows


def joined_tail(parts: Sequence[Part]) -> bytes:
    """What follows the magic number and the rows of all parts, one after the other.

    Raises UnreadableError where a footer is damaged, or columns differ.
    """
    footers = [_read_struct(part.footer) for part in parts]
    schema = _value(footers[0], SCHEMA)
    groups: list[Any] = []
    at = len(MAGIC)
    for part, footer in zip(parts, footers, strict=True):
        if _value(footer, SCHEMA) != schema:
            raise UnreadableError(message("query.columns_differ"))
        _, own = _value(footer, ROW_GROUPS)
        groups += [_moved_group(group, at - len(MAGIC)) for group in own]
        at += part.end - len(MAGIC)
    rows = sum(_value(footer, NUM_ROWS) for footer in footers)
    written = {NUM_ROWS: rows, ROW_GROUPS: (STRUCT, groups), CREATED_BY: UNORDERED.encode()}
    kept = [(number, kind, written.get(number, value)) for number, kind, value in footers[0]]
    if all(number != CREATED_BY for number, _, _ in kept):
        kept = sorted([*kept, (CREATED_BY, BINARY, UNORDERED.encode())], key=lambda one: one[0])
    written_footer = _written_struct(kept)
    return written_footer + len(written_footer).to_bytes(4, "little") + MAGIC


Struct = list[tuple[int, int, Any]]
"""Number, type and value of each field."""


def _moved_group(group: Struct, by: int) -> Struct:
    """A row group whose bytes are so many further; its number in the file is left out."""
    moved: Struct = []
    for number, kind, value in group:
        if number == CHUNKS:
            element, chunks = value
            value = (element, [_moved_chunk(chunk, by) for chunk in chunks])
        elif number == GROUP_OFFSET:
            value += by
        if number != ORDINAL:
            moved.append((number, kind, value))
    return moved


def _moved_chunk(chunk: Struct, by: int) -> Struct:
    return [
        (number, kind, _moved(value, number, by))
        for number, kind, value in chunk
        if number not in INDEXES
    ]


def _moved(value: Any, number: int, by: int) -> Any:
    if number == CHUNK_OFFSET:
        # Writers that do not know it write 0.
        return value + by if value else 0
    if number != META_DATA:
        return value
    return [
        (name, kind, one + by if name in (DATA_PAGE, INDEX_PAGE, DICTIONARY_PAGE) else one)
        for name, kind, one in value
        if name not in (BLOOM_FILTER, BLOOM_BYTES)
    ]


def _value(struct: Struct, number: int) -> Any:
    for field, _, value in struct:
        if field == number:
            return value
    raise UnreadableError(message("file.parquet_damaged"))


def _read_struct(footer: bytes) -> Struct:
    try:
        found: Struct = _Reader(footer).struct(0)
    except (IndexError, ValueError) as error:
        raise UnreadableError(message("file.parquet_damaged")) from error
    return found


class _Reader:
    """The compact protocol of Thrift, value by value."""

    def __init__(self, content: bytes) -> None:
        self._content, self._at = content, 0

    def byte(self) -> int:
        self._at += 1
        return self._content[self._at - 1]

    def varint(self) -> int:
        number = shift = 0
        while True:
            byte = self.byte()
            number |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return number

    def zigzag(self) -> int:
        number = self.varint()
        return (number >> 1) ^ -(number & 1)

    def take(self, length: int) -> bytes:
        self._at += length
        if self._at > len(self._content):
            raise ValueError("It ends too early.")
        return self._content[self._at - length : self._at]

    def struct(self, depth: int) -> Struct:
        if depth > DEEPEST:
            raise ValueError("It is too deep.")
        fields: Struct = []
        number = 0
        while head := self.byte():
            kind = head & 0x0F
            number = number + (head >> 4) if head >> 4 else self.zigzag()
            fields.append((number, kind, self.value(kind, depth)))
        return fields

    def value(self, kind: int, depth: int) -> Any:
        if kind in (TRUE, FALSE):
            return kind == TRUE
        if kind == BYTE:
            return self.take(1)
        if kind in (I16, I32, I64):
            return self.zigzag()
        if kind == DOUBLE:
            return self.take(8)
        if kind == BINARY:
            return self.take(self.varint())
        if kind in (LIST, SET):
            return self.items(depth)
        if kind == STRUCT:
            return self.struct(depth + 1)
        raise ValueError("Footers have no such type.")

    def items(self, depth: int) -> tuple[int, list[Any]]:
        head = self.byte()
        kind, count = head & 0x0F, head >> 4
        count = self.varint() if count == 15 else count
        # In a list, a byte of its own is true or false.
        one = BYTE if kind in (TRUE, FALSE) else kind
        return kind, [self.value(one, depth) for _ in range(count)]


def _written_struct(fields: Struct) -> bytes:
    written, before = bytearray(), 0
    for number, kind, value in fields:
        kind = (TRUE if value else FALSE) if kind in (TRUE, FALSE) else kind
        step = number - before
        if 0 < step < 16:
            written.append(step << 4 | kind)
        else:
            written.append(kind)
            written += _zigzag(number)
        written += _written(kind, value)
        before = number
    return bytes(written) + b"\0"


def _written(kind: int, value: Any) -> bytes:
    if kind in (TRUE, FALSE):
        return b""
    if kind in (BYTE, DOUBLE):
        return bytes(value)
    if kind in (I16, I32, I64):
        return _zigzag(value)
    if kind == BINARY:
        return _varint(len(value)) + bytes(value)
    if kind == STRUCT:
        return _written_struct(value)
    element, items = value
    head = bytes([len(items) << 4 | element]) if len(items) < 15 else bytes([0xF0 | element])
    head += _varint(len(items)) if len(items) >= 15 else b""
    one = BYTE if element in (TRUE, FALSE) else element
    return head + b"".join(_written(one, item) for item in items)


def _zigzag(number: int) -> bytes:
    return _varint(number << 1 if number >= 0 else (-number << 1) - 1)


def _varint(number: int) -> bytes:
    written = bytearray()
    while number > 0x7F:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    written.append(number)
    return bytes(written)
