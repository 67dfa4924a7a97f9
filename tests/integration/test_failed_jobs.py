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


def drop_as(cloud: Cloud, name: str, kind: str, settings: dict[str, Any]) -> str:
    dataset = name.replace("penguins", kind)
    drop(cloud, f"data/{dataset}.json", json.dumps({"target": "species", **settings}))
    drop(cloud, f"data/{dataset}_train.csv", TRAIN)
    return dataset


def test_too_little_memory_is_tried_once_more_on_a_bigger_machine(cloud: Cloud, name: str) -> None:
    dataset = drop_as(cloud, name, "hungry", {})
    found = ended(cloud, dataset)
    first, again = sorted(jobs(cloud, dataset.replace(" ", "-")))
    assert (found["state"], found["job"], again) == ("completed", again, f"{first}-a2")
    spec = json.loads(text(cloud, f"jobs/{again}/job.json"))
    assert (spec["instance_type"], spec["after"]["job"]) == ("ml.m5.xlarge", first)
    assert "Together with the attempt on ml.m5.large" in found["cost"]["sentence"]
    said = text(cloud, f"results/{dataset}/{first}/STATUS.txt")
    assert "tried once more, on ml.m5.xlarge" in said and ", failed, job" in said


def test_there_are_two_attempts_however_often_aws_tells_of_the_first(
    cloud: Cloud, name: str
) -> None:
    dataset = drop_as(cloud, name, "starving", {})
    found = ended(cloud, dataset)
    assert found["state"] == "failed"
    first, again = sorted(jobs(cloud, dataset.replace(" ", "-")))
    assert "It was the second attempt" in found["details"][0]
    before = text(cloud, f"results/{dataset}/STATUS.txt")
    # A publication that broke off before it left its mark.
    own = f"results/{dataset}/{first}/status.json"
    cloud.endpoint.client("s3").delete_object(Bucket=cloud.bucket, Key=own)
    event = {"id": "an event", "detail": {"TrainingJobName": first}}
    for _ in range(2):
        cloud.functions["PublishResultsFunction"].invoke(event)
        cloud.functions["StartTrainingFunction"].invoke(
            uploaded_event(cloud, f"data/{dataset}_train.csv")
        )
    assert own in keys(cloud, own)
    assert sorted(jobs(cloud, dataset.replace(" ", "-"))) == [first, again]
    assert text(cloud, f"results/{dataset}/STATUS.txt") == before


def test_a_cap_that_leaves_too_little_ends_in_words(cloud: Cloud, name: str) -> None:
    dataset = drop_as(cloud, name, "hungry", {"max_cost_usd": 0.1})
    assert ended(cloud, dataset)["state"] == "failed"
    said = text(cloud, f"results/{dataset}/STATUS.txt")
    assert "ml.m5.xlarge, was not tried" in said and '"max_cost_usd": at least 0.13' in said
    assert len(jobs(cloud, dataset.replace(" ", "-"))) == 1


def test_an_interrupted_job_starts_again_and_is_published_once(cloud: Cloud, name: str) -> None:
    dataset = drop_as(cloud, name, "spare", {})
    job = eventually(lambda: jobs(cloud, dataset.replace(" ", "-")))[0]
    folder = f"results/{dataset}/{job}/"
    assert eventually(lambda: f"{folder}progress.json" in keys(cloud, folder))
    cloud.sagemaker.interrupt(job)
    found = ended(cloud, dataset)
    assert (found["state"], found["job"]) == ("completed", job)
