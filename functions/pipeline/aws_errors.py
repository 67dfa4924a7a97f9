"""What AWS says no to now but may say yes to later."""

import re

from contract.messages import Message, message

QUOTA = message("wait.quota")
SILENCE = message("wait.silence")
THROTTLED = message("wait.throttled")
WAITED_FOR = {
    "ResourceLimitExceeded": QUOTA,
    "ThrottlingException": THROTTLED,
    "Throttling": THROTTLED,
    "TooManyRequestsException": THROTTLED,
    "RequestLimitExceeded": THROTTLED,
    "SlowDown": THROTTLED,
    "CapacityError": message("wait.capacity"),
}
SERVER_ERROR = 500
# How SageMaker says that an account may not use a machine at all, rather than no more of it.
_NO_QUOTA = re.compile(r"service limit '[^']*' is 0 Instances")


def has_no_quota(code: str, aws_says: str) -> bool:
    """Whether waiting for a machine is in vain until an operator asks for a quota."""
    return WAITED_FOR.get(code) == QUOTA and bool(_NO_QUOTA.search(aws_says))


def waited_for(code: str, http_status: int) -> Message | None:
    """What an upload that met this error waits for; None when waiting would not help."""
    if code in WAITED_FOR:
        return WAITED_FOR[code]
    return message("wait.server_error") if http_status >= SERVER_ERROR else None
