"""Why a report has no form, besides a part of the model that is not known for sure."""

from contract.messages import Message, message


class NoForm(Exception):
    """Raised when a model is none for a form; with a reason for the report."""

    def __init__(self, reason: Message) -> None:
        super().__init__(reason)
        self.reason = reason


def too_large(most_bytes: int) -> NoForm:
    """What to raise where the form would add more than this to the report."""
    return NoForm(message("what_if.too_large", most=most_bytes))
