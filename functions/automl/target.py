"""Which column is to be predicted, and by which rule that was found."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from contract.messages import Message, message
from contract.target_rule import Rule
from pipeline.errors import RefusedError

WELL_KNOWN_NAMES = ("label", "target", "class", "y", "outcome", "response")


@dataclass(frozen=True)
class Target:
    """A column of the train file and the rule that chose it."""

    column: str
    rule: Rule


def choose_target(
    train_columns: Sequence[str],
    test_columns: Sequence[str] | None,
    from_settings: str | None,
    from_stack: str,
    identifiers: Collection[str] = (),
) -> Target:
    """Settings file, stack parameter, what the test file lacks, a well-known name; in that order.

    `identifiers` are columns that are never a target unless they are named. Raises RefusedError
    with the list of columns when no rule applies.
    """
    if from_settings:
        if from_settings not in train_columns:
            raise RefusedError(_no_such_column(from_settings, train_columns))
        return Target(from_settings, "rule.settings")
    if from_stack in train_columns:
        return Target(from_stack, "rule.parameter")
    lacking = [] if test_columns is None else columns_lacking(train_columns, test_columns)
    likely = [column for column in lacking if column not in identifiers]
    if len(likely) == 1:
        return Target(likely[0], "rule.lacking")
    for name in WELL_KNOWN_NAMES:
        for column in train_columns:
            if column.strip().lower() == name:
                return Target(column, "rule.usual")
    if len(lacking) == 1:
        raise RefusedError(_only_identifier(train_columns, lacking[0]))
    raise RefusedError(_undecided(train_columns, lacking))


def columns_lacking(train_columns: Sequence[str], test_columns: Sequence[str]) -> list[str]:
    """The columns that train has and test has not, in train's order."""
    present = set(test_columns)
    return [column for column in train_columns if column not in present]


def _no_such_column(target: str, columns: Sequence[str]) -> Message:
    folded = {column.strip().lower(): column for column in columns}
    nearest = get_close_matches(target.strip().lower(), folded, n=1)
    if nearest:
        return message("target.not_found_near", column=target, nearest=folded[nearest[0]])
    return message("target.not_found", column=target, columns=tuple(columns))


def _only_identifier(columns: Sequence[str], column: str) -> Message:
    example = json.dumps({"target": columns[-1]}, ensure_ascii=False)
    return message("target.identifier", column=column, example=example, columns=tuple(columns))


def _undecided(columns: Sequence[str], lacking: Sequence[str]) -> Message:
    example = json.dumps({"target": columns[-1]}, ensure_ascii=False)
    if not lacking:
        return message("target.undecided", example=example, columns=tuple(columns))
    return message(
        "target.undecided_lacking",
        number=len(lacking),
        lacking=tuple(lacking),
        example=example,
        columns=tuple(columns),
    )
