"""Ctrl-C, SIGTERM and a closed terminal end a command so that nothing of it is left behind."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from codefree.words import Words

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def stoppable(say: Words) -> Iterator[None]:
    """A block that a signal leaves as an error would; the exit code is 128 + the signal."""
    before = {number: signal.signal(number, _stop) for number in SIGNALS}
    try:
        yield
    except SystemExit:
        print(say("cli.stopped"), file=sys.stderr)
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    # A second signal must not cut the cleaning up short.
    for other in SIGNALS:
        signal.signal(other, signal.SIG_IGN)
    raise SystemExit(128 + number)
