"""Find and create SageMaker training jobs."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from automl.model_job import job_name, model_job
from automl.plan import TrainingPlan
from automl.prediction_job import asks_for_predictions, prediction_job, prediction_job_name
from aws import ledger, objects, stored
from aws.clients import client
from aws.errors import refused
from aws.job_descriptions import described
from aws.live_files import read_live
from aws.telemetry import about, tally
from contract.job import Job, ModelJob, Versions
from contract.layout import job_json_key, model_json_key, model_key
from contract.messages import message
from pipeline.aws_errors import has_no_quota
from pipeline.counts import Count
from pipeline.errors import ModelNotReadyError, OverBudgetError, RefusedError, ReplacedError
from pipeline.machines import without_quota
from pipeline.out_of_memory_retry import OutOfMemoryRetry, out_of_memory_retry
from pipeline.stack import Stack
from pipeline.training_job import attempt_name, job_files, pinned, pins, training_request
from pipeline.training_source import TrainingSource
from translation.training import TranslatorPlan, translator_job, translator_job_name

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

sagemaker: "SageMakerClient" = client("sagemaker")
source = TrainingSource(Path(os.environ["TRAINING_SOURCE_DIR"]))


@dataclass(frozen=True)
class Existing:
    """An existing SageMaker training job."""

    job: Job
    """Its job.json."""
    status: str
    channels: Mapping[str, str]
    """Name → where its files are listed."""
    fresh: bool = False
    """True if this call created it."""
    failure_reason: str = ""
    billed_seconds: int = 0


def start(bucket: str, plan: TrainingPlan | TranslatorPlan, stack: Stack) -> Job:
    """Create the plan's job unless it exists; called again, or at once, one job comes of it.

    A test file that the dataset's training job has not seen gets a job that predicts it.
    Raises ModelNotReadyError when its model is not ready, RefusedError when it is gone, either
    OverBudgetError or RefusedError when the month's budget is too small, and ClientError with the
    code that AWS gives.
    """
    existing = _job_of(bucket, plan, stack)
    about(job=existing.job.job)
    tally(Count.STARTED if existing.fresh else Count.DUPLICATES)
    return existing.job


def _job_of(bucket: str, plan: TrainingPlan | TranslatorPlan, stack: Stack) -> Existing:
    if isinstance(plan, TranslatorPlan):
        name = translator_job_name(bucket, plan)
        return _start(
            bucket,
            name,
            plan,
            lambda name: translator_job(
                name, plan, stack, source.key, _model_before(bucket, plan.data.name)
            ),
            stack,
        )
    found = _start(
        bucket,
        job_name(bucket, plan),
        plan,
        lambda name: model_job(
            name, plan, stack, source.key, _model_before(bucket, plan.dataset.name)
        ),
        stack,
    )
    if not isinstance(found.job, ModelJob) or not asks_for_predictions(
        found.job, found.status, found.channels, plan.files.test
    ):
        return found
    if found.status != "Completed":
        raise ModelNotReadyError(found.job)
    return _predict(bucket, plan, found.job, stack)


def _predict(bucket: str, plan: TrainingPlan, model: ModelJob, stack: Stack) -> Existing:
    name = prediction_job_name(bucket, model.job, plan)
    describe = partial(prediction_job, plan=plan, stack=stack, source_key=source.key, model=model)
    if not stored.exists(bucket, model_key(model.job)):
        raise RefusedError(message("data.model_gone", job=model.job))
    return _start(bucket, name, plan, describe, stack)


def _start(
    bucket: str,
    first: str,
    plan: TrainingPlan | TranslatorPlan,
    describe: Callable[[str], Job],
    stack: Stack,
) -> Existing:
    """Start the job on the next machine within its cap where the account may not use the first."""
    no_quota: dict[str, ClientError] = {}
    while True:
        attempt = _next_attempt(bucket, first, plan.files.versions, stack.region)
        if attempt.existing:
            return attempt.existing
        job = pinned(describe(attempt.name))
        if attempt.second:
            job = attempt.second.of(job)
        chosen = without_quota(job, tuple(no_quota), stack.region)
        if chosen is None or (no_quota and plan.settings.instance_type):
            # What is waited for is the machine that would have been taken.
            raise next(iter(no_quota.values()))
        try:
            ledger.reserve(bucket, chosen.job, chosen.worst_case_usd, stack.monthly_budget_usd)
        except (OverBudgetError, RefusedError):
            if no_quota:
                # The budget may have room for the machine that would have been taken.
                raise next(iter(no_quota.values())) from None
            raise
        if not _put_inputs(bucket, chosen, attempt.etag):
            continue
        try:
            return _create(bucket, chosen, stack)
        except ClientError as error:
            said = refused(error)
            if said is None or not has_no_quota(said.code, said.message):
                raise
            no_quota[chosen.instance_type] = error


@dataclass(frozen=True)
class Attempt:
    """One attempt at the job of a given set of files."""

    name: str
    existing: Existing | None
    """None when the job does not exist yet."""
    etag: str | None
    """ETag of job.json, read before the job was looked up."""
    second: OutOfMemoryRetry | None = None
    """What differs in job.json when this attempt is a retry after too little memory."""


def _next_attempt(bucket: str, name: str, versions: Versions, region: str) -> Attempt:
    """The job that these files already have; or the first free name.

    After a job without a model, only a fresh upload gets another attempt, or too little memory.
    """
    second: OutOfMemoryRetry | None = None
    for attempt in count(1):
        candidate = attempt_name(name, attempt)
        # job.json is always written before its job exists, so this read predates the job.
        _, etag = stored.read_with_etag(bucket, job_json_key(candidate))
        existing = _find(bucket, candidate)
        if existing is None:
            return Attempt(candidate, None, etag, second)
        second = _out_of_memory_retry(existing, versions, region)
        same = existing.job.versions == versions
        if existing.status not in ("Failed", "Stopped") or (same and not second):
            return Attempt(candidate, existing, etag)
    raise AssertionError("attempts have no end")


def _out_of_memory_retry(
    existing: Existing, versions: Versions, region: str
) -> OutOfMemoryRetry | None:
    """Return the retry that is due, even if another test file arrived meanwhile."""
    given = existing.job.versions
    if (given.train, given.settings) != (versions.train, versions.settings):
        return None
    return out_of_memory_retry(
        existing.failure_reason, existing.billed_seconds, existing.job, region
    )


def _find(bucket: str, name: str) -> Existing | None:
    found = described(name)
    if found is None:
        return None
    return Existing(
        objects.read_job(bucket, name),
        found["TrainingJobStatus"],
        _channels(found),
        failure_reason=found.get("FailureReason", ""),
        billed_seconds=found.get("BillableTimeInSeconds", 0),
    )


def _model_before(bucket: str, dataset: str) -> str | None:
    """Return the key of the model that a new one is compared with; None without one.

    That is the one which answers requests; else the newest.
    """
    try:
        live = read_live(bucket, dataset)
    except ValueError:
        live = None
    champion = live.settled(datetime.now(UTC)).champion if live else None
    known = stored.read_json(bucket, model_json_key(dataset))
    found = [model_key(champion.job)] if champion else []
    found += [known["model"]] if known else []
    return next((key for key in found if stored.exists(bucket, key)), None)


def _put_inputs(bucket: str, job: Job, etag: str | None) -> bool:
    """Write the job's inputs; False when another delivery wrote its job.json meanwhile.

    Raises ReplacedError when an input file is no longer as it was looked at.
    """
    for file, copy in pins(job):
        if not stored.exists(bucket, copy) and not objects.copy_if_unchanged(
            bucket, file.key, file.etag_of_key, copy, file.bytes or 0
        ):
            raise ReplacedError(file.key)
    if not stored.exists(bucket, source.key):
        objects.put(bucket, source.key, source.tarball(), "application/gzip")
    files, key = job_files(bucket, job), job_json_key(job.job)
    if not objects.put_if_unchanged(bucket, key, files.pop(key), "application/json", etag):
        return False
    for key, content in files.items():
        objects.put(bucket, key, content, "application/json")
    return True


def _create(bucket: str, job: Job, stack: Stack) -> Existing:
    request = training_request(bucket, job, stack)
    try:
        sagemaker.create_training_job(**request)
    except sagemaker.exceptions.ResourceInUse:
        # Another delivery of the same upload was faster, and may have seen other files.
        faster = _find(bucket, job.job)
        assert faster is not None
        return faster
    return Existing(job, "InProgress", _channels(request), fresh=True)


def _channels(described: Mapping[str, Any]) -> dict[str, str]:
    return {
        channel["ChannelName"]: channel["DataSource"]["S3DataSource"]["S3Uri"]
        for channel in described["InputDataConfig"]
    }
