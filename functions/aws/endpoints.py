"""Describe, deploy and delete SageMaker endpoints."""

import os
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from aws.clients import client
from aws.errors import does_not_exist
from aws.transient_errors import reason_to_wait
from contract.messages import Message, message
from pipeline.aws_errors import QUOTA
from pipeline.endpoint import (
    DELETING,
    EndpointVersion,
    Step,
    config_request,
    endpoint_request,
    model_request,
    next_step,
)
from translation.endpoint import (
    EndpointSettings,
    Translator,
    failed_message,
    served,
    state_message,
)

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

sagemaker: "SageMakerClient" = client("sagemaker")
settings = EndpointSettings.from_environ(os.environ)
# Deleting takes seconds; the functions that wait have a minute at least.
GONE_SECONDS, PAUSE_SECONDS = 30.0, 0.5


class EndpointBusyError(Exception):
    """Raised when an endpoint that is being deleted is still there; trying again helps."""


def deploy(bucket: str, spec: Translator) -> Message:
    """Deploy a finished translator to its pair's endpoint; returns a message for the status.

    Called again it changes nothing: names follow from the job. An endpoint that is just being
    changed is left alone: its next event calls again. Raises EndpointBusyError, and ClientError
    where trying again helps.
    """
    if not settings.deploys:
        return message("detail.no_endpoint")
    version = served(spec, settings)
    try:
        before = describe(version.endpoint)
        step = bring(bucket, version, before)
    except ClientError as error:
        return failed_message(refusal(error))
    return state_message(before if step in ("nothing", "wait") else None, spec, settings)


def refusal(error: ClientError) -> str:
    """What AWS says of an endpoint that it will not make; raises the error where it may yet."""
    if reason_to_wait(error) not in (None, QUOTA):
        raise error
    return str(error.response["Error"]["Message"])


def bring(bucket: str, version: EndpointVersion, before: Mapping[str, Any] | None) -> Step:
    """Do what brings a version behind its endpoint, as that is described; return what it was.

    Raises EndpointBusyError and ClientError.
    """
    step = next_step(before, version.version)
    if step in ("nothing", "wait"):
        return step
    if step == "replace":
        _clear(version.endpoint)
    _make_version(bucket, version)
    if step == "update":
        sagemaker.update_endpoint(EndpointName=version.endpoint, EndpointConfigName=version.version)
    else:
        sagemaker.create_endpoint(**endpoint_request(version, settings.owner))
    return step


def describe(name: str) -> Mapping[str, Any] | None:
    """Describe the endpoint; None when it does not exist."""
    try:
        return sagemaker.describe_endpoint(EndpointName=name)
    except ClientError as error:
        if does_not_exist(error):
            return None
        raise


def names(prefix: str) -> list[str]:
    """The endpoints whose names begin so."""
    pages = sagemaker.get_paginator("list_endpoints").paginate(NameContains=prefix)
    found = [one["EndpointName"] for page in pages for one in page["Endpoints"]]
    return [name for name in found if name.startswith(prefix)]


def delete(name: str) -> None:
    sagemaker.delete_endpoint(EndpointName=name)


def _clear(name: str) -> None:
    """Delete an endpoint with which nothing else can be done, and wait until its name is free."""
    deadline = time.monotonic() + GONE_SECONDS
    while (endpoint := describe(name)) is not None:
        if time.monotonic() > deadline:
            raise EndpointBusyError(f"The endpoint {name} is still being deleted.")
        if endpoint["EndpointStatus"] != DELETING:
            delete(name)
        time.sleep(PAUSE_SECONDS)


def _make_version(bucket: str, version: EndpointVersion) -> None:
    """Create model and configuration unless an earlier deployment left them."""
    for create, request in (
        (sagemaker.create_model, model_request(bucket, version, settings.owner)),
        (sagemaker.create_endpoint_config, config_request(version, settings.owner)),
    ):
        try:
            create(**request)
        except ClientError as error:
            if "already exist" not in error.response["Error"]["Message"]:
                raise
