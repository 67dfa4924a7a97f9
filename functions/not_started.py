"""An upload for which AWS refuses to start a job is answered in words."""

from botocore.exceptions import BotoCoreError, ClientError

import bucket as datasets
from automl.dataset import Named
from automl.errors import BlockedError
from automl.failures import not_started, refusal


def answer_refusal(bucket: str, dataset: Named, error: BotoCoreError | ClientError) -> str | None:
    """What was answered; None when AWS may say yes later, or nobody knows what it means.

    Raises BlockedError when it takes an engineer.
    """
    if not isinstance(error, ClientError):
        return None
    code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
    failure = refusal(error.operation_name, code, message)
    if failure is None:
        return None
    before = datasets.read_status(bucket, dataset.results_prefix)
    answer = not_started(dataset, failure, message, before)
    if before and before.runs:
        answer = before.with_note(answer.headline)
    datasets.write_status(bucket, answer)
    if not failure.users_turn:
        raise BlockedError(failure.what) from error
    return f"not started: {failure.what}"
