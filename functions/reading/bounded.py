"""Read what others have uploaded in a child process with bounded memory and seconds.

No check beforehand finds each file that takes a reader all memory or all time, and a reader that
is compiled code may end its process. So a fork reads, and answers in JSON, which can run nothing
here. It is a fork because another Python would need a tenth of a second for its imports, and can be
one because a function has no other threads when it reads.
"""

import fcntl
import json
import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from contract.messages import Message, message, message_from_json, message_to_json
from reading.errors import UnreadableError, in_file

# Three quarters of the function's memory: the largest workbook that is accepted takes 1 GB, and
# the function itself a tenth of a GB.
MOST_BYTES = int(os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", 2048)) * 2**20 * 3 // 4
# The largest workbook takes half of them. Of the processor, because a laptop may be busy.
MOST_SECONDS = 20
# A reader that only waits uses no processor; the function has 60 seconds.
LONGEST_WAIT_SECONDS = 40
# A hundred times the head of a CSV.
MOST_ANSWER_BYTES = 100_000_000
STATM = Path("/proc/self/statm")


class ReaderError(Exception):
    """Raised when a reader neither reads nor refuses a file; the text is a traceback."""


@dataclass(frozen=True)
class Limits:
    """What a reader may take."""

    memory_bytes: int
    processor_seconds: int
    wait_seconds: float
    """In all."""


def limits_of_a_head() -> Limits:
    """What the beginning of a file, or a whole workbook, may take, wherever it is read."""
    return Limits(MOST_BYTES, MOST_SECONDS, LONGEST_WAIT_SECONDS)


def bounded(name: str, read: Callable[[], object], limits: Limits | None = None) -> Any:
    """What `read` makes of the file `name`, as JSON has it: a tuple becomes a list.

    Raises UnreadableError as `read` does, and when it takes too much or ends its process;
    ReaderError when it raises anything else. The child ends with this process, even if that is
    killed: at once on Linux, elsewhere after as long as it may wait.
    """
    limits = limits or limits_of_a_head()
    answers, into = os.pipe()
    child = os.fork()
    if child == 0:
        _answer(read, answers, into, limits)
    os.close(into)
    try:
        with os.fdopen(answers, "rb") as pipe:
            said = pipe.read(MOST_ANSWER_BYTES + 1)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    with in_file(name):
        answer = _parsed(said, limits)
    if "broken" in answer:
        raise ReaderError(f"{name}:\n{answer['broken']}")
    if "refused" in answer:
        raise UnreadableError(message_from_json(answer["refused"]))
    return answer["read"]


def _parsed(said: bytes, limits: Limits) -> dict[str, Any]:
    try:
        if len(said) <= MOST_ANSWER_BYTES:
            return dict(json.loads(said))
    except ValueError:
        pass  # It ended before, or while, it answered.
    raise UnreadableError(too_demanding(limits))


def too_demanding(limits: Limits) -> Message:
    """Why a file is refused that takes more."""
    megabytes = limits.memory_bytes // 10**6
    return message("file.too_demanding", seconds=limits.processor_seconds, megabytes=megabytes)


def _answer(read: Callable[[], object], answers: int, into: int, limits: Limits) -> NoReturn:
    """All that the child does."""
    try:
        os.close(answers)
        _bound(into, limits)
        said = json.dumps(_outcome(read)).encode()
        # From here on the parent may read, which is a signal, too.
        fcntl.fcntl(into, fcntl.F_SETFL, 0)
        with os.fdopen(into, "wb") as pipe:
            pipe.write(said)
    finally:
        # Nothing of the parent's may go on in the child, whatever was raised.
        os._exit(0)


def _outcome(read: Callable[[], object]) -> dict[str, object]:
    try:
        return {"read": read()}
    except UnreadableError as error:
        return {"refused": message_to_json(error.message)}
    except MemoryError:
        raise
    except Exception:
        return {"broken": traceback.format_exc()}


def _bound(into: int, limits: Limits) -> None:
    """Let the system end this process: Python's own handlers wait for compiled code to return."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, limits.wait_seconds)
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_CPU, limits.processor_seconds)
    # macOS neither limits the memory of a process nor tells a pipe's owner by a chosen signal.
    if sys.platform == "linux":
        pages = int(STATM.read_text().split()[0])
        _lower(resource.RLIMIT_AS, pages * resource.getpagesize() + limits.memory_bytes)
        fcntl.fcntl(into, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(into, fcntl.F_SETSIG, signal.SIGKILL)
        # A signal as soon as the other end is closed.
        fcntl.fcntl(into, fcntl.F_SETFL, os.O_ASYNC)


def _lower(limit: int, most: int) -> None:
    _, hard = resource.getrlimit(limit)
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(limit, (most, most))
