"""Delete resources that a stack created at run time."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from aws.clients import client
from aws.errors import SAGEMAKER_VALIDATION
from aws.job_descriptions import described
from pipeline.clean_up import OutOfTimeError, belongs_to

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
FORBIDDEN = ("AccessDeniedException", "AccessDenied")
MISSING = ("could not find", "not found")


def stop_jobs(stack: str, seconds_left: SecondsLeft) -> list[str]:
    """Stop the stack's training jobs, and wait until they have written what they will."""
    names = []
    for status in RUNNING:
        # Each is stopped as soon as it is found: a job costs until then, whatever fails later.
        for name in _made_by(stack, "training_jobs", "TrainingJob", StatusEquals=status):
            _unless_gone(sagemaker.stop_training_job, TrainingJobName=name)
            names.append(name)
    while seconds_left() > RESERVE_SECONDS and any(map(_runs, names)):
        time.sleep(PAUSE_SECONDS)
    return names


def delete_endpoints(stack: str, prefixes: tuple[str, ...], seconds_left: SecondsLeft) -> list[str]:
    names = list(_made_by(stack, "endpoints", "Endpoint", prefixes))
    for name in names:
        _delete_endpoint(name, seconds_left)
    return names


def delete_models(stack: str, prefix: str) -> list[str]:
    """The models of the stack, and the endpoint configurations that name them."""
    only = {"NameContains": prefix}
    configs = list(_made_by(stack, "endpoint_configs", "EndpointConfig", prefix, **only))
    for name in configs:
        _unless_gone(sagemaker.delete_endpoint_config, EndpointConfigName=name)
    models = list(_made_by(stack, "models", "Model", prefix, **only))
    for name in models:
        _unless_gone(sagemaker.delete_model, ModelName=name)
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


def _made_by(
    stack: str, listed: str, kind: str, begin: str | tuple[str, ...] = "", **only: str
) -> Iterator[str]:
    """The names of all things of a kind that begin so and carry the stack's tag, one by one."""
    pages: Iterable[Any] = cast(Any, sagemaker).get_paginator(f"list_{listed}").paginate(**only)
    for entry in [entry for page in pages for entry in _entries(page)]:
        name = entry[f"{kind}Name"]
        # The lists of SageMaker spell ARNs in small letters, ListTags wants them as they are.
        arn = f"{entry[f'{kind}Arn'].rpartition('/')[0]}/{name}"
        if name.startswith(begin) and _is_of(stack, arn):
            yield name


def _entries(page: dict[str, Any]) -> list[dict[str, Any]]:
    """The one list of a page, whatever its name."""
    return next(value for value in page.values() if isinstance(value, list))


def _runs(name: str) -> bool:
    job = described(name)
    return job is not None and job["TrainingJobStatus"] in RUNNING


def _is_of(stack: str, arn: str) -> bool:
    """Whether a thing is the stack's; false for what is gone or may not be looked at."""
    pages = sagemaker.get_paginator("list_tags").paginate(ResourceArn=arn)
    try:
        tags = {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}
    except ClientError as error:
        if error.response["Error"]["Code"] in (*SAGEMAKER_VALIDATION, *FORBIDDEN):
            return False
        raise
    return belongs_to(stack, tags)


def _unless_gone(action: Callable[..., object], **given: str) -> None:
    """Nor is a job stopped that is over."""
    try:
        action(**given)
    except ClientError as error:
        if error.response["Error"]["Code"] not in SAGEMAKER_VALIDATION:
            raise


def _delete_endpoint(name: str, seconds_left: SecondsLeft) -> None:
    """An endpoint that is just being made or updated cannot be deleted yet."""
    while True:
        try:
            sagemaker.delete_endpoint(EndpointName=name)
            return
        except ClientError as error:
            code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
            if code in SAGEMAKER_VALIDATION and any(sign in message.lower() for sign in MISSING):
                return
            if code not in SAGEMAKER_VALIDATION or seconds_left() < 0:
                raise
        time.sleep(PAUSE_SECONDS)
