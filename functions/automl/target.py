"""Which column is to be predicted, and by which rule that was found."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from automl.errors import RefusedError

WELL_KNOWN_NAMES = ("label", "target", "class", "y", "outcome", "response")
COLUMNS_SHOWN = 30


@dataclass(frozen=True)
class Target:
    """A column of the train file and the rule that chose it, in words for the report."""

    column: str
    rule: str


def choose_target(
    train_columns: Sequence[str],
    test_columns: Sequence[str] | None,
    from_settings: str | None,
    from_stack: str,
) -> Target:
    """Settings file, stack parameter, what the test file lacks, a well-known name; in that order.

    Raises RefusedError with the list of columns when no rule applies.
    """
    if from_settings:
        if from_settings not in train_columns:
            raise RefusedError(_no_such_column(from_settings, train_columns))
        return Target(from_settings, "the settings file names it")
    if from_stack in train_columns:
        return Target(from_stack, "the stack's parameter TargetColumn names it")
    lacking = [] if test_columns is None else columns_lacking(train_columns, test_columns)
    if len(lacking) == 1:
        return Target(lacking[0], "it is the only column that the test file lacks")
    for name in WELL_KNOWN_NAMES:
        for column in train_columns:
            if column.strip().lower() == name:
                return Target(column, f"{column!r} is a usual name for it")
    raise RefusedError(_undecided(train_columns, lacking))


def columns_lacking(train_columns: Sequence[str], test_columns: Sequence[str]) -> list[str]:
    """The columns that train has and test has not, in train's order."""
    present = set(test_columns)
    return [column for column in train_columns if column not in present]


def listed(columns: Sequence[str]) -> str:
    """Column names for a sentence; a long list is cut."""
    shown = ", ".join(columns[:COLUMNS_SHOWN])
    more = len(columns) - COLUMNS_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def _no_such_column(target: str, columns: Sequence[str]) -> str:
    folded = {column.strip().lower(): column for column in columns}
    nearest = get_close_matches(target.strip().lower(), folded, n=1)
    hint = f"did you mean {folded[nearest[0]]!r}?" if nearest else f"it has {listed(columns)}."
    return f"The train file has no column {target!r}; {hint}"


def _undecided(columns: Sequence[str], lacking: Sequence[str]) -> str:
    why = f" (the test file lacks {len(lacking)} columns: {listed(lacking)})" if lacking else ""
    return (
        f"It is not clear which column to predict{why}; name it in a settings file, such as "
        f'{{"target": "{columns[-1]}"}}. The columns are {listed(columns)}.'
    )
