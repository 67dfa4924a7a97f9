from typing import Any

import pytest

from pipeline.clean_up import ENDS, CleanUp, answer, belongs_to, planned

EVENT: dict[str, Any] = {
    "RequestType": "Delete",
    "ResponseURL": "https://example.com/answer",
    "StackId": "arn:aws:cloudformation:us-east-1:123456789012:stack/mine/51af3dc0-da77-11e4",
    "RequestId": "request-1",
    "LogicalResourceId": "CleanUp",
    "PhysicalResourceId": "CleanUp",
    "ResourceProperties": {"Stack": "mine", "Bucket": "my-bucket", "DeleteData": "false"},
}
PREFIXES = ("mine-", "codefree-51af3dc0-")


@pytest.mark.parametrize("status", ENDS)
def test_a_stack_that_ends_is_cleaned_up_and_its_data_kept(status: str) -> None:
    assert planned(EVENT, status) == CleanUp("mine", "my-bucket", PREFIXES, deletes_data=False)


def test_data_goes_only_where_the_parameter_says_so() -> None:
    given = EVENT["ResourceProperties"] | {"DeleteData": "true"}
    plan = planned(EVENT | {"ResourceProperties": given}, "DELETE_IN_PROGRESS")
    assert plan == CleanUp("mine", "my-bucket", PREFIXES, deletes_data=True)


@pytest.mark.parametrize(
    "status",
    ["UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_IN_PROGRESS"],
)
def test_a_stack_that_lives_on_loses_nothing(status: str) -> None:
    """An update that failed, or took the resource out, deletes it from a stack that works."""
    assert planned(EVENT, status) is None


@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_nothing_is_cleaned_up_while_a_stack_is_made_or_changed(kind: str) -> None:
    assert planned(EVENT | {"RequestType": kind}, "DELETE_IN_PROGRESS") is None


def test_a_thing_belongs_to_the_stack_whose_tag_it_carries() -> None:
    assert belongs_to("mine", {"codefree-automl:stack": "mine", "owner": "me"})
    assert not belongs_to("mine", {"codefree-automl:stack": "mine-too"})
    assert not belongs_to("mine", {"stack": "mine"})
    assert not belongs_to("mine", {})


def test_the_answer_repeats_what_cloudformation_knows_the_request_by() -> None:
    assert answer(EVENT, None) == {
        "Status": "SUCCESS",
        "Reason": "See the function's log",
        "PhysicalResourceId": "CleanUp",
        "StackId": EVENT["StackId"],
        "RequestId": "request-1",
        "LogicalResourceId": "CleanUp",
    }


def test_the_physical_id_is_the_same_from_the_first_answer_on() -> None:
    created = {k: v for k, v in EVENT.items() if k != "PhysicalResourceId"}
    first = answer(created | {"RequestType": "Create"}, None)["PhysicalResourceId"]
    changed = EVENT | {"RequestType": "Update", "PhysicalResourceId": first}
    changed["ResourceProperties"] = {"Stack": "mine", "Bucket": "other", "DeleteData": "true"}
    assert answer(changed, None)["PhysicalResourceId"] == first


def test_a_failure_is_told_in_what_cloudformation_has_room_for() -> None:
    response = answer(EVENT, "no " * 5000)
    assert response["Status"] == "FAILED"
    assert len(response["Reason"]) <= 1000
