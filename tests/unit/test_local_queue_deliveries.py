from typing import Any

import pytest

from codefree.queue_deliveries import succeeded

MESSAGES = [{"MessageId": "a"}, {"MessageId": "b"}]


@pytest.mark.parametrize(
    "response", [None, "", {}, {"batchItemFailures": []}, {"batchItemFailures": None}]
)
def test_response_without_failures_means_that_all_succeeded(response: Any) -> None:
    assert succeeded(MESSAGES, response) == MESSAGES


def test_named_message_failed_and_the_others_succeeded() -> None:
    response = {"batchItemFailures": [{"itemIdentifier": "b"}]}
    assert succeeded(MESSAGES, response) == [{"MessageId": "a"}]


@pytest.mark.parametrize(
    "failure", [{"itemIdentifier": ""}, {"itemIdentifier": None}, {"itemIdentifier": "z"}, {}]
)
def test_failure_that_names_no_message_means_that_all_failed(failure: dict[str, Any]) -> None:
    named = {"itemIdentifier": "a"}
    assert succeeded(MESSAGES, {"batchItemFailures": [named, failure]}) == []


def test_response_that_is_no_object_means_that_all_failed() -> None:
    assert succeeded(MESSAGES, "done") == []
