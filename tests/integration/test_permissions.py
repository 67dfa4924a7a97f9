"""The policies are exactly enough: all that is asked for is allowed, and nothing else is."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from codefree.cloud import Cloud
from codefree.permissions import Need, allows, statements_of
from tests.conftest import eventually
from tests.permissions import NOT_RECORDED, Permission, Recording, Recordings, permissions, record
from tests.policies_page import PAGE, page
from tests.uploads import TRAIN, drop, ended, jobs, keys

PERMISSIONS = permissions()


@pytest.fixture(scope="module")
def recordings() -> Recordings:
    return record()


def is_allowed(
    recording: Recording, role: str, need: Need, without: Permission | None = None
) -> bool:
    return any(
        allows(recording.alone(permission), need)
        for permission in PERMISSIONS
        if (permission.role, permission.action) == (role, need.action) and permission != without
    )


def test_everything_that_the_pipeline_asks_for_is_allowed(recordings: Recordings) -> None:
    for recording in recordings:
        for request in recording.requests:
            for need in request.needs:
                assert is_allowed(recording, request.role, need), request


@pytest.mark.parametrize(
    "permission", [p for p in PERMISSIONS if p.action not in NOT_RECORDED], ids=str
)
def test_without_any_one_permission_something_is_refused(
    recordings: Recordings, permission: Permission
) -> None:
    role = permission.role
    assert any(
        not is_allowed(recording, role, need, without=permission)
        for recording in recordings
        for _, need in recording.of(role)
        if need.action == permission.action
    )


def test_what_has_a_condition_is_refused_without_it(recordings: Recordings) -> None:
    found = {
        (request.role, need.action, key)
        for recording in recordings
        for request in recording.requests
        for need in request.needs
        for key in need.context
        if not is_allowed(
            recording, request.role, replace(need, context={**need.context, key: "another's"})
        )
    }
    tag = "codefree-automl:stack"
    assert found == {
        ("StartTrainingRole", "sagemaker:CreateTrainingJob", f"aws:RequestTag/{tag}"),
        ("StartTrainingRole", "sagemaker:AddTags", f"aws:RequestTag/{tag}"),
        ("StartTrainingRole", "iam:PassRole", "iam:PassedToService"),
        ("PublishResultsRole", "iam:PassRole", "iam:PassedToService"),
        *(
            ("StartTrainingRole", action, "aws:CalledVia")
            for action in (
                *("glue:GetDatabase", "glue:GetTable", "glue:GetPartitions"),
                *("s3:GetObject", "s3:ListBucket", "s3:GetBucketLocation"),
            )
        ),
        ("CleanUpRole", "sagemaker:StopTrainingJob", f"aws:ResourceTag/{tag}"),
        ("CleanUpRole", "sagemaker:DeleteEndpoint", f"aws:ResourceTag/{tag}"),
        ("CleanUpRole", "sagemaker:DeleteEndpointConfig", f"aws:ResourceTag/{tag}"),
        ("CleanUpRole", "sagemaker:DeleteModel", f"aws:ResourceTag/{tag}"),
    }


def test_the_page_about_policies_lists_every_permission_and_every_call(
    recordings: Recordings,
) -> None:
    if os.environ.get("REWRITE"):
        PAGE.write_text(page(recordings) + "\n", encoding="utf-8")
    written, found = PAGE.read_text("utf-8").splitlines(), page(recordings).splitlines()
    assert len(written) == len(found)
    for line, now in zip(written, found, strict=True):
        *start, needed, end = line.split("|") if "|" in line else (line, "", "")
        *start_now, needed_now, end_now = now.split("|") if "|" in now else (now, "", "")
        assert (start, end) == (start_now, end_now)
        # Of two files dropped at once, either may be looked for before it is there.
        calls, calls_now = ({c.strip() for c in cell.split(",")} for cell in (needed, needed_now))
        assert calls_now <= calls, f"{line}\nand now also: {calls_now - calls}"


@contextmanager
def without(cloud: Cloud, role: str, sid: str) -> Iterator[None]:
    """A stack whose template lacks that statement."""
    iam, resource = cloud.endpoint.client("iam"), cloud.resources[role]
    (policy,) = iam.list_role_policies(RoleName=resource.name)["PolicyNames"]
    before = list(statements_of(resource.name))

    def put(statements: list[object]) -> None:
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        iam.put_role_policy(RoleName=resource.name, PolicyName=policy, PolicyDocument=document)

    put([statement for statement in before if statement["Sid"] != sid])
    try:
        yield
    finally:
        put(list(before))


@pytest.fixture
def name() -> str:
    return f"penguins-{uuid4().hex[:6]}"


def drop_train(cloud: Cloud, name: str) -> None:
    drop(cloud, f"data/{name}.json", '{"target": "species"}')
    drop(cloud, f"data/{name}_train.csv", TRAIN)


def test_no_job_is_started_whose_role_may_not_be_passed(cloud: Cloud, name: str) -> None:
    with without(cloud, "StartTrainingRole", "PassTrainingJobRole"):
        drop_train(cloud, name)
        assert ended(cloud, name)["state"] == "failed"
        assert jobs(cloud, name) == []


def test_a_job_fails_whose_role_may_not_read_its_channels(cloud: Cloud, name: str) -> None:
    with without(cloud, "TrainingJobRole", "ReadChannelsAndRestoreCheckpoints"):
        drop_train(cloud, name)
        assert ended(cloud, name)["state"] == "failed"


def test_an_ended_job_is_put_aside_when_no_mail_may_be_sent(cloud: Cloud, name: str) -> None:
    sqs = cloud.endpoint.client("sqs")
    url = cloud.resources["ResultsDeadLetterQueue"].physical_resource_id
    with without(cloud, "PublishResultsRole", "SendMail"):
        drop_train(cloud, name)
        message = eventually(lambda: _received_about(name, sqs, url))
    assert not any(key.endswith("/STATUS.txt") for key in keys(cloud, f"results/{name}/{name}"))
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


def _received_about(name: str, sqs: Any, url: str) -> Any:
    """The first message of the queue that names the dataset, if it is among the next ten."""
    messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return next((message for message in messages if name in message["Body"]), None)


def test_data_cannot_be_deleted_by_a_stack_that_was_not_told_to(cloud: Cloud) -> None:
    allowed = str(list(statements_of(cloud.resources["CleanUpRole"].name)))
    assert "StopTrainingJob" in allowed
    assert "s3:" not in allowed
