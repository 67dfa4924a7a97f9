"""Which of boto3's errors come of AWS at this moment, and not of what was asked."""

from botocore.exceptions import ClientError, ConnectionError, HTTPClientError, IncompleteReadError

from automl.aws_errors import SILENCE, waited_for

# No connection, none in time, or one that broke off.
UNANSWERED = (ConnectionError, HTTPClientError, IncompleteReadError)


def reason_to_wait(error: Exception) -> str | None:
    """What is waited for, in words; None when waiting would not help."""
    if isinstance(error, UNANSWERED):
        return SILENCE
    if not isinstance(error, ClientError):
        return None
    response = error.response
    return waited_for(response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"])
