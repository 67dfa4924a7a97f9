"""What can keep an upload from being trained.

UploadError
├── RefusedError  the user has to change something; trying again would not help
└── WaitingError  AWS has no room or no answer now; trying again will help
    └── OverBudgetError  the stack's monthly budget is used up; that may last for weeks
"""


class UploadError(Exception):
    """Raised when an upload cannot become a training job now; the text is for the user."""


class RefusedError(UploadError):
    """Raised when an upload can never work as it is."""


class WaitingError(UploadError):
    """Raised when the same upload may work later without any change."""


class OverBudgetError(WaitingError):
    """Raised when a job has to wait until the stack may spend more."""

    def __init__(self, reason: str, details: tuple[str, ...]) -> None:
        super().__init__(reason)
        self.details = details
