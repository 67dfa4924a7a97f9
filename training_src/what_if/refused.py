"""Why a report has no form."""

from contract.messages import Message, message


class NoForm(Exception):
    """Raised when the form would not answer as the model does, or is not wanted; with a reason."""

    def __init__(self, reason: Message) -> None:
        super().__init__(reason)
        self.reason = reason


def too_large(most_bytes: int) -> NoForm:
    """What to raise where the form would add more than this to the report."""
    return NoForm(message("what_if.too_large", most=most_bytes))


def need(is_known: bool, part: str) -> None:
    """Raise NoForm unless this part of a model is as it is known."""
    if not is_known:
        raise NoForm(message("what_if.unknown", part=part))
