"""Child processes that leave nothing behind when they end."""

import os
import signal
import time
from subprocess import Popen
from typing import Any

GROUP_ENDS_SECONDS = 2.0


def end_group(process: Popen[Any]) -> None:
    """Kill a process that leads its own group, and with it everything that it started."""
    deadline = time.monotonic() + GROUP_ENDS_SECONDS
    while _kill_group(process.pid) and time.monotonic() < deadline:
        process.wait()
        time.sleep(0.01)


def _kill_group(group: int) -> bool:
    """False when nobody is left."""
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        # macOS answers PermissionError for a group that holds only ended processes.
        return False
    return True
