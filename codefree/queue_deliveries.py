"""What takes messages from queues to functions: event source mappings and rules' targets."""

import json
import threading
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from codefree.aws import ACCOUNT
from codefree.lambda_service import FunctionClosedError, FunctionError, LambdaFunction
from codefree.words import Tell

Message = dict[str, Any]
Deliver = Callable[[list[Message]], None]

# A short poll, so that closing is quick.
POLL_SECONDS = 1
# Lambda invokes an asynchronous event up to three times; it pauses 1 and 2 minutes in between.
RETRY_PAUSES_SECONDS = (1, 2)


def start_poller(
    sqs: Any, url: str, batch_size: int, deliver: Deliver, closing: threading.Event
) -> threading.Thread:
    """A thread that hands each batch of a queue's messages to `deliver`."""

    def poll() -> None:
        while not closing.is_set():
            try:
                messages = sqs.receive_message(
                    QueueUrl=url,
                    MaxNumberOfMessages=batch_size,
                    WaitTimeSeconds=POLL_SECONDS,
                    MessageSystemAttributeNames=["All"],
                ).get("Messages", [])
                if messages:
                    deliver(messages)
            except FunctionClosedError:
                return
            except (BotoCoreError, ClientError):
                # moto answers 500 when two pollers meet at one message: it is still there.
                closing.wait(POLL_SECONDS)

    thread = threading.Thread(target=poll, name=f"poller of {url}", daemon=True)
    thread.start()
    return thread


def batch_delivery(
    sqs: Any,
    url: str,
    mapping: dict[str, Any],
    function: LambdaFunction,
    warn: Tell,
) -> Deliver:
    """An event source mapping: what succeeded is deleted, SQS sees to the rest."""

    def deliver(messages: list[Message]) -> None:
        try:
            response = function.invoke({"Records": [_record(m, mapping) for m in messages]})
        except FunctionError as error:
            warn(function.failed(error))
            return
        if "ReportBatchItemFailures" in mapping.get("FunctionResponseTypes", []):
            messages = succeeded(messages, response)
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    return deliver


def succeeded(messages: list[Message], response: Any) -> list[Message]:
    """The messages that a ReportBatchItemFailures response does not send back to the queue.

    Lambda's rules: an empty response means all; one that it cannot make sense of means none.
    """
    if not response:
        return messages
    if not isinstance(response, dict):
        return []
    failed = [failure.get("itemIdentifier") for failure in response.get("batchItemFailures") or []]
    if not set(failed) <= {message["MessageId"] for message in messages}:
        return []
    return [message for message in messages if message["MessageId"] not in failed]


def event_delivery(
    sqs: Any,
    url: str,
    function: LambdaFunction,
    dead_letter_url: str | None,
    warn: Tell,
) -> Deliver:
    """A rule's target: an asynchronous invocation, tried again and then put aside."""
    own = function.aws.client("sqs")

    def deliver(messages: list[Message]) -> None:
        for message in messages:
            tries = int(message["Attributes"]["ApproximateReceiveCount"])
            receipt = {"QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"]}
            try:
                # moto leaves the account out.
                function.invoke({"account": ACCOUNT, **json.loads(message["Body"])})
            except FunctionError as error:
                warn(function.failed(error))
                if tries <= len(RETRY_PAUSES_SECONDS):
                    pause = RETRY_PAUSES_SECONDS[tries - 1]
                    sqs.change_message_visibility(**receipt, VisibilityTimeout=pause)
                    continue
                if dead_letter_url:
                    own.send_message(QueueUrl=dead_letter_url, MessageBody=message["Body"])
            sqs.delete_message(**receipt)

    return deliver


def _record(message: Message, mapping: dict[str, Any]) -> dict[str, Any]:
    """A message as Lambda shows it to a function."""
    arn = mapping["EventSourceArn"]
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message["Attributes"],
        "messageAttributes": {},
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": arn.split(":")[3],
    }
