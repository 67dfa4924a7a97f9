"""Objects and files: what moves between a bucket and a folder."""

import tarfile
from pathlib import Path
from typing import Any

from codefree.layout import layout


class KeyOutsideFolderError(Exception):
    """Raised when an object's key would be written outside the folder it is downloaded to."""


def split_uri(uri: str) -> tuple[str, str]:
    """Bucket and key of s3://bucket/key."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def keys_below(s3: Any, bucket: str, prefix: str) -> list[str]:
    """All keys that begin with a prefix, without folder markers."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    found = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
    return [key for key in found if not key.endswith("/")]


def download_prefix(s3: Any, bucket: str, prefix: str, folder: Path) -> list[Path]:
    """Copy every object below a prefix to the same place below a folder."""
    files = []
    for key in keys_below(s3, bucket, prefix):
        file = file_below(folder, key.removeprefix(prefix))
        file.parent.mkdir(parents=True, exist_ok=True)
        s3.download_file(bucket, key, str(file))
        files.append(file)
    return files


def file_below(folder: Path, name: str) -> Path:
    """Where the file of that name goes; a name may come from anybody who may write objects."""
    file = folder / name.lstrip("/")
    if not file.resolve().is_relative_to(folder.resolve()):
        raise KeyOutsideFolderError(f"An object is named {name!r}, which lies outside {folder}.")
    return file


class FolderCopy:
    """The live copy of a folder in a bucket; an object disappears only with its bucket.

    As SageMaker's own, it marks each file that it copies by another beside it, copies those marks
    as well, and leaves alone what has the name of an unfinished file.
    """

    def __init__(self, s3: Any, folder: Path, uri: str) -> None:
        self._s3 = s3
        self._folder = folder
        self._bucket, self._prefix = split_uri(uri)
        self._copied: dict[Path, tuple[int, int]] = {}

    def restore(self) -> None:
        """Bring what an earlier attempt left in the bucket."""
        for file in download_prefix(self._s3, self._bucket, self._prefix, self._folder):
            self._copied[file] = _version(file)

    def update(self) -> None:
        """Upload the files that are new or changed since the last time."""
        found = sorted(path for path in self._folder.rglob("*") if path.is_file())
        for file in found:
            if layout.is_mark(file.name):
                continue
            try:
                version, content = _version(file), file.read_bytes()
            except FileNotFoundError:
                continue  # renamed since it was listed
            if self._copied.get(file) != version:
                uploading = file.with_name(f"{file.name}{layout.UPLOADING}")
                uploading.touch()
                self._put(file, content)
                uploaded = uploading.replace(file.with_name(f"{file.name}{layout.UPLOADED}"))
                self._put(uploaded, b"")
                self._copied[file] = version

    def _put(self, file: Path, content: bytes) -> None:
        key = self._prefix + file.relative_to(self._folder).as_posix()
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=content)


def upload_tarball(s3: Any, folder: Path, uri: str) -> None:
    """Pack what a folder holds into one object."""
    bucket, key = split_uri(uri)
    tarball = folder.with_name(key.rpartition("/")[2])
    with tarfile.open(tarball, "w:gz") as archive:
        for path in sorted(folder.iterdir()):
            archive.add(path, arcname=path.name)
    s3.upload_file(str(tarball), bucket, key)


def _version(file: Path) -> tuple[int, int]:
    status = file.stat()
    return status.st_mtime_ns, status.st_size
