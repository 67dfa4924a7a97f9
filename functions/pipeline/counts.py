"""What the functions count: every name here is a metric of the namespace codefree-automl."""

from collections.abc import Mapping
from enum import StrEnum

from pipeline.status import Cost


class Count(StrEnum):
    """What happened, by the name that the dashboard and the alarms know it by."""

    UPLOADS = "Uploads"
    STARTED = "Started"
    DUPLICATES = "Duplicates"
    """Deliveries whose job is there, or whose end was published, already."""
    REFUSED = "Refused"
    WAITING = "Waiting"
    """Tries after which an upload went back to its queue."""
    WAITED_SECONDS = "WaitedSeconds"
    """Since the upload, counted with each of those tries."""
    BROKEN = "Broken"
    """Tries that our own code did not survive; Lambda counts none of them as errors."""
    PUT_ASIDE = "PutAside"
    TRANSLATED = "Translated"
    COMPLETED = "Completed"
    FAILED = "Failed"
    STOPPED = "Stopped"
    COST_USD = "CostUsd"
    CHALLENGER_FAILED = "ChallengerFailed"
    """1 for a request that the challenger did not answer, or not soon; 0 for any other of its."""
    CHALLENGER_MISREAD = "ChallengerMisread"
    """1 for a request of which it understood fewer cells than the champion; 0 for any other."""

    @property
    def unit(self) -> str:
        """CloudWatch's name of it; it has none for money."""
        return {"WaitedSeconds": "Seconds", "CostUsd": "None"}.get(self, "Count")


# The metric of each final state of a file to translate; waiting is counted where it waits.
METRIC_OF_STATE = {
    "refused": Count.REFUSED,
    "translated": Count.TRANSLATED,
    "completed": Count.TRANSLATED,
}


def of_ended(state: str, cost: Cost | None) -> dict[Count, float]:
    """What a job adds that ended as Completed, Failed or Stopped."""
    return {Count(state): 1, Count.COST_USD: cost["usd"] if cost else 0.0}


def of_upload(body: Mapping[str, object], tries: int) -> dict[Count, float]:
    """An upload counts when it comes, not when it is tried again or handed on by ourselves."""
    is_upload = body.get("detail-type") == "Object Created"
    return {Count.UPLOADS: 1} if tries == 1 and is_upload else {}


def of_waiting(sent_milliseconds: str, now: float) -> dict[Count, float]:
    """A try that has to wait, and for how long the upload has been waiting."""
    return {Count.WAITING: 1, Count.WAITED_SECONDS: max(0.0, now - int(sent_milliseconds) / 1000)}
