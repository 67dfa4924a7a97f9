"""Say what became of an endpoint that was created or updated, and act on it."""

from collections.abc import Mapping
from typing import Any

from aws import endpoints, objects
from contract.job import TranslatorJob
from contract.messages import Message
from pipeline.endpoint import BROKEN, is_settled, version_of
from pipeline.status import Status
from translation.endpoint import (
    failed_message,
    state_message,
    was_asked_for,
)
from translation.training import TranslatorData
from translation.versions import Served
from uploads.translator_versions import champion_of, said_of


class NotPublishedError(Exception):
    """Raised when an endpoint is there before the status of its translator; it is written soon."""


def changed_status(bucket: str, name: str) -> Status | None:
    """The translator's status, now that its endpoint is as it is; None where nothing is to be said.

    Deploys the pair's champion if it had to wait until the endpoint could be changed.
    SageMaker is asked: its event may be late, or come twice. Raises NotPublishedError.
    """
    endpoint = endpoints.describe(name)
    if endpoint is None or not is_settled(endpoint):
        return None
    job = version_of(endpoint)
    data = _pair(bucket, name, job)
    before = objects.read_status(bucket, data.results_prefix) if data else None
    if data is None or before is None:
        return None
    if before.job == job and before.runs:
        raise NotPublishedError(f"{job} is not published yet.")
    wanted = champion_of(bucket, data)
    if wanted is None or before.state != "completed":
        return None
    after = said_of(bucket, data, before, _said(bucket, endpoint, wanted, before))
    return None if after == before else after


def _said(bucket: str, endpoint: Mapping[str, Any], wanted: Served, before: Status) -> Message:
    served = version_of(endpoint) == wanted.job
    if served and endpoint["EndpointStatus"] not in BROKEN:
        return state_message(endpoint, wanted, endpoints.settings)
    if served or was_asked_for(before):
        return failed_message(endpoint.get("FailureReason") or "")
    return endpoints.deploy(bucket, wanted)


def _pair(bucket: str, endpoint: str, job: str) -> TranslatorData | None:
    """The pair of an endpoint that serves a job's translator; None where others have made it."""
    try:
        spec = objects.read_job(bucket, job)
    except LookupError:
        return _pair_of_default(bucket, endpoint, job)
    if not isinstance(spec, TranslatorJob):
        return None
    return TranslatorData(spec.source_language, spec.target_language)


def _pair_of_default(bucket: str, endpoint: str, job: str) -> TranslatorData | None:
    """The same of a translator that comes with the project: no job has made it."""
    settings = endpoints.settings
    for pair in settings.pairs:
        data = TranslatorData(pair.source, pair.target)
        if pair.endpoint(settings.prefix) == endpoint:
            champion = champion_of(bucket, data)
            return data if champion and champion.job == job else None
    return None
