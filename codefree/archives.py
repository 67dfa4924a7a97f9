"""Unpack an archive that may come from anybody: files and folders only, and not too much."""

import gzip
import tarfile
import zlib
from pathlib import Path
from typing import IO, Any

from codefree.words import SaidError, message

MEGABYTE = 1024 * 1024
MOST_FILES = 10_000
# A real model unpacks to some times its size; a small one may be mostly zeros.
LARGEST_BYTES, LARGEST_SMALL_BYTES, LARGEST_RATIO = 8192 * MEGABYTE, 256 * MEGABYTE, 50
# A header is read at once, a file in parts: what its header asks for must not fill the memory.
LARGEST_READ = 16 * MEGABYTE


class ArchiveError(SaidError):
    """Raised when an archive is broken or does too much; the message says which."""


class _Bounded:
    """What tarfile reads from, up to a limit."""

    def __init__(self, file: gzip.GzipFile, limit: int) -> None:
        self._file = file
        self._limit = limit

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= LARGEST_READ:
            raise ArchiveError(message("archive.long_header"))
        self._require_below(self._file.tell() + size)
        return self._file.read(size)

    def seek(self, offset: int) -> int:
        self._require_below(offset)
        return self._file.seek(offset)

    def tell(self) -> int:
        return self._file.tell()

    def _require_below(self, offset: int) -> None:
        # Blocks that fill the end of an archive come on top.
        if offset > self._limit + LARGEST_READ:
            raise _too_large(self._limit)


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a .tar.gz; raises ArchiveError, and OSError where it cannot be read or written."""
    size = archive.stat().st_size
    limit = min(LARGEST_BYTES, max(LARGEST_SMALL_BYTES, LARGEST_RATIO * size))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with gzip.open(archive) as file:
            reader: IO[bytes] | Any = _Bounded(file, limit)
            with tarfile.open(fileobj=reader, mode="r:") as tar:
                _extract(tar, folder, limit)
            # Only the very end tells whether all of it came.
            while reader.read(MEGABYTE):
                pass
    except tarfile.FilterError as error:
        raise ArchiveError(message("archive.outside", name=error.tarinfo.name)) from error
    except (
        *(tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error),
        *(ValueError, OverflowError, RecursionError),
    ) as error:
        raise ArchiveError(message("archive.broken")) from error


def _extract(tar: tarfile.TarFile, folder: Path, limit: int) -> None:
    unpacked = 0
    for number, member in enumerate(tar, start=1):
        if not (member.isdir() or member.isreg()) or member.issparse():
            raise ArchiveError(message("archive.odd_member", name=member.name))
        unpacked += member.size
        if number > MOST_FILES:
            raise ArchiveError(message("archive.too_many", count=MOST_FILES))
        if unpacked > limit:
            raise _too_large(limit)
        tar.extract(member, folder, filter="data")


def _too_large(limit: int) -> ArchiveError:
    return ArchiveError(message("archive.too_large", megabytes=limit // MEGABYTE))
