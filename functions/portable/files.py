"""The files of a portable model: a description in JSON, and arrays."""

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from contract.messages import Message, message

# Rises whenever an older scorer would misread what is written.
FORMAT = 1
FOLDER, DESCRIPTION, ARRAYS = "light", "model.json", "arrays.npz"
# Unpacked. A larger model is served with AutoGluon only.
MOST_BYTES = 50_000_000
Arrays = Mapping[str, np.ndarray]


class PortableError(ValueError):
    """Raised when files are no portable model that this release reads; the message says why."""

    def __init__(self, message: Message) -> None:
        super().__init__(message)
        self.message = message


def write_files(folder: Path, description: Mapping[str, Any], arrays: Arrays) -> int:
    """Write both files into a new folder; return how many bytes they take unpacked."""
    folder.mkdir(parents=True)
    content = json.dumps({"format": FORMAT, **description}, ensure_ascii=False).encode()
    (folder / DESCRIPTION).write_bytes(content)
    np.savez_compressed(folder / ARRAYS, allow_pickle=False, **arrays)
    return len(content) + sum(array.nbytes for array in arrays.values())


def read_files(source: Path | Mapping[str, bytes]) -> tuple[Mapping[str, Any], Arrays]:
    """Return the description and the arrays of a folder, or of files by their names.

    Raises PortableError when they are of another format, too large, or damaged.
    """
    try:
        if isinstance(source, Path):
            source = {name: (source / name).read_bytes() for name in (DESCRIPTION, ARRAYS)}
        if (size := len(source[DESCRIPTION])) > MOST_BYTES:
            raise PortableError(message("portable.too_large", bytes=size, most=MOST_BYTES))
        description = json.loads(source[DESCRIPTION])
        if (found := description["format"]) != FORMAT:
            raise PortableError(message("portable.other_format", found=str(found), known=FORMAT))
        return description, _arrays(source[ARRAYS])
    except (OSError, KeyError, TypeError, UnicodeDecodeError, zipfile.BadZipFile) as error:
        raise PortableError(message("portable.damaged")) from error
    # Lists within lists without end.
    except (json.JSONDecodeError, RecursionError) as error:
        raise PortableError(message("portable.damaged")) from error


def _arrays(content: bytes) -> Arrays:
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        size = sum(entry.file_size for entry in packed.infolist())
    if size > MOST_BYTES:
        raise PortableError(message("portable.too_large", bytes=size, most=MOST_BYTES))
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}
