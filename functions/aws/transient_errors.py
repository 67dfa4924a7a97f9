"""Classify transient AWS errors."""

from botocore.exceptions import (
    ClientError,
    ConnectionError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    PartialCredentialsError,
)

from contract.messages import Message
from pipeline.aws_errors import SILENCE, waited_for

# No connection, none in time, or one that broke off.
UNANSWERED = (ConnectionError, HTTPClientError, IncompleteReadError)


def reason_to_wait(error: Exception) -> Message | None:
    """What is waited for; None when waiting would not help."""
    if isinstance(error, UNANSWERED):
        return SILENCE
    if not isinstance(error, ClientError):
        return None
    response = error.response
    return waited_for(response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"])


def unreachable(error: Exception) -> str | None:
    """What to check when AWS was not even asked, in one sentence; None for any other error."""
    if not isinstance(error, (*UNANSWERED, NoCredentialsError, PartialCredentialsError)):
        return None
    return (
        f"AWS cannot be reached from here ({error}): check the network, the credentials and "
        "AWS_ENDPOINT_URL; for `sam local`, events/README.md names the options."
    )
