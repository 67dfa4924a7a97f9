"""The few things the functions do with SageMaker's training jobs."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bucket as datasets
import ledger
from automl.counts import Count
from automl.dataset import Dataset
from automl.errors import RefusedError, TooEarlyError
from automl.plan import TrainingPlan
from automl.prediction_job import asks_for_predictions, prediction_job_name, prediction_spec
from automl.second_try import second_try
from automl.stack import Stack
from automl.training_job import (
    attempt_name,
    job_files,
    job_json_key,
    job_name,
    job_spec,
    model_key,
    training_request,
)
from automl.training_source import TrainingSource
from automl.translator import TranslatorPlan, translator_job_name, translator_spec
from clients import client
from job_descriptions import described
from observe import about, tally

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

sagemaker: "SageMakerClient" = client("sagemaker")
source = TrainingSource(Path(os.environ["TRAINING_SOURCE_DIR"]))


@dataclass(frozen=True)
class Job:
    """A job that there is."""

    spec: dict[str, Any]
    """Its job.json."""
    status: str
    channels: tuple[str, ...]
    fresh: bool = False
    """Whether it is there because of this call."""
    failure_reason: str = ""
    billed_seconds: int = 0


def start(bucket: str, plan: TrainingPlan | TranslatorPlan, stack: Stack) -> dict[str, Any]:
    """Create the plan's job unless it exists; called again, or at once, one job comes of it.

    A test file that the dataset's training job has not seen gets a job that predicts it.
    Returns the job's job.json; raises TooEarlyError when its model is not ready, RefusedError when
    it is gone, either OverBudgetError or RefusedError when the month's budget is too small, and
    ClientError with the code that AWS gives.
    """
    job = _job_of(bucket, plan, stack)
    about(job=job.spec["job"])
    tally(Count.STARTED if job.fresh else Count.DUPLICATES)
    return job.spec


def _job_of(bucket: str, plan: TrainingPlan | TranslatorPlan, stack: Stack) -> Job:
    if isinstance(plan, TranslatorPlan):
        name = translator_job_name(bucket, plan)
        spec = partial(translator_spec, plan=plan, stack=stack, source_key=source.key)
        return _start(bucket, name, plan.files.versions, spec, stack)
    job = _start(
        bucket,
        job_name(bucket, plan),
        plan.files.versions,
        lambda name: job_spec(name, plan, stack, source.key, _model_before(bucket, plan.dataset)),
        stack,
    )
    if not asks_for_predictions(job.spec, job.status, job.channels, plan.files.test):
        return job
    if job.status != "Completed":
        raise TooEarlyError(job.spec)
    return _predict(bucket, plan, job.spec, stack)


def _predict(bucket: str, plan: TrainingPlan, model: dict[str, Any], stack: Stack) -> Job:
    name = prediction_job_name(bucket, model["job"], plan)
    spec = partial(prediction_spec, plan=plan, stack=stack, source_key=source.key, model=model)
    if not datasets.exists(bucket, model_key(model["job"])):
        raise RefusedError(
            f"The model of training job {model['job']} is no longer in the bucket, so it cannot "
            "predict the test file; upload the train file under another name to train again."
        )
    return _start(bucket, name, plan.files.versions, spec, stack)


def _start(
    bucket: str,
    first: str,
    versions: dict[str, str | None],
    describe: Callable[[str], dict[str, Any]],
    stack: Stack,
) -> Job:
    while True:
        attempt = _next_attempt(bucket, first, versions, stack.region)
        if attempt.job:
            return attempt.job
        spec = {**describe(attempt.name), **attempt.changes}
        ledger.set_aside(bucket, spec, stack.monthly_budget_usd)
        if _put_inputs(bucket, spec, attempt.etag):
            return _create(bucket, spec, stack)


@dataclass(frozen=True)
class Attempt:
    """At the job of some files."""

    name: str
    job: Job | None
    """None when it is still to be created."""
    etag: str | None
    """Of job.json, from before the job was looked for."""
    changes: dict[str, Any] = field(default_factory=dict)
    """What is different in job.json after too little memory."""


def _next_attempt(bucket: str, name: str, versions: dict[str, str | None], region: str) -> Attempt:
    """The job that these files already have; or the first free name.

    After a job without a model, only a fresh upload gets another attempt, or too little memory.
    """
    changes: dict[str, Any] = {}
    for attempt in count(1):
        candidate = attempt_name(name, attempt)
        # Whoever creates the job writes job.json before: what is read here is older than it.
        _, etag = datasets.read_marked(bucket, job_json_key(candidate))
        job = _find(bucket, candidate)
        if job is None:
            return Attempt(candidate, None, etag, changes)
        changes = _second_try(job, versions, region)
        same = job.spec["versions"] == versions
        if job.status not in ("Failed", "Stopped") or (same and not changes):
            return Attempt(candidate, job, etag)
    raise AssertionError("attempts have no end")


def _second_try(job: Job, versions: dict[str, str | None], region: str) -> dict[str, Any]:
    """What is different after too little memory, also when another test file came meanwhile."""
    given = job.spec["versions"]
    if any(given[file] != versions[file] for file in ("train", "settings")):
        return {}
    return second_try(job.failure_reason, job.billed_seconds, job.spec, region)


def _find(bucket: str, name: str) -> Job | None:
    found = described(name)
    if found is None:
        return None
    spec = datasets.read_json(bucket, job_json_key(name))
    return Job(
        spec,
        found["TrainingJobStatus"],
        _channels(found),
        failure_reason=found.get("FailureReason", ""),
        billed_seconds=found.get("BillableTimeInSeconds", 0),
    )


def _model_before(bucket: str, dataset: Dataset) -> str | None:
    """The key of the model that the dataset has had so far."""
    known = datasets.read_json(bucket, f"{dataset.results_prefix}model.json")
    return known["model"] if known and datasets.exists(bucket, known["model"]) else None


def _put_inputs(bucket: str, spec: dict[str, Any], etag: str | None) -> bool:
    """Whether everything is there; not when another delivery has described the job meanwhile."""
    if not datasets.exists(bucket, source.key):
        datasets.put(bucket, source.key, source.tarball(), "application/gzip")
    files, key = job_files(bucket, spec), job_json_key(spec["job"])
    if not datasets.replace_marked(bucket, key, files.pop(key), "application/json", etag):
        return False
    for key, content in files.items():
        datasets.put(bucket, key, content, "application/json")
    return True


def _create(bucket: str, spec: dict[str, Any], stack: Stack) -> Job:
    request = training_request(bucket, spec, stack)
    try:
        sagemaker.create_training_job(**request)
    except sagemaker.exceptions.ResourceInUse:
        # Another delivery of the same upload was faster, and may have seen other files.
        faster = _find(bucket, spec["job"])
        assert faster is not None
        return faster
    return Job(spec, "InProgress", _channels(request), fresh=True)


def _channels(job: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(channel["ChannelName"] for channel in job["InputDataConfig"])
