"""Say what became of an endpoint that was created or updated, and act on it."""

from collections.abc import Mapping
from typing import Any

from aws import endpoints, objects
from contract.job import TranslatorJob
from contract.messages import Message
from pipeline.status import Status
from translation.endpoint import (
    BROKEN,
    CHANGING,
    failed_message,
    state_message,
    takes_over,
    version_of,
    was_asked_for,
    with_endpoint,
)


class NotPublishedError(Exception):
    """Raised when an endpoint is there before the status of its translator; it is written soon."""


def changed_status(bucket: str, name: str) -> Status | None:
    """The translator's status, now that its endpoint is as it is; None where nothing is to be said.

    Deploys the pair's newest translator if it had to wait until the endpoint could be changed.
    SageMaker is asked: its event may be late, or come twice. Raises NotPublishedError.
    """
    endpoint = endpoints.describe(name)
    spec = endpoint and _translator(bucket, version_of(endpoint))
    if not endpoint or not spec or endpoint["EndpointStatus"] in (*CHANGING, "Deleting"):
        return None
    before = objects.read_status(bucket, spec.results_prefix)
    if before and before.job == spec.job and before.runs:
        raise NotPublishedError(f"{spec.job} is not published yet.")
    wanted = _translator(bucket, before.job) if before and before.job else None
    if before is None or wanted is None or not takes_over(before):
        return None
    after = with_endpoint(before, _said(bucket, endpoint, wanted, before))
    return None if after == before else after


def _said(
    bucket: str, endpoint: Mapping[str, Any], wanted: TranslatorJob, before: Status
) -> Message:
    served = version_of(endpoint) == wanted.job
    if served and endpoint["EndpointStatus"] not in BROKEN:
        return state_message(endpoint, wanted, endpoints.settings)
    if served or was_asked_for(before):
        return failed_message(endpoint.get("FailureReason") or "")
    return endpoints.deploy(bucket, wanted)


def _translator(bucket: str, job: str) -> TranslatorJob | None:
    """The job of a translator; None for endpoints that others have made."""
    try:
        spec = objects.read_job(bucket, job)
    except LookupError:
        return None
    return spec if isinstance(spec, TranslatorJob) else None
