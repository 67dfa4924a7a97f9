"""What makes a file unreadable."""


class UnreadableError(Exception):
    """Raised when a file holds no table; the text is one sentence for whoever brought it."""
