"""Mail to everyone who subscribed to the stack's results."""

from typing import TYPE_CHECKING

from aws.clients import client

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

sns: "SNSClient" = client("sns")


def send_mail(topic_arn: str, subject: str, text: str) -> None:
    """The subject has at most 100 ASCII characters, or SNS refuses it."""
    sns.publish(TopicArn=topic_arn, Subject=subject, Message=text)
