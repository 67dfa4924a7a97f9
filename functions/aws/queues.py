"""Messages to the stack's queues."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws.clients import client

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

sqs: "SQSClient" = client("sqs")


@dataclass(frozen=True)
class Queue:
    """One queue, by its URL."""

    url: str

    def send(self, body: str) -> None:
        sqs.send_message(QueueUrl=self.url, MessageBody=body)

    def retry_in(self, seconds: int, receipt_handle: str) -> None:
        """Deliver a message that was received again after so many seconds."""
        sqs.change_message_visibility(
            QueueUrl=self.url, ReceiptHandle=receipt_handle, VisibilityTimeout=seconds
        )
