"""What goes when the stack goes, and what CloudFormation is told of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TAG = "codefree-automl:stack"
# A stack that fails to be updated deletes what it has just added, and lives on.
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
    deletes_data: bool
    """The bucket too, with all versions of everything in it."""


def planned(event: Mapping[str, Any], stack_status: str) -> CleanUp | None:
    """None unless the stack itself ends; a resource may be deleted from a stack that stays."""
    if event["RequestType"] != "Delete" or stack_status not in ENDS:
        return None
    given = event["ResourceProperties"]
    return CleanUp(given["Stack"], given["Bucket"], given["DeleteData"] == "true")


def belongs_to(stack: str, tags: Mapping[str, str]) -> bool:
    """By tag and not by name: the stack `a` must not take what `a-b` made."""
    return tags.get(TAG) == stack


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
