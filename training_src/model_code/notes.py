"""What a user should know: messages whose codes begin with `note.`, and `read.` for the files."""

from typing import Any

from contract.messages import Message, message

# Warnings about the data or the model, and how the files were read.
WARNINGS, READINGS = "note.", "read."
Note = Message


def note(code: str, /, **values: Any) -> Note:
    """A warning: the text of `note.<code>`, filled with `values`."""
    return message(f"{WARNINGS}{code}", **values)


def read_note(code: str, /, **values: Any) -> Note:
    """How a file was read: the text of `read.<code>`, filled with `values`."""
    return message(f"{READINGS}{code}", **values)


def part_failed(part: str, error: Exception) -> Note:
    """The note on `part.<part>`, with the first line of what went wrong."""
    reason = next(iter(str(error).splitlines()), type(error).__name__)
    return note("part_failed", part=message(f"part.{part}"), error=reason)
