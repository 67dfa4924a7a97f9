"""Temporary folders of this command; what a crash leaves, the next one removes."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from codefree.processes import removed_when_killed

PREFIX = "codefree-"
# Locked for as long as the process lives, however it ends.
LOCK = ".lock"


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder that only this user can read; first, folders of ended processes are removed."""
    sweep()
    with tempfile.TemporaryDirectory(prefix=PREFIX) as made:
        folder = Path(made)
        with _locked(folder), removed_when_killed(folder):
            yield folder


def sweep() -> None:
    """Remove this user's folders whose process has ended."""
    for folder in own_folders():
        try:
            lock = os.open(folder / LOCK, os.O_RDWR | os.O_NOFOLLOW)
        except OSError:
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            pass
        finally:
            os.close(lock)


def own_folders() -> list[Path]:
    """All of this user's, also of other processes that run."""
    found = []
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        try:
            status = folder.lstat()
        except OSError:
            continue
        if status.st_uid == os.geteuid() and folder.is_dir() and not folder.is_symlink():
            found.append(folder)
    return found


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    # Locked before it has its name, so that an unlocked one always means an ended process.
    unnamed = folder / f"{LOCK}.new"
    lock = os.open(unnamed, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        unnamed.rename(folder / LOCK)
        yield
    finally:
        os.close(lock)
