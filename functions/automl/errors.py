"""What can keep an upload from being trained.

UploadError
├── RefusedError  the user has to change something; trying again would not help
├── WaitingError  AWS has no room or no answer now; trying again will help
└── BlockedError  an engineer has to change something; then trying again will help
"""


class UploadError(Exception):
    """Raised when an upload cannot become a training job now; the text is for the user."""


class RefusedError(UploadError):
    """Raised when an upload can never work as it is."""


class WaitingError(UploadError):
    """Raised when the same upload may work later without any change."""


class BlockedError(UploadError):
    """Raised when AWS refuses until an engineer changes something; the user was told."""
