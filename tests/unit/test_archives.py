"""Archives that a model's user may be sent."""

import gzip
import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from codefree.archives import MOST_FILES, ArchiveError, unpack

MEGABYTE = 1024 * 1024


def pack(archive: Path, fill: Callable[[tarfile.TarFile], None]) -> Path:
    with tarfile.open(archive, "w:gz", compresslevel=1) as tar:
        fill(tar)
    return archive


def file(name: str, content: bytes = b"") -> Callable[[tarfile.TarFile], None]:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    return lambda tar: tar.addfile(member, io.BytesIO(content))


def special(kind: bytes, link: str = "") -> Callable[[tarfile.TarFile], None]:
    member = tarfile.TarInfo("code/odd")
    member.type, member.linkname = kind, link
    return lambda tar: tar.addfile(member)


def zeros(tar: tarfile.TarFile) -> None:
    member = tarfile.TarInfo("zeros")
    member.size = 300 * MEGABYTE

    class Zeros(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            return bytes(size)

    tar.addfile(member, Zeros())  # type: ignore[arg-type]


def many(tar: tarfile.TarFile) -> None:
    for number in range(MOST_FILES + 1):
        file(f"{number}")(tar)


def long_header(tar: tarfile.TarFile) -> None:
    member = tarfile.TarInfo("x")
    member.pax_headers = {"comment": "x" * 20 * MEGABYTE}
    tar.addfile(member)


def test_files_and_folders_come_out(tmp_path: Path) -> None:
    (tmp_path / "model/code").mkdir(parents=True)
    (tmp_path / "model/code/inference.py").write_text("1")
    archive = pack(tmp_path / "a.tar.gz", lambda tar: tar.add(tmp_path / "model", "."))
    unpack(archive, tmp_path / "out")
    assert (tmp_path / "out/code/inference.py").read_text() == "1"


@pytest.mark.parametrize(
    ("fill", "words"),
    [
        (zeros, "more than 256 MB"),
        (many, "more than 10,000 files"),
        (long_header, "too long"),
        (special(tarfile.SYMTYPE, "/etc/passwd"), "neither a file nor a folder"),
        (special(tarfile.LNKTYPE, "code/inference.py"), "neither a file nor a folder"),
        (special(tarfile.CHRTYPE), "neither a file nor a folder"),
        (special(tarfile.FIFOTYPE), "neither a file nor a folder"),
        (file("../outside"), "outside"),
        (file("a/../../outside"), "outside"),
    ],
)
def test_anything_else_is_refused_in_words(
    tmp_path: Path, fill: Callable[[tarfile.TarFile], None], words: str
) -> None:
    archive = pack(tmp_path / "a.tar.gz", fill)
    with pytest.raises(ArchiveError, match=words):
        unpack(archive, tmp_path / "out")
    assert {path.name for path in tmp_path.iterdir()} == {"a.tar.gz", "out"}
    size = sum(path.stat().st_size for path in (tmp_path / "out").rglob("*"))
    assert size < MEGABYTE


def test_an_absolute_path_stays_inside(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    archive = pack(tmp_path / "a.tar.gz", file(str(outside), b"x"))
    unpack(archive, tmp_path / "out")
    assert not outside.exists()


@pytest.mark.parametrize("cut", [0, 5, 100, -20])
def test_a_broken_one_is_refused(tmp_path: Path, cut: int) -> None:
    archive = pack(tmp_path / "a.tar.gz", file("x", bytes(range(256)) * 1000))
    archive.write_bytes(archive.read_bytes()[:cut])
    with pytest.raises(ArchiveError):
        unpack(archive, tmp_path / "out")


@pytest.mark.parametrize("content", [b"", b"no tar", bytes(1024), b"\xff" * 5000])
def test_what_is_no_tar_is_refused_or_empty(tmp_path: Path, content: bytes) -> None:
    archive = tmp_path / "a.tar.gz"
    archive.write_bytes(gzip.compress(content))
    try:
        unpack(archive, tmp_path / "out")
    except ArchiveError:
        pass
    assert list((tmp_path / "out").iterdir()) == []
