"""Jobs that AWS refuses, and jobs that fail: what the user is told, and what is tried again."""

import json
from typing import Any
from uuid import uuid4

import pytest
from moto.sagemaker.exceptions import ValidationError

from local.cloud import Cloud
from local.sagemaker_service import SageMakerService
from tests.conftest import eventually
from tests.integration.test_uploads import TRAIN, drop, ended, jobs, keys, text, uploaded_event

ROLE = "Could not assume role arn:aws:iam::1:role/x. Please ensure that the role exists"


@pytest.fixture
def name() -> str:
    return f"penguins {uuid4().hex[:6]}"


def put_aside(cloud: Cloud, key: str) -> list[dict[str, Any]]:
    """What lies in the dead-letter queue because of an object."""
    sqs = cloud.endpoint.client("sqs")
    url = cloud.resources["UploadDeadLetterQueue"].physical_resource_id
    found = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1, MaxNumberOfMessages=10)
    mine = [message for message in found.get("Messages", []) if key in message["Body"]]
    for message in mine:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return mine


def test_a_role_that_is_refused_is_told_at_once_put_aside_and_works_when_mended(
    cloud: Cloud, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: SageMakerService, request: dict[str, Any]) -> str:
        raise ValidationError(ROLE)

    key = f"data/{name}_train.csv"
    drop(cloud, f"data/{name}.json", '{"target": "species"}')
    with monkeypatch.context() as patch:
        patch.setattr(SageMakerService, "create", refuse)
        drop(cloud, key, TRAIN)
        assert ended(cloud, name)["state"] == "failed"
        (message,) = eventually(lambda: put_aside(cloud, key))
    said = text(cloud, f"results/{name}/STATUS.txt")
    assert "training could not be started. AWS SageMaker may not act in the role" in said
    assert "AWS says: Could not assume role" in said
    assert "Engineers: see that TrainingJobRole exists" in said
    event = uploaded_event(cloud, key)
    event["Records"][0]["body"] = message["Body"]
    cloud.functions["StartTrainingFunction"].invoke(event)
    assert eventually(lambda: _state(cloud, name) == "completed")


def test_a_machine_that_the_region_lacks_is_told_and_is_nothing_for_the_engineers(
    cloud: Cloud, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: SageMakerService, request: dict[str, Any]) -> str:
        raise ValidationError(
            "The requested resource training-job/ml.m5.large is not available in this region"
        )

    monkeypatch.setattr(SageMakerService, "create", refuse)
    drop(cloud, f"data/{name}.json", '{"target": "species"}')
    drop(cloud, f"data/{name}_train.csv", TRAIN)
    assert "no machine of this type" in ended(cloud, name)["headline"]
    assert put_aside(cloud, name) == []


def _state(cloud: Cloud, name: str) -> str:
    return str(json.loads(text(cloud, f"results/{name}/status.json"))["state"])


def test_the_raw_reason_of_a_failure_lies_beside_the_words(cloud: Cloud, name: str) -> None:
    dataset = name.replace("penguins", "fails")
    drop(cloud, f"data/{dataset}.json", '{"target": "species"}')
    drop(cloud, f"data/{dataset}_train.csv", TRAIN)
    failed = ended(cloud, dataset)
    assert failed["files"]["failure"] in keys(cloud)
    raw = text(cloud, failed["files"]["failure"])
    assert raw == "AlgorithmError: The stub was told to fail., exit code: 1"
    assert raw not in text(cloud, f"results/{dataset}/STATUS.txt")
    assert jobs(cloud, dataset.replace(" ", "-")) == [failed["job"]]
