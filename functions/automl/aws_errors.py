"""What AWS says no to now but may say yes to later, in words."""

QUOTA = "a free training job: the account's quota of training jobs at a time is used up"
SILENCE = "AWS, which does not answer for the moment"
WAITED_FOR = {
    "ResourceLimitExceeded": QUOTA,
    "ThrottlingException": "AWS, which takes no more requests for the moment",
    "Throttling": "AWS, which takes no more requests for the moment",
    "TooManyRequestsException": "AWS, which takes no more requests for the moment",
    "RequestLimitExceeded": "AWS, which takes no more requests for the moment",
    "SlowDown": "AWS, which takes no more requests for the moment",
    "CapacityError": "AWS, which has no free machine of this type for the moment",
}
SERVER_ERROR = 500


def waited_for(code: str, http_status: int) -> str | None:
    """What an upload that met this error waits for; None when waiting would not help."""
    if code in WAITED_FOR:
        return WAITED_FOR[code]
    return "AWS, which had an error of its own" if http_status >= SERVER_ERROR else None
