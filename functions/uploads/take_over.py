"""Let the model of an ended job answer requests, unless something speaks against it."""

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache, partial

from api.errors import ConflictError
from aws import stored
from aws.live_files import change_live, read_undamaged
from aws.model_endpoints import ensure
from aws.portable_models import load_version
from aws.telemetry import logger
from contract.bounds import ENDPOINTS
from contract.job import Job, ModelJob
from contract.layout import NAMED_COLUMNS, NAMED_PORTABLE, PERFORMANCE
from contract.live import Canary, DamagedError, Doubt, Live, Version
from contract.messages import Message, message
from pipeline.results import EndedJob
from pipeline.status import Status
from pipeline.taking_over import damaged, doubt_of, not_portable, said_of
from serving.smoke_test import MOST_BYTES, unfit

canary = Canary(float(os.environ["CANARY_SHARE"]), float(os.environ["CANARY_MINUTES"]))
# Other kinds of tables are read by their types, which a CSV of them does not have.
COMPARED = (".csv", ".csv.gz")
COMMA = ","
Files = Mapping[str, str]


def take_over(job: EndedJob, spec: Job, status: Status) -> Status:
    """The status with what became of the model; done twice, it is decided once."""
    if not isinstance(spec, ModelJob) or status.state != "completed":
        return status
    said = _take_over(job.bucket, spec, status.files)
    return replace(status, details=(*status.details, said)) if said else status


def take_over_from(bucket: str, spec: ModelJob, files: Files) -> Message | None:
    """Let a model answer whose endpoint is there now; what to say of it, once."""
    live = read_undamaged(bucket, spec.dataset)
    if live is not None and live.knows(_version(spec)):
        return None
    return _take_over(bucket, spec, files, in_service=True)


def _take_over(
    bucket: str, spec: ModelJob, files: Files, *, in_service: bool = False
) -> Message | None:
    portable, version = NAMED_PORTABLE in files, _version(spec)
    by_endpoint = spec.serve in ENDPOINTS and NAMED_COLUMNS in files
    if not (portable or by_endpoint or spec.serve == "none"):
        return not_portable(read_undamaged(bucket, spec.dataset), spec.dataset)
    if by_endpoint and not in_service and _must_wait(read_undamaged(bucket, spec.dataset), version):
        said = ensure(bucket, spec.dataset, version)
        return message("serving.waits", dataset=spec.dataset, said=said)
    why = cache(partial(_unfit, bucket, spec, version, files.get("predictions")))
    try:
        live = change_live(
            bucket,
            spec.dataset,
            lambda before: before.published(
                version, canary, _doubt(bucket, spec, version, before, why), datetime.now(UTC)
            ),
        )
    except DamagedError:
        logger.error("live.json is damaged")
        return damaged(spec.dataset)
    return said_of(live, version, spec.dataset, why)


def _version(spec: ModelJob) -> Version:
    return Version(spec.job, spec.target, spec.uploaded, spec.keep_requests, spec.serve)


def _must_wait(live: Live | None, version: Version) -> bool:
    """Whether another model answers until this one's endpoint is there."""
    now = datetime.now(UTC)
    return live is not None and bool(live.answering(now)) and not live.knows(version)


def _doubt(
    bucket: str, spec: ModelJob, version: Version, live: Live, why: Callable[[], Message | None]
) -> Doubt | None:
    champion = live.settled(datetime.now(UTC)).champion
    if champion is None or not live.on or live.knows(version):
        return None
    performance = stored.read_json(bucket, f"{spec.results_folder}{spec.file_stem}{PERFORMANCE}")
    return doubt_of(version, champion, spec.take_over, performance, why)


def _unfit(
    bucket: str, spec: ModelJob, version: Version, predictions: str | None
) -> Message | None:
    """Load the model as the API does, and let it answer rows of its own predictions file."""
    try:
        model = load_version(bucket, spec.dataset, version)
    except ConflictError as error:
        return error.message
    if predictions is None or spec.test is None or not spec.test.file.endswith(COMPARED):
        return None
    head = stored.read_beginning(bucket, predictions, MOST_BYTES)
    return unfit(model, head, points=spec.test.delimiter == COMMA)
