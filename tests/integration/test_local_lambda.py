"""Functions, queues and rules of the embedded AWS, on the least template that shows them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from codefree import queue_deliveries
from codefree.cloud import Cloud, Settings, open_cloud
from codefree.lambda_service import FunctionError, LambdaFunction
from tests.clouds import own_cloud, own_region
from tests.conftest import eventually

TEMPLATE = Path(__file__).parent / "small_stack" / "template.yaml"


@pytest.fixture(scope="module")
def stack() -> Iterator[Cloud]:
    with own_cloud(Settings(template=TEMPLATE)) as cloud:
        yield cloud


@pytest.fixture
def work(stack: Cloud) -> LambdaFunction:
    return stack.functions["WorkFunction"]


def keys(stack: Cloud, prefix: str) -> list[str]:
    listed = stack.endpoint.client("s3").list_objects_v2(Bucket=stack.bucket, Prefix=prefix)
    return [entry["Key"] for entry in listed.get("Contents", [])]


def send(stack: Cloud, *bodies: dict[str, str]) -> None:
    stack.endpoint.client("sqs").send_message_batch(
        QueueUrl=stack.outputs["WorkQueueUrl"],
        Entries=[{"Id": str(n), "MessageBody": json.dumps(b)} for n, b in enumerate(bodies)],
    )


def dead_letters(stack: Cloud) -> list[dict[str, Any]]:
    sqs, url = stack.endpoint.client("sqs"), stack.outputs["DeadLetterQueueUrl"]
    messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    for message in messages:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return [json.loads(message["Body"]) for message in messages]


def test_one_bad_message_of_a_batch_lands_in_the_dead_letter_queue_and_the_others_are_done(
    stack: Cloud,
) -> None:
    good = [{"do": "work", "name": name} for name in ("a", "b", "c")]
    send(stack, good[0], {"do": "fail", "name": "poison"}, *good[1:])
    letters = eventually(lambda: dead_letters(stack))
    assert letters == [{"do": "fail", "name": "poison"}]
    assert keys(stack, "done/") == ["done/a", "done/b", "done/c"]
    waiting = stack.endpoint.client("sqs").get_queue_attributes(
        QueueUrl=stack.outputs["WorkQueueUrl"],
        AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
    )["Attributes"]
    assert set(waiting.values()) == {"0"}


def test_function_that_takes_too_long_fails_and_the_next_invocation_works(
    work: LambdaFunction,
) -> None:
    before = work.invoke({"do": "work"})["process"]
    with pytest.raises(FunctionError, match=r"Task timed out after 1\.00 seconds"):
        work.invoke({"do": "sleep"})
    assert work.invoke({"do": "work"})["process"] != before


def test_function_whose_process_dies_fails_and_the_next_invocation_works(
    work: LambdaFunction,
) -> None:
    with pytest.raises(FunctionError, match=r"Runtime\.ExitError: exit status 3"):
        work.invoke({"do": "exit"})
    assert work.invoke({"do": "work"})["layer"] == "from the layer\n"


def test_function_that_raises_fails_with_its_error_and_stays_warm(work: LambdaFunction) -> None:
    before = work.invoke({"do": "work"})["process"]
    with pytest.raises(FunctionError, match="ValueError: told to raise"):
        work.invoke({"do": "raise"})
    assert work.invoke({"do": "work"})["process"] == before


def test_what_a_function_prints_is_in_its_log_and_not_in_its_answer(
    stack: Cloud, work: LambdaFunction
) -> None:
    assert "process" in work.invoke({"do": "print"})
    assert "printed by the function" in (stack.logs / "WorkFunction.log").read_text()


def test_function_has_the_environment_of_lambda_and_nothing_of_the_user(
    stack: Cloud, work: LambdaFunction, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_THE_USER", "x")
    answer = work.invoke({"do": "work"})
    environ = answer["environ"]
    assert environ["BUCKET"] == stack.bucket
    assert environ["AWS_REGION"] == stack.endpoint.region
    assert environ["AWS_LAMBDA_FUNCTION_NAME"] in answer["arn"]
    assert 0 < answer["milliseconds_left"] <= 1000
    assert "SECRET_OF_THE_USER" not in environ
    assert environ["HOME"] != str(Path.home())


def test_bucket_has_what_the_template_says_of_it(stack: Cloud) -> None:
    s3 = stack.endpoint.client("s3")
    assert s3.get_bucket_versioning(Bucket=stack.bucket)["Status"] == "Enabled"
    block = s3.get_public_access_block(Bucket=stack.bucket)["PublicAccessBlockConfiguration"]
    assert block["BlockPublicAcls"] is True


def test_event_reaches_the_function_that_its_rule_targets(stack: Cloud) -> None:
    put_job_event(stack, "good-1", "Completed")
    put_job_event(stack, "good-2", "InProgress")
    put_job_event(stack, "good-3", "Failed")
    eventually(lambda: keys(stack, "events/good-3/"))
    assert len(keys(stack, "events/good-1/")) == 1
    assert keys(stack, "events/good-2/") == []


def test_event_that_breaks_its_function_three_times_is_put_aside(
    stack: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue_deliveries, "RETRY_PAUSES_SECONDS", (0, 0))
    put_job_event(stack, "break-1", "Completed")
    letters = eventually(lambda: dead_letters(stack))
    assert [letter["detail"]["TrainingJobName"] for letter in letters] == ["break-1"]
    assert len(keys(stack, "events/break-1/")) == 3


def test_a_schedule_is_not_set_off_by_other_events(stack: Cloud) -> None:
    log = stack.logs / "RecordFunction.log"
    before = log.read_text() if log.exists() else ""
    # RecordFunction knows no such event and would say so.
    stack.endpoint.client("s3").put_object(Bucket=stack.bucket, Key="any", Body=b"")
    put_job_event(stack, "after-any", "Completed")
    eventually(lambda: keys(stack, "events/after-any/"))
    eventually(lambda: nothing_waits(stack))
    assert "KeyError" not in log.read_text().removeprefix(before)


def test_embedded_aws_answers_on_loopback_alone(stack: Cloud) -> None:
    import socket

    port = int(stack.endpoint.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=5):
        pass
    # A server bound to every address would answer here too.
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.2", port), timeout=5)


def nothing_waits(stack: Cloud) -> bool:
    """Every event and message has been handled."""
    sqs = stack.endpoint.client("sqs")
    found = [
        sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        for url in sqs.list_queues()["QueueUrls"]
    ]
    counts = [n for one in found for name, n in one.items() if name.startswith("ApproximateNumber")]
    return len(counts) > 0 and set(counts) == {"0"}


def put_job_event(stack: Cloud, name: str, status: str) -> None:
    stack.endpoint.client("events").put_events(
        Entries=[
            {
                "Source": "aws.sagemaker",
                "DetailType": "SageMaker Training Job State Change",
                "Detail": json.dumps({"TrainingJobName": name, "TrainingJobStatus": status}),
            }
        ]
    )


def test_closed_cloud_leaves_its_region_free_for_the_next() -> None:
    with own_region() as region:
        settings = Settings(template=TEMPLATE, region=region)
        with open_cloud(settings) as first:
            send(first, {"do": "work", "name": "a"})
            eventually(lambda: keys(first, "done/"))
        with open_cloud(settings) as second:
            assert keys(second, "done/") == []
