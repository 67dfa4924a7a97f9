"""Let the model of an ended job answer requests, unless something speaks against it."""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache, partial

from api.errors import ConflictError
from aws import stored
from aws.live_files import change_live, read_live
from aws.portable_models import load_version
from aws.telemetry import logger
from contract.job import Job, ModelJob
from contract.layout import PERFORMANCE
from contract.live import Canary, DamagedError, Doubt, Live, Version
from contract.messages import Message
from pipeline.results import EndedJob
from pipeline.status import Status
from pipeline.taking_over import damaged, doubt_of, not_portable, said_of
from serving.smoke_test import MOST_BYTES, unfit

canary = Canary(float(os.environ["CANARY_SHARE"]), float(os.environ["CANARY_MINUTES"]))
# Other kinds of tables are read by their types, which a CSV of them does not have.
COMPARED = (".csv", ".csv.gz")
COMMA = ","


def take_over(job: EndedJob, spec: Job, status: Status) -> Status:
    """The status with what became of the model; done twice, it is decided once."""
    if not isinstance(spec, ModelJob) or status.state != "completed":
        return status
    said = _take_over(job, spec, status)
    return replace(status, details=(*status.details, said)) if said else status


def _take_over(job: EndedJob, spec: ModelJob, status: Status) -> Message | None:
    if "portable model" not in status.files:
        return not_portable(_live(job.bucket, spec), spec.dataset)
    version = Version(spec.job, spec.target, spec.uploaded, spec.keep_requests)
    why = cache(partial(_unfit, job.bucket, spec, version, status.files.get("predictions")))
    try:
        live = change_live(
            job.bucket,
            spec.dataset,
            lambda before: before.published(
                version, canary, _doubt(job.bucket, spec, version, before, why), datetime.now(UTC)
            ),
        )
    except DamagedError:
        logger.error("live.json is damaged")
        return damaged(spec.dataset)
    return said_of(live, version, spec.dataset, why)


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
        model = load_version(bucket, spec.dataset, version).model
    except ConflictError as error:
        return error.message
    if predictions is None or spec.test is None or not spec.test.file.endswith(COMPARED):
        return None
    head = stored.read_beginning(bucket, predictions, MOST_BYTES)
    return unfit(model, head, points=spec.test.delimiter == COMMA)


def _live(bucket: str, spec: ModelJob) -> Live | None:
    try:
        return read_live(bucket, spec.dataset)
    except DamagedError:
        logger.error("live.json is damaged")
        return None
