"""What keeps rows from being predicted."""

from contract.messages import Message


class RowsError(ValueError):
    """Raised when rows cannot be predicted; the message says what is wrong with them."""

    def __init__(self, message: Message) -> None:
        super().__init__(message)
        self.message = message
