"""Decide what to delete with the stack, and what to answer CloudFormation."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contract.endpoint_name import endpoint_prefixes
from pipeline.guard_rails import STACK_TAG

# A rolled-back update deletes new resources but keeps the stack.
ENDS = ("DELETE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS")
# CloudFormation takes 4,096 bytes for the whole answer.
LONGEST_REASON = 1000


class OutOfTimeError(Exception):
    """Raised when not everything could be deleted in the time that there is."""


@dataclass(frozen=True)
class CleanUp:
    """What a stack that ends takes along, beside its own resources."""

    stack: str
    bucket: str
    endpoint_prefixes: tuple[str, ...]
    """What the names of its endpoints begin with."""
    deletes_data: bool
    """The bucket too, with all versions of everything in it."""


def planned(event: Mapping[str, Any], stack_status: str) -> CleanUp | None:
    """None unless the stack itself ends; a resource may be deleted from a stack that stays."""
    if event["RequestType"] != "Delete" or stack_status not in ENDS:
        return None
    given = event["ResourceProperties"]
    part = event["StackId"].rpartition("/")[2].partition("-")[0]
    return CleanUp(
        stack=given["Stack"],
        bucket=given["Bucket"],
        endpoint_prefixes=endpoint_prefixes(given["Stack"], part),
        deletes_data=given["DeleteData"] == "true",
    )


def belongs_to(stack: str, tags: Mapping[str, str]) -> bool:
    """By tag and not by name: the stack `a` must not take what `a-b` made."""
    return tags.get(STACK_TAG) == stack


def answer(event: Mapping[str, Any], failure: str | None) -> dict[str, str]:
    """What CloudFormation waits for.

    The physical id never changes: CloudFormation would take a new one for a replacement, and have
    the old one deleted.
    """
    return {
        "Status": "FAILED" if failure else "SUCCESS",
        "Reason": (failure or "See the function's log")[:LONGEST_REASON],
        "PhysicalResourceId": event.get("PhysicalResourceId", event["LogicalResourceId"]),
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
    }
