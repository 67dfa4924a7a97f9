"""A portable model as one file, as the results of its job have it."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

from contract.messages import message
from portable.files import ARRAYS, DESCRIPTION, MOST_BYTES, PortableError

NAMES = (DESCRIPTION, ARRAYS)


def pack_model(folder: Path, into: Path) -> None:
    """Write the files of a folder into one archive."""
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in NAMES:
            archive.write(folder / name, name)


def unpack_model(content: bytes) -> Mapping[str, bytes]:
    """Return the files of an archive by their names.

    Raises PortableError when it is none, or unpacks to more than a model may take.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            size = sum(archive.getinfo(name).file_size for name in NAMES)
            if size > MOST_BYTES:
                raise PortableError(message("portable.too_large", bytes=size, most=MOST_BYTES))
            return {name: archive.read(name) for name in NAMES}
    except (KeyError, zipfile.BadZipFile) as error:
        raise PortableError(message("portable.damaged")) from error
