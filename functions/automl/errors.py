"""What can keep an upload from being trained.

UploadError
├── RefusedError         the user has to change something; trying again would not help
├── WaitingError         AWS has no room or no answer now; trying again will help
│   ├── TooEarlyError    a test file whose model is still being trained
│   └── OverBudgetError  the stack's monthly budget is used up; that may last for weeks
└── BlockedError         an engineer has to change something; then trying again will help
"""

from typing import Any


class UploadError(Exception):
    """Raised when an upload cannot become a training job now; the text is for the user."""


class RefusedError(UploadError):
    """Raised when an upload can never work as it is."""


class WaitingError(UploadError):
    """Raised when the same upload may work later without any change."""


class TooEarlyError(WaitingError):
    """Raised when a test file came too late for a training job that still runs."""

    def __init__(self, spec: dict[str, Any]) -> None:
        super().__init__(f"the model of training job {spec['job']}")
        self.spec = spec


class OverBudgetError(WaitingError):
    """Raised when a job has to wait until the stack may spend more."""

    def __init__(self, reason: str, details: tuple[str, ...]) -> None:
        super().__init__(reason)
        self.details = details


class BlockedError(UploadError):
    """Raised when AWS refuses until an engineer changes something; the user was told."""
