"""An upload for which AWS refuses to start a job is answered in words."""

from dataclasses import replace

from aws import objects
from aws.errors import AwsError, refused
from contract.layout import Named
from pipeline.errors import NeedsOperatorError
from pipeline.failures import not_started, refusal


def answer_refusal(bucket: str, dataset: Named, error: AwsError, language: str) -> str | None:
    """Answer the uploader; None for transient and for unknown errors.

    Raises NeedsOperatorError when an operator has to act.
    """
    said = refused(error)
    failure = refusal(said.operation, said.code, said.message) if said else None
    if said is None or failure is None:
        return None
    before = objects.read_status(bucket, dataset.results_prefix)
    answer = replace(not_started(dataset, failure, said.message, before), language=language)
    if before and before.runs:
        answer = before.with_note(answer.headline)
    objects.write_status(bucket, answer)
    if not failure.users_turn:
        raise NeedsOperatorError(failure.what) from error
    return f"not started: {failure.what}"
