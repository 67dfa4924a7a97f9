"""What can keep a text from being translated.

TranslationError
├── BadRequestError   the caller has to change the request: 400, with the field
├── TooLargeError     the request is over a limit: 413
└── EngineError       no engine could translate now: 502 or 503
"""


class TranslationError(Exception):
    """Raised when a request gets no translation; the text is for the caller."""

    status = 500


class BadRequestError(TranslationError):
    """Raised when a field of the request is missing or wrong."""

    status = 400

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field


class TooLargeError(TranslationError):
    """Raised when a request is over a limit of the stack."""

    status = 413


class EngineError(TranslationError):
    """Raised when an engine cannot translate anything now."""

    def __init__(self, reason: str, status: int = 503, retry_after: int | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.retry_after = retry_after
        """Seconds after which trying again is worth it; None when waiting would not help."""
