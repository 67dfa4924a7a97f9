"""The beginning of what a gzip archive holds."""

import zlib
from dataclasses import dataclass

from contract.messages import message
from reading.errors import UnreadableError

MOST_BYTES = 1 << 20
MOST_PARTS = 1000


@dataclass(frozen=True)
class Unpacked:
    """The first bytes of an archive's content."""

    content: bytes
    packed_bytes: int
    """How much of the archive they were."""
    ended: bool
    """Whether the archive ends there, and not in the middle of something."""

    @property
    def ratio(self) -> float:
        """How many bytes one byte of the archive becomes."""
        return len(self.content) / max(1, self.packed_bytes)


def unpacked(packed: bytes) -> Unpacked:
    """At most a megabyte, whether packed in one part or in several; raises UnreadableError."""
    content, rest, ended = b"", packed, True
    for _ in range(MOST_PARTS):
        if len(content) >= MOST_BYTES or (content and not rest.strip(b"\x00")):
            break
        unpacking = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        try:
            content += unpacking.decompress(rest, MOST_BYTES - len(content))
        except zlib.error as error:
            raise UnreadableError(message("file.gzip_invalid")) from error
        ended = unpacking.eof
        rest = unpacking.unused_data if ended else unpacking.unconsumed_tail
        if not rest:
            break
    return Unpacked(content, len(packed) - len(rest), ended and not rest.strip(b"\x00"))
