"""Act on what became of the endpoint of a dataset's model, and say so."""

from collections.abc import Mapping
from typing import Any

from aws import endpoints, objects
from aws.mail import send_mail
from aws.model_endpoints import answers_now, model_job, said_in_service, tell
from contract.job import ModelJob
from contract.layout import job_of_version, results_prefix
from contract.messages import Message
from pipeline.endpoint import is_in_service, is_settled, version_of
from pipeline.model_endpoint import endpoints_begin, failed
from pipeline.results import endpoint_mail_subject
from uploads.changed_endpoint import NotPublishedError
from uploads.ended_job import published
from uploads.take_over import take_over_from


def changed_model(bucket: str, topic_arn: str, name: str) -> str | None:
    """Let a model answer whose endpoint is in service; return its job, None for other endpoints.

    SageMaker is asked: its event may be late, or come twice. Raises NotPublishedError.
    """
    if not name.startswith(endpoints_begin(endpoints.settings.prefix)):
        return None
    endpoint = endpoints.describe(name)
    spec = endpoint and model_job(bucket, job_of_version(version_of(endpoint)))
    if not endpoint or not spec:
        return None
    if not is_settled(endpoint):
        return spec.job
    status = published(bucket, spec)
    if status is None:
        raise NotPublishedError(f"{spec.job} is not published yet.")
    if is_in_service(endpoint):
        decided = take_over_from(bucket, spec, status.files)
        if answers_now(bucket, spec.dataset, spec.job):
            tell(bucket, spec.dataset, spec.job, said_in_service(bucket, spec))
        else:
            endpoints.delete(name)
        if decided:
            note(bucket, spec, decided)
    else:
        complain(bucket, topic_arn, spec, endpoint)
    return spec.job


def note(bucket: str, spec: ModelJob, said: Message) -> None:
    status = objects.read_status(bucket, results_prefix(spec.dataset))
    if status is not None and status.job == spec.job:
        objects.write_status(bucket, status.with_note(said))


def complain(bucket: str, topic_arn: str, spec: ModelJob, endpoint: Mapping[str, Any]) -> None:
    """Say that there is no endpoint: by mail first, sent twice rather than never."""
    said = failed(spec.dataset, spec.job, endpoint.get("FailureReason") or "")
    status = objects.read_status(bucket, results_prefix(spec.dataset))
    if status is not None and said not in status.notes:
        noted = status.with_latest(said)
        send_mail(topic_arn, endpoint_mail_subject(status), noted.to_text(objects.now()).decode())
    tell(bucket, spec.dataset, spec.job, said)
