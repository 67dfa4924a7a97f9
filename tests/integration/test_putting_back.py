"""What was put aside comes back by the commands that the stack prints.

moto knows no StartMessageMoveTask: what AWS does for the command is done here by hand, from the
queue to the queue that the command names.
"""

import json
import shlex
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from codefree.cloud import Cloud
from tests.conftest import eventually
from tests.telemetry import counted
from tests.uploads import TRAIN, drop, ended, keys, status, text, uploaded_event

ROOT = Path(__file__).parents[2]


@pytest.fixture
def name() -> str:
    return f"penguins {uuid4().hex[:6]}"


def options(command: str) -> tuple[list[str], dict[str, str]]:
    """The words of an aws command before its options, and the options."""
    words = shlex.split(command)
    first = next(n for n, word in enumerate(words) if word.startswith("--"))
    return words[:first], dict(zip(words[first::2], words[first + 1 :: 2], strict=False))


def move(cloud: Cloud, command: str, about: str) -> None:
    """What StartMessageMoveTask does, with the messages that hold the given words."""
    words, given = options(command)
    assert words == ["aws", "sqs", "start-message-move-task"]
    sqs = cloud.endpoint.client("sqs")
    members = sqs.meta.service_model.operation_model("StartMessageMoveTask").input_shape.members
    assert {"SourceArn", "DestinationArn"} <= members.keys()
    source, destination = (
        sqs.get_queue_url(QueueName=given[option].rpartition(":")[2])["QueueUrl"]
        for option in ("--source-arn", "--destination-arn")
    )

    def take() -> list[dict[str, Any]]:
        found = sqs.receive_message(QueueUrl=source, MaxNumberOfMessages=10).get("Messages", [])
        return [message for message in found if about in message["Body"]]

    for message in eventually(take):
        sqs.send_message(QueueUrl=destination, MessageBody=message["Body"])
        sqs.delete_message(QueueUrl=source, ReceiptHandle=message["ReceiptHandle"])


def test_an_upload_that_was_put_aside_is_trained_once_its_cause_is_gone_and_it_is_put_back(
    cloud: Cloud, name: str
) -> None:
    key = f"data/{name}_train.csv"
    drop(cloud, f"data/{name}.json", '{"target": "species"}')
    eventually(lambda: counted_uploads(cloud, name) == 1)
    drop(cloud, f"results/{name}/status.json", "no json")
    drop(cloud, key, TRAIN)
    # Its own message broke too, and rests for the 60 seconds of RetrySeconds.
    eventually(lambda: counted_uploads(cloud, name) == 2)
    event = uploaded_event(cloud, key)
    event["Records"][0]["attributes"]["ApproximateReceiveCount"] = "5"
    cloud.functions["StartTrainingFunction"].invoke(event)
    assert status(cloud, f"results/{name}/", {"failed"})["code"] == "status.broken"
    move(cloud, cloud.outputs["PutBackUploadsCommand"], about=key)
    own = f"results/{name}/status.json"
    eventually(lambda: json.loads(text(cloud, own))["state"] == "completed")


def counted_uploads(cloud: Cloud, name: str) -> float:
    return counted(cloud, name)["Uploads"]


def test_a_file_to_translate_that_was_put_aside_finds_its_own_queue_again(
    cloud: Cloud, name: str
) -> None:
    sqs = cloud.endpoint.client("sqs")
    aside = cloud.resources["UploadDeadLetterQueue"].physical_resource_id
    key = f"data/{name}_translate.csv"
    detail = {"bucket": {"name": cloud.bucket}, "object": {"key": key}}
    sqs.send_message(QueueUrl=aside, MessageBody=json.dumps({"detail": detail}))
    move(cloud, cloud.outputs["PutBackUploadsCommand"], about=key)
    assert status(cloud, f"results/{name}_translate/", {"waiting"})["dataset"]


def test_an_ended_job_that_was_put_aside_is_published_by_its_event(cloud: Cloud, name: str) -> None:
    words, given = options(cloud.outputs["PublishAgainCommand"].split(" --payload")[0])
    assert words == ["aws", "lambda", "invoke"]
    function = cloud.functions["PublishResultsFunction"]
    assert given["--function-name"] == function.configuration.name
    drop(cloud, f"data/{name}.json", '{"target": "species"}')
    drop(cloud, f"data/{name}_train.csv", TRAIN)
    found = ended(cloud, name)
    own = f"results/{name}/{found['job']}/status.json"
    eventually(lambda: own in keys(cloud, own))
    cloud.endpoint.client("s3").delete_object(Bucket=cloud.bucket, Key=own)
    sqs = cloud.endpoint.client("sqs")
    aside = cloud.resources["ResultsDeadLetterQueue"].physical_resource_id
    assert aside in cloud.outputs["PublishAgainCommand"]
    event = json.loads((ROOT / "events/training_job_completed.json").read_text())
    event["detail"]["TrainingJobName"] = found["job"]
    sqs.send_message(QueueUrl=aside, MessageBody=json.dumps(event))
    (message,) = sqs.receive_message(QueueUrl=aside)["Messages"]
    function.invoke(json.loads(message["Body"]))
    sqs.delete_message(QueueUrl=aside, ReceiptHandle=message["ReceiptHandle"])
    assert json.loads(text(cloud, own))["state"] == "completed"
