"""What a command needs of this machine, looked at before its work begins.

Nothing is imported that takes time: a refusal comes at once.
"""

import errno
import os
import resource
import shutil
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path

from codefree.functions_code import load
from codefree.words import Message, SaidError, message, reason

MEGABYTE = 1024 * 1024
# A training reserves more addresses than it fills: libraries and a stack for each thread.
ADDRESSES_MB, MEMORY_MB = 5000, 900
# A run opens some 30, each client of `codefree up` one more.
FILES = 256
# Logs, the packed model, and the report; copies of the user's files come on top.
DISK_MB = 100
COPIES = 3
FULL = (errno.ENOSPC, errno.EDQUOT)
FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)
memory_left_mb: Callable[[], int | None] = load("memory").memory_left_mb


class NoRoomError(SaidError):
    """Raised when something lacks; `message` says what, and what to do."""


class PortTakenError(SaidError):
    """Raised when another process listens on the port."""


def require_free_port(address: str, port: int, option: str) -> None:
    """Raise PortTakenError unless a server could listen there; 0 means any free port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            said = message("cli.port_taken", port=str(port), error=reason(error), option=option)
            raise PortTakenError(said) from error


def require_disk(out: Path, files: tuple[Path, ...] = ()) -> None:
    """Raise NoRoomError unless results and copies of the files fit; makes the folder `out`."""
    copies = COPIES * sum(file.stat().st_size for file in files) // MEGABYTE
    _require_writable(out)
    try:
        temporary = Path(tempfile.gettempdir())
    except OSError as error:
        raise NoRoomError(message("cli.no_temporary_folder")) from error
    for folder in (temporary, out):
        free = shutil.disk_usage(folder).free // MEGABYTE
        if free < DISK_MB + copies:
            raise NoRoomError(
                message("cli.little_disk", folder=str(folder), free=free, needed=DISK_MB + copies)
            )


def _require_writable(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=out).close()
    except OSError as error:
        said = message("cli.unwritable", folder=str(out), error=reason(error))
        raise NoRoomError(said) from error


def require_disk_left(*folders: Path) -> None:
    """Raise OSError when nothing more can be written, of which functions and jobs only die."""
    if folder := full_folder(*folders):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))


def full_folder(*folders: Path) -> Path | None:
    """The first folder that nothing more can be written to."""
    return next((one for one in folders if shutil.disk_usage(one).free < MEGABYTE), None)


def require_memory() -> None:
    """Raise NoRoomError where a training would be killed, or could not start its threads."""
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit != resource.RLIM_INFINITY and limit < ADDRESSES_MB * MEGABYTE:
        raise NoRoomError(
            message("cli.little_addresses", free=limit // MEGABYTE, needed=ADDRESSES_MB)
        )
    free = memory_left_mb()
    if free is not None and free < MEMORY_MB:
        raise NoRoomError(message("cli.little_memory", free=free, needed=MEMORY_MB))


def require_files() -> None:
    """Let this process open as many files as the work takes; raises NoRoomError if it may not."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < FILES:
        raise NoRoomError(message("cli.few_files", free=hard, needed=FILES))
    if soft != resource.RLIM_INFINITY and soft < FILES:
        resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, hard))


def in_a_sentence(error: BaseException) -> Message | None:
    """What happened when the machine gave out in the middle of the work; None for other errors."""
    if isinstance(error, MemoryError) or "can't start new thread" in str(error):
        return message("cli.out_of_memory")
    # Of several files that could not be copied, shutil tells only texts.
    texts = [os.strerror(code) for code in FULL] if isinstance(error, shutil.Error) else []
    if getattr(error, "errno", None) in FULL or any(text in str(error) for text in texts):
        file = getattr(error, "filename", None) or message("cli.output")
        return message("cli.disk_full", file=file)
    if isinstance(error, OSError) and error.filename and error.errno in FORBIDDEN:
        return message("cli.forbidden", file=str(error.filename), error=reason(error))
    return None
