"""What can keep a text from being translated, besides the request itself.

ApiError
└── EngineError       no engine could translate now: 502 or 503
    └── WarmingUpError  its machine is starting: 503, and in half a minute it works
"""

from collections.abc import Mapping

from api.errors import ApiError
from contract.messages import Message

# A serverless endpoint that was idle needs about this long; asking it starts it.
WARM_UP_SECONDS = 30


class EngineError(ApiError):
    """Raised when an engine cannot translate anything now."""

    def __init__(self, reason: Message, status: int = 503, retry_after: int | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.retry_after = retry_after
        """Seconds after which trying again is worth it; None when waiting would not help."""
        self.answered: Mapping[str, str] = {}
        """Segment → translation, of what was asked together with what failed."""


class WarmingUpError(EngineError):
    """Raised when an endpoint that was idle is getting a machine."""

    def __init__(self, reason: Message) -> None:
        super().__init__(reason, 503, WARM_UP_SECONDS)
