"""The endpoints of datasets' models, as live.json asks for them."""

import os
from datetime import UTC, datetime

from botocore.exceptions import ClientError

from aws import endpoints, objects
from aws.live_files import read_live, read_undamaged
from aws.telemetry import logger
from contract.bounds import ENDPOINTS
from contract.job import ModelJob
from contract.layout import job_json_key, model_key, results_prefix
from contract.live import DamagedError, Version
from contract.messages import Message
from pipeline.endpoint import is_in_service, is_settled
from pipeline.model_endpoint import (
    endpoint_of,
    failed,
    served,
    serverless_memory_mb,
    state,
    too_large,
)

region = os.environ["AWS_REGION"]


def follow(bucket: str, dataset: str) -> None:
    """Make the endpoints that live.json asks for, and delete those of models that are turned off.

    Done twice it is done once. Raises EndpointBusyError and ClientError where trying again helps.
    """
    live = read_undamaged(bucket, dataset)
    if live is None:
        return
    for version in () if live.on else live.versions:
        delete_unless_changing(endpoint_of(endpoints.settings.prefix, version.job))
    for version in live.answering(datetime.now(UTC)):
        if version.serve in ENDPOINTS:
            tell(bucket, dataset, version.job, ensure(bucket, dataset, version))


def ensure(bucket: str, dataset: str, version: Version) -> Message:
    """Make a version's endpoint unless it is there; return what to say of it."""
    spec = model_job(bucket, version.job)
    if spec is None:
        return failed(dataset, version.job, f"NoSuchKey {job_json_key(version.job)}")
    packed = _packed_bytes(bucket, spec.job)
    memory = serverless_memory_mb(packed)
    if memory is None:
        return too_large(version, packed)
    wanted = served(endpoints.settings.prefix, spec, memory)
    try:
        before = endpoints.describe(wanted.endpoint)
        endpoints.bring(bucket, wanted, before)
    except ClientError as error:
        return failed(spec.dataset, spec.job, endpoints.refusal(error))
    return state(spec, wanted.endpoint, memory, region, in_service=is_in_service(before))


def said_in_service(bucket: str, spec: ModelJob) -> Message:
    """What to say of a model whose endpoint answers."""
    memory = serverless_memory_mb(_packed_bytes(bucket, spec.job)) or 0
    name = endpoint_of(endpoints.settings.prefix, spec.job)
    return state(spec, name, memory, region, in_service=True)


def tell(bucket: str, dataset: str, job: str, said: Message) -> None:
    """Say so in the dataset's status, unless that is still of the training that made the model."""
    status = objects.read_status(bucket, results_prefix(dataset))
    if status is None or (status.job == job and status.runs):
        return
    after = status.with_latest(said)
    if after != status:
        objects.write_status(bucket, after)


def delete_unless_changing(name: str) -> bool:
    """Delete an endpoint; one that is just changing is looked at again when it has changed."""
    if not is_settled(endpoints.describe(name)):
        return False
    endpoints.delete(name)
    logger.info("endpoint deleted", extra={"endpoint": name})
    return True


def model_job(bucket: str, job: str) -> ModelJob | None:
    """The training job of a model; None where that is gone, or made something else."""
    try:
        spec = objects.read_job(bucket, job)
    except LookupError:
        return None
    return spec if isinstance(spec, ModelJob) else None


def answers_now(bucket: str, dataset: str, job: str) -> bool:
    """Whether requests go to the model of a job; of a damaged live.json, that they may."""
    try:
        live = read_live(bucket, dataset)
    except DamagedError:
        return True
    return live is not None and job in [one.job for one in live.answering(datetime.now(UTC))]


def _packed_bytes(bucket: str, job: str) -> int:
    key = model_key(job)
    return objects.sizes(bucket, key).get(key, 0)
