"""What ends a training job with a message instead of a traceback."""

import errno
import re
from collections.abc import Collection, Iterator

from contract.messages import Message, message, render
from reading.errors import UnreadableError

# numpy, pandas, Arrow, C++, Linux and torch have a spelling each.
SHORT_OF_MEMORY = re.compile(
    r"std::bad_alloc|bad allocation|Unable to allocate [\d.]+ \w?i?B|Cannot allocate memory"
    r"|can't allocate memory|not enough memory|CUDA out of memory",
    re.IGNORECASE,
)
LONGEST = 300
# The functions know this beginning, whatever the language of the rest.
OUT_OF_MEMORY = "OutOfMemory: "


class TrainingError(Exception):
    """Raised when the job cannot go on; the message is for the uploader."""

    def __init__(self, message: Message) -> None:
        super().__init__(message)
        self.message = message


def reason_of(error: Exception) -> Message:
    """Why the job failed."""
    if any(_is_short_of_memory(one) for one in _chain(error)):
        return message("job.out_of_memory")
    if any(isinstance(one, OSError) and one.errno == errno.ENOSPC for one in _chain(error)):
        return message("job.disk_full")
    if isinstance(error, TrainingError | UnreadableError):
        return error.message
    line, name = first_line(error), type(error).__name__
    return message("job.unexpected", error=f"{name}: {line}" if line else name)


def in_words(reason: Message, language: str) -> str:
    """The reason that SageMaker shows, in one line."""
    mark = OUT_OF_MEMORY if reason.code == "job.out_of_memory" else ""
    return f"{mark}{render(reason, language)}"


def no_model(target: str, minutes: float, failed_for: Collection[str]) -> Message:
    """Why AutoGluon ended without a single model; `failed_for` are its exceptions' names."""
    if not failed_for or {"TimeLimitExceeded", "InsufficientTime"} & set(failed_for):
        return message("job.no_model_time", target=target, minutes=f"{minutes:.3g}")
    if set(failed_for) <= {"NoValidFeatures", "NoStackFeatures"}:
        return message("job.no_model_columns", target=target)
    return message("job.no_model_failed", target=target, errors=tuple(sorted(set(failed_for))))


def first_line(error: BaseException) -> str:
    """The first line of an error that says anything, cut where it is too long."""
    lines = (line.strip() for line in str(error).splitlines())
    line = next((line for line in lines if line), "")
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


def _is_short_of_memory(error: BaseException) -> bool:
    if isinstance(error, MemoryError) or type(error).__name__ == "NotEnoughMemoryError":
        return True
    # A message of ours may quote a cell.
    own = isinstance(error, TrainingError | UnreadableError)
    return not own and bool(SHORT_OF_MEMORY.search(str(error)))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what led to it."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
