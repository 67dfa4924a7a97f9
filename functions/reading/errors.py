"""What makes a file unreadable, and what keeps rows from being predicted."""

from collections.abc import Iterator
from contextlib import contextmanager

from contract.messages import Message, message


class UnreadableError(Exception):
    """Raised when a file holds no table; the message says what to do about it."""

    def __init__(self, message: Message) -> None:
        super().__init__(message)
        self.message = message


class RowsError(ValueError):
    """Raised when rows cannot be predicted; the message says what is wrong with them."""

    def __init__(self, message: Message, column: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.column = column
        """The only one, or the first, that is to blame."""


@contextmanager
def in_file(name: str) -> Iterator[None]:
    """Put the file's name before whatever makes it unreadable."""
    try:
        yield
    except UnreadableError as error:
        raise UnreadableError(
            message("file.unreadable", file=name, reason=error.message)
        ) from error
