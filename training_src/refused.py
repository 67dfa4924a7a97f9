"""Why a model gets no portable form."""


class Refused(Exception):
    """Raised when a part of a model is not known for sure; the text names it, for logs."""


def need(is_known: bool, part: str) -> None:
    """Raise Refused unless this part of a model is as it is known."""
    if not is_known:
        raise Refused(part)
