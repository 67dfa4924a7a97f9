"""Archives of models, made of texts."""

import io
import tarfile
from pathlib import Path


def packed(tarball: Path, **files: str) -> Path:
    """An archive of texts, by name."""
    with tarfile.open(tarball, "w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return tarball
