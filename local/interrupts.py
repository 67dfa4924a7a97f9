"""Ctrl-C, SIGTERM and a closed terminal end a command so that nothing of it is left behind."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def stoppable(say: Callable[[str], None]) -> Iterator[None]:
    """A block that a signal leaves as an error would; the exit code is 128 + the signal."""

    def stop(number: int, frame: FrameType | None) -> NoReturn:
        # A second signal must not cut the cleaning up short.
        for other in SIGNALS:
            signal.signal(other, signal.SIG_IGN)
        say("Stopping everything that was started …")
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, stop) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
