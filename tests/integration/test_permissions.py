"""The policies are exactly enough: all that happens is allowed, and all that is allowed happens."""

from collections.abc import Iterable

import pytest

from local.permissions import Need, allows
from tests.permissions import (
    NOT_RECORDED,
    Permission,
    Recording,
    listed,
    permissions,
    policies,
    record,
)


@pytest.fixture(scope="module")
def recording() -> Recording:
    return record()


def covered(recording: Recording, role: str, need: Need, without: str = "") -> bool:
    return any(
        allows(statement, need)
        for (of, sid), statement in recording.statements.items()
        if of == role and sid != without
    )


def test_everything_that_the_pipeline_asks_for_is_allowed(recording: Recording) -> None:
    for request in recording.requests:
        for need in request.needs:
            assert covered(recording, request.role, need), request


def only_unrecorded(actions: Iterable[str]) -> bool:
    return set(actions) <= NOT_RECORDED.keys()


@pytest.mark.parametrize(
    ("role", "sid"),
    [
        pytest.param(role, s["Sid"], id=f"{role}-{s['Sid']}")
        for role, s in policies()
        if not only_unrecorded(listed(s["Action"]))
    ],
)
def test_without_any_one_statement_something_is_refused(
    recording: Recording, role: str, sid: str
) -> None:
    refused = [n for _, n in recording.of(role) if not covered(recording, role, n, without=sid)]
    assert refused


@pytest.mark.parametrize(
    "permission", [p for p in permissions() if p.action not in NOT_RECORDED], ids=str
)
def test_every_action_is_needed_on_every_resource_that_it_is_allowed_on(
    recording: Recording, permission: Permission
) -> None:
    statement = recording.statements[permission.role, permission.sid]
    only = {
        **statement,
        "Action": permission.action,
        "Resource": listed(statement["Resource"])[permission.number],
    }
    assert any(allows(only, need) for _, need in recording.of(permission.role))
