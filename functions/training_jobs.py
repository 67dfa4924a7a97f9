"""The few things the functions do with SageMaker's training jobs."""

import os
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import ClientError

import bucket as datasets
from automl.plan import TrainingPlan
from automl.second_try import second_try
from automl.stack import Stack
from automl.training_job import attempt_name, job_files, job_name, job_spec, training_request
from automl.training_source import TrainingSource
from automl.translator import TranslatorPlan, translator_job_name, translator_spec

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker.type_defs import DescribeTrainingJobResponseTypeDef

sagemaker: "SageMakerClient" = boto3.client("sagemaker")
source = TrainingSource(Path(os.environ["TRAINING_SOURCE_DIR"]))


def start(bucket: str, plan: TrainingPlan | TranslatorPlan, stack: Stack) -> dict[str, Any]:
    """Create the plan's job unless it exists; called again, or at once, one job comes of it.

    Returns the job's job.json; raises ClientError with the code that AWS gives.
    """
    if isinstance(plan, TranslatorPlan):
        first, describe = translator_job_name(bucket, plan), partial(translator_spec, plan=plan)
    else:
        first, describe = job_name(bucket, plan), partial(job_spec, plan=plan)
    name, given, changes = _next_attempt(bucket, first, plan.files.versions, stack.region)
    if given is None:
        given = {**describe(name, stack=stack, source_key=source.key), **changes}
        _put_inputs(bucket, given)
        _create(training_request(bucket, given, stack))
    return given


def _next_attempt(
    bucket: str, name: str, versions: dict[str, str | None], region: str
) -> tuple[str, dict[str, Any] | None, dict[str, Any]]:
    """The job that these files already have, with its job.json; or the first free name.

    After a job without a model, only a fresh upload gets another attempt, or too little memory;
    then the last says what is different in its job.json.
    """
    changes: dict[str, Any] = {}
    for attempt in count(1):
        candidate = attempt_name(name, attempt)
        job = _described(candidate)
        if job is None:
            break
        given: dict[str, Any] = datasets.read_json(bucket, f"jobs/{candidate}/job.json")
        same = given["versions"] == versions
        reason, seconds = job.get("FailureReason", ""), job.get("BillableTimeInSeconds", 0)
        changes = second_try(reason, seconds, given, region) if same else {}
        if job["TrainingJobStatus"] not in ("Failed", "Stopped") or (same and not changes):
            return candidate, given, {}
    return candidate, None, changes


def _described(name: str) -> "DescribeTrainingJobResponseTypeDef | None":
    try:
        return sagemaker.describe_training_job(TrainingJobName=name)
    except ClientError as error:
        # SageMaker has no code of its own for a job that does not exist.
        if error.response["Error"]["Code"] in ("ValidationException", "ResourceNotFound"):
            return None
        raise


def _put_inputs(bucket: str, spec: dict[str, Any]) -> None:
    if not datasets.exists(bucket, source.key):
        datasets.put(bucket, source.key, source.tarball(), "application/gzip")
    for key, content in job_files(bucket, spec).items():
        datasets.put(bucket, key, content, "application/json")


def _create(request: dict[str, Any]) -> None:
    try:
        sagemaker.create_training_job(**request)
    except sagemaker.exceptions.ResourceInUse:
        # Another delivery of the same upload was faster.
        return
