"""What ends a training job in words instead of a traceback."""

import errno
import re
from collections.abc import Collection, Iterator

# numpy, pandas, Arrow, C++, Linux and torch have a spelling each.
SHORT_OF_MEMORY = re.compile(
    r"std::bad_alloc|bad allocation|Unable to allocate [\d.]+ \w?i?B|Cannot allocate memory"
    r"|can't allocate memory|not enough memory|CUDA out of memory",
    re.IGNORECASE,
)
LONGEST = 300


class TrainingError(Exception):
    """Raised when the job cannot go on; the text is one sentence for the uploader."""


def in_words(error: Exception) -> str:
    """The reason that SageMaker is told, in one line."""
    if any(_is_short_of_memory(one) for one in _chain(error)):
        # The functions know this beginning.
        return "OutOfMemory: the machine ran out of memory."
    if any(isinstance(one, OSError) and one.errno == errno.ENOSPC for one in _chain(error)):
        return "The machine's disk was full; train on a sample of the rows."
    if isinstance(error, TrainingError):
        return str(error)
    told = f": {first_line(error)}" if first_line(error) else ""
    return f"Something unforeseen broke: {type(error).__name__}{told}"


def no_model(target: str, minutes: float, failed_for: Collection[str]) -> str:
    """Why AutoGluon ended without a single model; `failed_for` are its exceptions' names."""
    begin = f"AutoGluon could not train a model that predicts {target!r}"
    if not failed_for or {"TimeLimitExceeded", "InsufficientTime"} & set(failed_for):
        return (
            f"{begin}: no model was done within {minutes:.3g} training minutes. Set more "
            "training_minutes or a bigger instance_type in the settings file."
        )
    if set(failed_for) <= {"NoValidFeatures", "NoStackFeatures"}:
        return f"{begin}: no column is left from which its models can learn."
    return f"{begin}: every kind of model failed ({', '.join(sorted(set(failed_for)))})."


def first_line(error: BaseException) -> str:
    """The first line of an error that says anything, cut where it is too long."""
    lines = (line.strip() for line in str(error).splitlines())
    line = next((line for line in lines if line), "")
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


def _is_short_of_memory(error: BaseException) -> bool:
    if isinstance(error, MemoryError) or type(error).__name__ == "NotEnoughMemoryError":
        return True
    # A sentence of ours may quote a cell.
    return not isinstance(error, TrainingError) and bool(SHORT_OF_MEMORY.search(str(error)))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what led to it."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
