"""What a company demands is in every request that the stack makes while it lives."""

from dataclasses import replace
from typing import Any

import pytest

from pipeline.endpoint import (
    EndpointVersion,
    Owner,
    config_request,
    endpoint_request,
    model_request,
)
from pipeline.guard_rails import GuardRails
from pipeline.training_job import training_request
from tests.plans import STACK, assert_valid, plan, spec
from tests.translator_jobs import TRANSLATOR
from translation.endpoint import EndpointSettings, served

KEY = "arn:aws:kms:us-east-1:123456789012:key/0a1b2c3d"
GIVEN = {
    "SUBNET_IDS": "subnet-0a1b2c3d,subnet-1a2b3c4d",
    "SECURITY_GROUP_IDS": "sg-0a1b2c3d",
    "KMS_KEY_ARN": KEY,
    "RESOURCE_TAGS": "team=data,note=a=b,codefree-automl:stack=another",
}
OF_ENDPOINTS = {
    "STACK_NAME": "mine",
    "STACK_PART": "51af3dc0",
    "TRANSLATOR_PAIRS": "en-de",
    "TRAINING_IMAGE_URI": "image",
    "ENDPOINT_ROLE_ARN": "arn:aws:iam::123456789012:role/mine",
    "DEPLOY_TRANSLATOR": "true",
    "ENDPOINT_IDLE_DAYS": "30",
    "ENDPOINT_INSTANCE_TYPE": "ml.m5.large",
}
NETWORK = {
    "SecurityGroupIds": ["sg-0a1b2c3d"],
    "Subnets": ["subnet-0a1b2c3d", "subnet-1a2b3c4d"],
}


def tags(request: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in request["Tags"]}


def endpoint_settings(**other: str) -> EndpointSettings:
    return EndpointSettings.from_environ({**GIVEN, **OF_ENDPOINTS, **other})


def of_translator(**other: str) -> tuple[EndpointVersion, Owner]:
    settings = endpoint_settings(**other)
    return served(TRANSLATOR, settings), settings.owner


def test_a_training_job_runs_in_the_subnets_with_the_key_and_the_tags() -> None:
    stack = replace(STACK, guard_rails=GuardRails.from_environ(GIVEN))
    request = training_request("bucket", spec(plan()), stack)
    assert_valid(request)
    assert request["VpcConfig"] == NETWORK
    assert request["ResourceConfig"]["VolumeKmsKeyId"] == KEY
    assert request["OutputDataConfig"]["KmsKeyId"] == KEY
    found = tags(request)
    assert (found["team"], found["note"]) == ("data", "a=b")
    # What says whose the job is cannot be replaced.
    assert found["codefree-automl:stack"] == STACK.name
    assert found["codefree-automl:dataset"] == "titanic"


def test_a_stack_of_which_nothing_is_demanded_asks_for_nothing() -> None:
    request = training_request("bucket", spec(plan()), STACK)
    empty = replace(STACK, guard_rails=GuardRails.from_environ(dict.fromkeys(GIVEN, "")))
    assert training_request("bucket", spec(plan()), empty) == request
    assert "VpcConfig" not in request
    assert "KmsKeyId" not in str(request)


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("CreateModel", model_request("bucket", *of_translator())),
        ("CreateEndpointConfig", config_request(*of_translator())),
        ("CreateEndpoint", endpoint_request(*of_translator())),
    ],
)
def test_an_endpoint_and_what_it_is_made_of_are_tagged_and_valid(
    operation: str, request_: dict[str, Any]
) -> None:
    assert_valid(request_, operation)
    assert tags(request_)["team"] == "data"
    assert tags(request_)["codefree-automl:stack"] == "mine"


def test_a_model_is_served_in_the_subnets_on_a_machine_with_the_key() -> None:
    assert model_request("bucket", *of_translator())["VpcConfig"] == NETWORK
    config = config_request(*of_translator())
    (variant,) = config["ProductionVariants"]
    assert (variant["InstanceType"], variant["InitialInstanceCount"]) == ("ml.m5.large", 1)
    assert config["KmsKeyId"] == KEY


def test_a_serverless_endpoint_has_no_machine_and_so_no_key() -> None:
    config = config_request(*of_translator(ENDPOINT_INSTANCE_TYPE=""))
    (variant,) = config["ProductionVariants"]
    assert "ServerlessConfig" in variant
    assert "InstanceType" not in variant
    assert "KmsKeyId" not in config
