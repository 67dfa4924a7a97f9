"""What keeps a request from being answered.

ApiError
├── BadRequestError   the caller has to change the request: 400, with the field
├── OtherKeyError     the caller's key is for something else: 403
├── NotFoundError     there is nothing of that name: 404
├── ConflictError     it is there, and cannot do what is asked: 409
├── TooLargeError     the request is over a limit: 413
├── UnavailableError  what answers is not there now: 503
└── EngineError       of translation: no engine could translate now: 502 or 503
"""

from contract.messages import Message


class ApiError(Exception):
    """Raised when a request cannot be answered; the message is for the caller."""

    status = 500

    def __init__(self, message: Message) -> None:
        super().__init__(message)
        self.message = message


class BadRequestError(ApiError):
    """Raised when a field of the request is missing or wrong."""

    status = 400

    def __init__(self, field: str, reason: Message) -> None:
        super().__init__(reason)
        self.field = field


class OtherKeyError(ApiError):
    """Raised when a key is used for something that it is not for."""

    status = 403


class NotFoundError(ApiError):
    """Raised when there is nothing of the name that is asked for."""

    status = 404


class ConflictError(ApiError):
    """Raised when what is asked for is there, and cannot do it."""

    status = 409


class TooLargeError(ApiError):
    """Raised when a request is over a limit of the stack."""

    status = 413


class UnavailableError(ApiError):
    """Raised when an endpoint gives no answer now; `retry_after` is in seconds."""

    status = 503

    def __init__(self, message: Message, retry_after: int, *, is_starting: bool = False) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.is_starting = is_starting
