"""What a user should know, before it is put into a language."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Note:
    """The key of a text in report/texts, and what fills it."""

    key: str
    values: dict[str, Any] = field(default_factory=dict)


def note(key: str, **values: Any) -> Note:
    return Note(key, values)


def part_failed(part: str, error: Exception) -> Note:
    """With the first line of what went wrong."""
    reason = next(iter(str(error).splitlines()), type(error).__name__)
    return note("part_failed", part=part, error=reason)


def listed(names: list[str], most: int = 20) -> str:
    """`a, b, c`, cut when there are many."""
    more = f" … (+{len(names) - most})" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"
