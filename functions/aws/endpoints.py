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
from translation.endpoint import (
    EndpointSettings,
    Translator,
    config_request,
    endpoint_request,
    failed_message,
    model_request,
    next_step,
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
    try:
        return _deploy(bucket, spec)
    except ClientError as error:
        if reason_to_wait(error) not in (None, QUOTA):
            raise
        return failed_message(error.response["Error"]["Message"])


def describe(name: str) -> Mapping[str, Any] | None:
    """Describe the endpoint; None when it does not exist."""
    try:
        return sagemaker.describe_endpoint(EndpointName=name)
    except ClientError as error:
        if does_not_exist(error):
            return None
        raise


def delete(name: str) -> None:
    sagemaker.delete_endpoint(EndpointName=name)


def _deploy(bucket: str, spec: Translator) -> Message:
    name = settings.endpoint(spec)
    before = describe(name)
    step = next_step(before, spec)
    if step in ("nothing", "wait"):
        return state_message(before, spec, settings)
    if step == "replace":
        _clear(name)
    _make_version(bucket, spec)
    if step == "update":
        sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=spec.job)
    else:
        sagemaker.create_endpoint(**endpoint_request(spec, settings))
    return state_message(None, spec, settings)


def _clear(name: str) -> None:
    """Delete an endpoint with which nothing else can be done, and wait until its name is free."""
    deadline = time.monotonic() + GONE_SECONDS
    while (endpoint := describe(name)) is not None:
        if time.monotonic() > deadline:
            raise EndpointBusyError(f"The endpoint {name} is still being deleted.")
        if endpoint["EndpointStatus"] != "Deleting":
            delete(name)
        time.sleep(PAUSE_SECONDS)


def _make_version(bucket: str, spec: Translator) -> None:
    """Create model and configuration unless an earlier deployment left them."""
    for create, request in (
        (sagemaker.create_model, model_request(bucket, spec, settings)),
        (sagemaker.create_endpoint_config, config_request(spec, settings)),
    ):
        try:
            create(**request)
        except ClientError as error:
            if "already exist" not in error.response["Error"]["Message"]:
                raise
