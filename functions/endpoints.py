"""The few things the functions do with SageMaker's endpoints."""

import os
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from automl.endpoint import (
    EndpointPlace,
    config_request,
    deployed_in_words,
    endpoint_request,
    model_request,
)
from clients import client

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker.type_defs import DescribeEndpointOutputTypeDef

sagemaker: "SageMakerClient" = client("sagemaker")
place = EndpointPlace.from_environ(os.environ)
# SageMaker has no code of its own for what is missing, what is there already and what is busy.
VALIDATION = ("ValidationException", "ValidationError", "ResourceNotFound")


def deploy(bucket: str, spec: dict[str, Any]) -> str:
    """Put a finished translator behind its pair's endpoint; answers a sentence for the status.

    Called again it changes nothing: names follow from the job.
    """
    if not place.deploys:
        return "It is not behind an endpoint: the stack's parameter DeployTranslator is false."
    before = describe(place.endpoint(spec))
    if before and before["EndpointConfigName"] == spec["job"]:
        return deployed_in_words(spec, place)
    try:
        _make_version(bucket, spec)
        if before:
            sagemaker.update_endpoint(
                EndpointName=place.endpoint(spec), EndpointConfigName=spec["job"]
            )
        else:
            sagemaker.create_endpoint(**endpoint_request(spec, place))
    except ClientError as error:
        reason = error.response["Error"]["Message"]
        return f"It could not be put behind its endpoint; upload its file again. AWS says: {reason}"
    return deployed_in_words(spec, place)


def describe(name: str) -> "DescribeEndpointOutputTypeDef | None":
    """The endpoint as it is now; None when there is none."""
    try:
        return sagemaker.describe_endpoint(EndpointName=name)
    except ClientError as error:
        if error.response["Error"]["Code"] in VALIDATION:
            return None
        raise


def delete(name: str) -> None:
    sagemaker.delete_endpoint(EndpointName=name)


def _make_version(bucket: str, spec: dict[str, Any]) -> None:
    """Model and configuration, which are there already when an endpoint comes back."""
    for create, request in (
        (sagemaker.create_model, model_request(bucket, spec, place)),
        (sagemaker.create_endpoint_config, config_request(spec, place)),
    ):
        try:
            create(**request)
        except ClientError as error:
            if "already exist" not in error.response["Error"]["Message"]:
                raise
