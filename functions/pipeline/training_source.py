"""The training code as the tarball that a job's `code` channel carries."""

import gzip
import hashlib
import io
import tarfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import contract
import portable
import reading
from contract.layout import source_key

# Jobs and models read job.json and files as the functions do, which have looked at them before.
SHARED = tuple(Path(package.__file__ or "").parent for package in (contract, reading, portable))


@dataclass(frozen=True)
class TrainingSource:
    """The job's code and what it shares with the functions, addressed by its content."""

    folder: Path

    @cached_property
    def files(self) -> dict[str, bytes]:
        """Relative path → content, without what Python caches beside its sources."""
        packed = _below(self.folder, self.folder)
        for package in SHARED:
            packed |= _below(package, package.parent)
        return dict(sorted(packed.items()))

    @property
    def key(self) -> str:
        digest = hashlib.sha256()
        for name, content in self.files.items():
            digest.update(f"{name}\0{len(content)}\0".encode())
            digest.update(content)
        return source_key(digest.hexdigest())

    def tarball(self) -> bytes:
        """The same bytes from the same files, whenever and wherever it is packed."""
        packed = io.BytesIO()
        with (
            gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as compressed,
            tarfile.open(fileobj=compressed, mode="w") as archive,
        ):
            for name, content in self.files.items():
                member = tarfile.TarInfo(name)
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
        return packed.getvalue()


def _below(folder: Path, root: Path) -> dict[str, bytes]:
    paths = {path.relative_to(root): path for path in folder.rglob("*") if path.is_file()}
    return {
        name.as_posix(): path.read_bytes() for name, path in paths.items() if not _is_cache(name)
    }


def _is_cache(path: Path) -> bool:
    return any(part == "__pycache__" or part.startswith(".") for part in path.parts)
