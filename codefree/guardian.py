"""Ends what a process has started, and removes its folders and files, also when it is killed.

`guardian.py watch` reads lines from the process: [sign, what], where what is the number of a
process group, a folder or a file, and the sign + or -. It acts when the other end of the pipe is
closed, or at the sign END.

`guardian.py start FD COMMAND…` tells the watcher of its own group by the pipe FD, then becomes the
command: so no command ever runs of which the watcher does not know. Nothing is imported that takes
time.
"""

import json
import os
import shutil
import signal
import sys
import time
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from pathlib import Path

GROUP_ENDS_SECONDS = 5.0
END = "end"


def watch() -> None:
    os.chdir("/")
    known: set[int | str] = set()
    for line in sys.stdin:
        sign, what = json.loads(line)
        if sign == END:
            break
        if sign == "+":
            known.add(what)
        else:
            known.discard(what)
    groups = [what for what in known if isinstance(what, int)]
    deadline = time.monotonic() + GROUP_ENDS_SECONDS
    while any([_kill(group) for group in groups]) and time.monotonic() < deadline:
        time.sleep(0.01)
    for what in known:
        if isinstance(what, str):
            remove(what)


def remove(place: "str | Path") -> None:
    """A file, a link, or a folder with all that is in it; nothing where it is gone."""
    # Here, because it takes time, and each command is started by this file.
    from pathlib import Path

    path = Path(place)
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
        return
    try:
        path.unlink(missing_ok=True)
    except OSError:
        pass


def start(pipe: int, command: list[str]) -> NoReturn:
    # Python ignores it; the command decides for itself.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    os.write(pipe, line("+", os.getpid()))
    os.close(pipe)
    os.execv(command[0], command)


def line(sign: str, what: int | str) -> bytes:
    """What the watcher reads: short enough to be written at once."""
    return json.dumps([sign, what]).encode() + b"\n"


def _kill(group: int) -> bool:
    """Whether a process was left."""
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return False
    return True


if __name__ == "__main__":
    if sys.argv[1] == "watch":
        watch()
    else:
        start(int(sys.argv[2]), sys.argv[3:])
