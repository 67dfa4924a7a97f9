"""An event or a machine that a function cannot work with gets one plain sentence."""

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
)

from aws.telemetry import require_messages
from aws.transient_errors import unreachable


@pytest.mark.parametrize(
    "event",
    [
        {"Records": [{"eventSource": "aws:s3", "s3": {"object": {"key": "data/a.csv"}}}]},
        {"detail": {"bucket": {"name": "b"}}},
        {"Records": None},
        {},
    ],
)
def test_an_event_that_is_not_of_a_queue_is_refused_in_one_sentence(
    event: dict[str, object],
) -> None:
    with pytest.raises(ValueError, match="not a batch of SQS messages"):
        require_messages(event)


def test_messages_of_a_queue_pass() -> None:
    require_messages({"Records": [{"messageId": "1", "body": "{}"}]})


@pytest.mark.parametrize(
    "error",
    [
        EndpointConnectionError(endpoint_url="https://s3.example.com"),
        ConnectTimeoutError(endpoint_url="https://s3.example.com"),
        NoCredentialsError(),
    ],
)
def test_where_aws_is_out_of_reach_it_is_said_what_to_check(error: Exception) -> None:
    sentence = unreachable(error)
    assert sentence is not None
    assert "AWS_ENDPOINT_URL" in sentence and str(error) in sentence


def test_an_answer_of_aws_is_not_taken_for_silence() -> None:
    assert unreachable(ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")) is None
    assert unreachable(KeyError("messageId")) is None
