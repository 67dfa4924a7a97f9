"""The few things that are done to what a stack made while it lived."""

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from automl.clean_up import OutOfTimeError, belongs_to
from clients import client

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient

SecondsLeft = Callable[[], float]

s3: "S3Client" = client("s3")
sagemaker: "SageMakerClient" = client("sagemaker")
PAUSE_SECONDS = 5
# What the other steps and the answer need.
RESERVE_SECONDS = 120
RUNNING = ("InProgress", "Stopping")
# SageMaker has no code of its own for what has ended, is busy or is missing.
VALIDATION = ("ValidationException", "ValidationError", "ResourceNotFound")
MISSING = ("could not find", "not found")


def stop_jobs(stack: str, seconds_left: SecondsLeft) -> list[str]:
    """Stop the stack's training jobs, and wait until they have written what they will."""
    names = [
        name
        for status in RUNNING
        for name in _made_by(stack, "training_jobs", "TrainingJob", StatusEquals=status)
    ]
    for name in names:
        _unless_it_is_over(sagemaker.stop_training_job, TrainingJobName=name)
    while seconds_left() > RESERVE_SECONDS and any(map(_runs, names)):
        time.sleep(PAUSE_SECONDS)
    return names


def delete_endpoints(stack: str, seconds_left: SecondsLeft) -> list[str]:
    names = _made_by(stack, "endpoints", "Endpoint")
    for name in names:
        _delete_endpoint(name, seconds_left)
    return names


def delete_models(stack: str, name_contains: str) -> list[str]:
    """The models of the stack, and the endpoint configurations that name them."""
    configs = _made_by(stack, "endpoint_configs", "EndpointConfig", NameContains=name_contains)
    for name in configs:
        sagemaker.delete_endpoint_config(EndpointConfigName=name)
    models = _made_by(stack, "models", "Model", NameContains=name_contains)
    for name in models:
        sagemaker.delete_model(ModelName=name)
    return [*configs, *models]


def delete_bucket(bucket: str, seconds_left: SecondsLeft) -> None:
    """With every version of everything; what is written meanwhile goes too."""
    while True:
        try:
            _empty(bucket, seconds_left)
            s3.delete_bucket(Bucket=bucket)
            return
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "NoSuchBucket":
                return
            if code != "BucketNotEmpty":
                raise
        time.sleep(PAUSE_SECONDS)


def _empty(bucket: str, seconds_left: SecondsLeft) -> None:
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        if seconds_left() < 0:
            raise OutOfTimeError(
                f"The bucket {bucket} holds more than can be deleted in one go; delete the stack "
                "again to go on."
            )
        found: list[Any] = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        versions: list[Any] = [{k: entry[k] for k in ("Key", "VersionId")} for entry in found]
        if versions:
            _delete_versions(bucket, versions)


def _delete_versions(bucket: str, versions: list[Any]) -> None:
    done = s3.delete_objects(Bucket=bucket, Delete={"Objects": versions, "Quiet": True})
    for error in done.get("Errors", []):
        raise OSError(f"{error.get('Key')} could not be deleted: {error.get('Message')}")


def _made_by(stack: str, listed: str, kind: str, **only: str) -> list[str]:
    """The names of all things of a kind that carry the stack's tag."""
    pages: Iterable[Any] = cast(Any, sagemaker).get_paginator(f"list_{listed}").paginate(**only)
    entries = [entry for page in pages for entry in _entries(page)]
    return [entry[f"{kind}Name"] for entry in entries if _is_of(stack, entry[f"{kind}Arn"])]


def _entries(page: dict[str, Any]) -> list[dict[str, Any]]:
    """The one list of a page, whatever its name."""
    return next(value for value in page.values() if isinstance(value, list))


def _runs(name: str) -> bool:
    described = sagemaker.describe_training_job(TrainingJobName=name)
    return described["TrainingJobStatus"] in RUNNING


def _is_of(stack: str, arn: str) -> bool:
    pages = sagemaker.get_paginator("list_tags").paginate(ResourceArn=arn)
    return belongs_to(stack, {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]})


def _unless_it_is_over(action: Callable[..., object], **given: str) -> None:
    try:
        action(**given)
    except ClientError as error:
        if error.response["Error"]["Code"] not in VALIDATION:
            raise


def _delete_endpoint(name: str, seconds_left: SecondsLeft) -> None:
    """An endpoint that is just being made or updated cannot be deleted yet."""
    while True:
        try:
            sagemaker.delete_endpoint(EndpointName=name)
            return
        except ClientError as error:
            code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
            if code in VALIDATION and any(sign in message.lower() for sign in MISSING):
                return
            if code not in VALIDATION or seconds_left() < 0:
                raise
        time.sleep(PAUSE_SECONDS)
