"""What boto3 raises, in the terms of the functions."""

from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

AwsError = BotoCoreError | ClientError
AWS_ERRORS = (BotoCoreError, ClientError)
# SageMaker has no code of its own for what does not exist, exists already, or is busy.
SAGEMAKER_VALIDATION = ("ValidationException", "ValidationError", "ResourceNotFound")


@dataclass(frozen=True)
class Refused:
    """The answer of an AWS service that did not do what it was asked."""

    operation: str
    code: str
    message: str


def refused(error: Exception) -> Refused | None:
    """What AWS answered; None when there was no answer at all."""
    if not isinstance(error, ClientError):
        return None
    return Refused(
        error.operation_name, error.response["Error"]["Code"], error.response["Error"]["Message"]
    )


def does_not_exist(error: ClientError) -> bool:
    """Whether SageMaker was asked for something by a name that nothing has."""
    return error.response["Error"]["Code"] in SAGEMAKER_VALIDATION
