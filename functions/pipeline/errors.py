"""Why an upload cannot become a training job now.

UploadError
├── RefusedError            the user has to change something; retrying does not help
│   └── QueryFailedError    the same of a query that has run
├── WaitingError            AWS has no capacity or does not answer; retrying helps
│   ├── ModelNotReadyError  a test file whose model is still being trained
│   ├── QueryRunsError      a query whose rows are not there yet
│   ├── ReplacedError       a file was replaced while it was handled; looking again helps
│   └── OverBudgetError     the stack's monthly budget is used up, maybe for weeks
└── NeedsOperatorError      an operator has to change something; then retrying helps
"""

from contract.job import ModelJob
from contract.messages import Message, message


class UploadError(Exception):
    """Raised when an upload cannot become a training job now; the message is for the user."""

    def __init__(self, message: Message) -> None:
        super().__init__(message)
        self.message = message


class RefusedError(UploadError):
    """Raised when an upload can never work as it is."""


class QueryFailedError(RefusedError):
    """Raised when a query gives no rows."""

    def __init__(self, message: Message, usd: float) -> None:
        super().__init__(message)
        self.usd = usd
        """What it has cost all the same."""


class WaitingError(UploadError):
    """Raised when the same upload may work later without any change."""


class ModelNotReadyError(WaitingError):
    """Raised when a test file needs a model whose training job still runs."""

    def __init__(self, job: ModelJob) -> None:
        super().__init__(message("wait.model", job=job.job))
        self.job = job


class QueryRunsError(WaitingError):
    """Raised while a query runs: Athena's event says when to look again, and so does the queue."""

    def __init__(self, reason: Message, details: tuple[Message, ...]) -> None:
        super().__init__(reason)
        self.details = details


class ReplacedError(WaitingError):
    """Raised when a file is no longer the one that was looked at."""

    def __init__(self, key: str) -> None:
        super().__init__(message("wait.replaced", file=key))


class OverBudgetError(WaitingError):
    """Raised when a job has to wait until the stack may spend more."""

    def __init__(self, reason: Message, details: tuple[Message, ...]) -> None:
        super().__init__(reason)
        self.details = details


class NeedsOperatorError(UploadError):
    """Raised when AWS refuses until an operator changes something; the user has been notified."""


class MisnamedError(RefusedError):
    """Raised when a key below data/ cannot belong to a dataset."""
