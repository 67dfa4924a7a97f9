"""Child processes that leave nothing behind when they end, and end with this process."""

import atexit
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from subprocess import Popen
from typing import Any

from codefree import guardian

GROUP_ENDS_SECONDS = 2.0
SCRIPT = [sys.executable, "-I", "-S", str(Path(guardian.__file__))]


class _Guardian:
    """A process that outlives this one, to end what it has started."""

    def __init__(self) -> None:
        self.owner = os.getpid()
        self._process = Popen(
            [*SCRIPT, "watch"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        assert self._process.stdin is not None
        self.pipe = self._process.stdin.fileno()
        atexit.register(self._close)

    @property
    def ended(self) -> bool:
        return self.owner != os.getpid() or self._process.poll() is not None

    def tell(self, sign: str, what: int | str) -> None:
        with suppress(BrokenPipeError):
            os.write(self.pipe, guardian.line(sign, what))

    def _close(self) -> None:
        if os.getpid() == self.owner:
            # A fork of this process may still hold the pipe.
            self.tell(guardian.END, 0)
            self._process.wait()


_lock = threading.Lock()
_own: list[_Guardian] = []


def _guardian() -> _Guardian:
    """The one of this process; a fork needs another."""
    with _lock:
        if not _own or _own[-1].ended:
            _own.append(_Guardian())
        return _own[-1]


def start(command: Sequence[str | Path], **options: Any) -> Popen[Any]:
    """Popen, with a group of its own that ends with this process, even if that is killed.

    Call `end_group` at its end.
    """
    pipe = _guardian().pipe
    return Popen(
        [*SCRIPT, "start", str(pipe), *command], pass_fds=[pipe], start_new_session=True, **options
    )


@contextmanager
def started(command: Sequence[str | Path], **options: Any) -> Iterator[Popen[Any]]:
    """The same for a block, at whose end nothing of it is left."""
    with start(command, **options) as process:
        try:
            yield process
        finally:
            end_group(process)


@contextmanager
def removed_when_killed(place: Path) -> Iterator[None]:
    """A block in which a folder or file is removed if this process is killed."""
    _guardian().tell("+", str(place.absolute()))
    try:
        yield
    finally:
        _guardian().tell("-", str(place.absolute()))


def end_group(process: Popen[Any]) -> None:
    """Kill a process that leads its own group, and with it everything that it started."""
    deadline = time.monotonic() + GROUP_ENDS_SECONDS
    while _kill_group(process.pid) and time.monotonic() < deadline:
        process.wait()
        time.sleep(0.01)
    if _own:
        _own[-1].tell("-", process.pid)


def _kill_group(group: int) -> bool:
    """False when no process is left."""
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        # macOS answers PermissionError for a group that holds only ended processes.
        return False
    return True
