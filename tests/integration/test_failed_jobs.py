"""Jobs that AWS refuses, and jobs that fail: what the user is told, and what is tried again."""

import json
from typing import Any
from uuid import uuid4

import pytest
from moto.sagemaker.exceptions import ValidationError

from codefree.cloud import Cloud
from codefree.lambda_service import FunctionError
from codefree.sagemaker_service import SageMakerService
from tests.conftest import eventually
from tests.messages import codes_in
from tests.uploads import TRAIN, drop, ended, jobs, keys, status, text, uploaded_event

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
    with monkeypatch.context() as patch:
        patch.setattr(SageMakerService, "create", refuse)
        # With a usual name of a target there is one upload, and no second that comes too late.
        drop(cloud, key, TRAIN.replace(b"species", b"label", 1))
        assert ended(cloud, name)["state"] == "failed"
        (message,) = eventually(lambda: put_aside(cloud, key))
    said = text(cloud, f"results/{name}/STATUS.txt")
    assert ended(cloud, name)["code"] == "failure.role_refused"
    assert "AWS says: Could not assume role" in said
    assert "Administrators: check that TrainingJobRole exists" in said
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
    assert ended(cloud, name)["code"] == "failure.no_such_instance"
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
    assert "detail.cost_together" in codes_in(found)
    own = json.loads(text(cloud, f"results/{dataset}/{first}/status.json"))
    assert (own["state"], own["code"]) == ("failed", "status.retry_bigger")
    assert own["messages"]["headline"]["values"]["bigger"] == "ml.m5.xlarge"


def test_there_are_two_attempts_however_often_aws_tells_of_the_first(
    cloud: Cloud, name: str
) -> None:
    dataset = drop_as(cloud, name, "starving", {})
    found = ended(cloud, dataset)
    assert found["state"] == "failed"
    first, again = sorted(jobs(cloud, dataset.replace(" ", "-")))
    assert "detail.was_second_attempt" in codes_in(found)
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
    assert "detail.bigger_too_expensive" in codes_in(ended(cloud, dataset))
    assert '"max_cost_usd": at least 0.13' in text(cloud, f"results/{dataset}/STATUS.txt")
    assert len(jobs(cloud, dataset.replace(" ", "-"))) == 1


def test_an_interrupted_job_starts_again_and_is_published_once(cloud: Cloud, name: str) -> None:
    dataset = drop_as(cloud, name, "spare", {})
    job = eventually(lambda: jobs(cloud, dataset.replace(" ", "-")))[0]
    folder = f"models/{job}/checkpoints/"
    assert eventually(lambda: f"{folder}progress.json" in keys(cloud, folder))
    cloud.sagemaker.interrupt(job)
    found = ended(cloud, dataset)
    assert (found["state"], found["job"]) == ("completed", job)


def test_a_job_that_still_runs_is_not_published(cloud: Cloud, name: str) -> None:
    """Its event may be faster than what SageMaker says of the job."""
    dataset = drop_as(cloud, name, "sleeps", {})
    job = str(status(cloud, f"results/{dataset}/", {"training"})["job"])
    event = {"id": "an event", "detail": {"TrainingJobName": job}}
    with pytest.raises(FunctionError, match="NotEndedError"):
        cloud.functions["PublishResultsFunction"].invoke(event)
    assert _state(cloud, dataset) == "training"
    cloud.endpoint.client("sagemaker").stop_training_job(TrainingJobName=job)
    assert ended(cloud, dataset)["state"] == "stopped"
