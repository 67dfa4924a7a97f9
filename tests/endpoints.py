"""Endpoints that behave as a test needs them: real processes that serve a few lines of code."""

import io
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from textwrap import dedent
from typing import Any

from moto.sagemaker.models import sagemaker_backends

from codefree.aws import ACCOUNT
from codefree.cloud import Cloud
from codefree.endpoint_service import IN_PROGRESS
from pipeline.model_endpoint import endpoint_of
from tests.conftest import eventually

HANDLER = """
import json, time

def model_fn(model_dir):
    return None

def transform_fn(model, request_body, input_content_type, output_content_type):
    texts = [instance["data"] for instance in json.loads(request_body)["instances"]]
    {behaviour}
    return json.dumps({{"predictions": [{{"target": text}} for text in texts]}}), "application/json"
"""


@contextmanager
def endpoint(cloud: Cloud, pair: str, behaviour: str, version: str = "1") -> Iterator[str]:
    """The name of an endpoint that serves until the block ends, also when a test fails.

    Tests share one cloud in an order that nothing fixes: an endpoint that one leaves behind
    keeps another from creating its own.
    """
    name = put_endpoint(cloud, pair, behaviour, version)
    try:
        yield name
    finally:
        eventually(lambda: status(cloud, name) not in IN_PROGRESS)
        cloud.endpoint.client("sagemaker").delete_endpoint(EndpointName=name)
        eventually(lambda: not status(cloud, name))


def put_endpoint(cloud: Cloud, pair: str, behaviour: str, version: str = "1") -> str:
    """A new endpoint in a cloud that no other test uses, or one that the caller deletes.

    `behaviour` is Python that may change `texts`.
    """
    name = cloud.endpoint_name(pair)
    config = make_version(cloud, name, behaviour, version)
    sagemaker = cloud.endpoint.client("sagemaker")
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config)
    eventually(lambda: status(cloud, name) == "InService")
    return name


def make_version(cloud: Cloud, name: str, behaviour: str, version: str) -> str:
    """Model and configuration of one version; answers the configuration's name."""
    config, key = f"{name}-{version}", f"models/{name}-{version}/output/model.tar.gz"
    cloud.endpoint.client("s3").put_object(
        Bucket=cloud.bucket, Key=key, Body=_tarball(HANDLER.format(behaviour=behaviour))
    )
    sagemaker = cloud.endpoint.client("sagemaker")
    sagemaker.create_model(
        ModelName=config,
        PrimaryContainer={"Image": "any", "ModelDataUrl": f"s3://{cloud.bucket}/{key}"},
        ExecutionRoleArn=cloud.resources["EndpointRole"].arn,
    )
    variant = {
        "VariantName": "main",
        "ModelName": config,
        "ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 5},
    }
    sagemaker.create_endpoint_config(EndpointConfigName=config, ProductionVariants=[variant])
    return config


def model_endpoint(cloud: Cloud, job: str) -> str:
    """What the endpoint of a dataset's model is called."""
    return endpoint_of(cloud.endpoint_name("x").removesuffix("-x"), job)


def records(cloud: Cloud) -> Any:
    """What moto knows of the endpoints, by name, to be changed as only AWS changes it."""
    return sagemaker_backends[ACCOUNT][cloud.endpoint.region].endpoints


def status(cloud: Cloud, name: str) -> str:
    """In SageMaker's words; empty for an endpoint that does not exist."""
    sagemaker = cloud.endpoint.client("sagemaker")
    try:
        return str(sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"])
    except sagemaker.exceptions.ClientError:
        return ""


def _tarball(handler: str) -> bytes:
    written = io.BytesIO()
    code = dedent(handler).encode()
    with tarfile.open(fileobj=written, mode="w:gz") as archive:
        member = tarfile.TarInfo("code/inference.py")
        member.size = len(code)
        archive.addfile(member, io.BytesIO(code))
    return written.getvalue()
