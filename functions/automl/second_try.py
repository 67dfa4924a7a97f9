"""After a machine that ran out of memory: the next bigger one, once, within the same cap."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from automl.budget import PRICES, Instance, at_most, cost_usd, instances, rounded_up
from automl.failures import out_of_memory
from automl.status import Status

# Much less would most likely run out of memory again, and there is only one more try.
MEMORY_FACTOR = 1.5
TRAINING_KINDS = ("model", "translator")


@dataclass(frozen=True)
class Bigger:
    """The cheapest machine with so much more memory, and what the job may cost on it."""

    instance: Instance
    worst_case_usd: float


def second_try(
    failure_reason: str, billed_seconds: int, spec: Mapping[str, Any], region: str
) -> dict[str, Any]:
    """What is different in the second attempt's job.json; nothing when there is to be none.

    Both functions come to the same answer, from DescribeTrainingJob and job.json alone: for a job
    that ran out of memory, is no second attempt itself, and leaves enough of its cap.
    """
    bigger = _bigger(spec, region)
    if not _ran_out(failure_reason, spec) or spec.get("after") or bigger is None:
        return {}
    spent = cost_usd(
        spec["usd_per_hour"], billed_seconds, spec["volume_gb"], spec["usd_per_gb_month"]
    )
    if spent + bigger.worst_case_usd > spec["max_cost_usd"]:
        return {}
    return {
        "instance_type": bigger.instance.type,
        "usd_per_hour": bigger.instance.usd_per_hour,
        "usd_per_gb_month": bigger.instance.usd_per_gb_month,
        "price_date": bigger.instance.price_date,
        "worst_case_usd": bigger.worst_case_usd,
        "after": {
            "job": spec["job"],
            "instance_type": spec["instance_type"],
            "billed_seconds": billed_seconds,
            "usd": round(spent, 5),
        },
    }


def told(
    status: Status,
    failure_reason: str,
    spec: Mapping[str, Any],
    changes: Mapping[str, Any],
    region: str,
) -> Status:
    """The status of an ended job with what comes, or cannot come, after too little memory."""
    if not _ran_out(failure_reason, spec):
        return status
    if changes:
        return _tried_again(status, spec, changes["instance_type"])
    why, step = _why_not(spec, _bigger(spec, region))
    return replace(status, details=(why, *status.details), next=(step,))


def _ran_out(failure_reason: str, spec: Mapping[str, Any]) -> bool:
    return spec["kind"] in TRAINING_KINDS and out_of_memory(failure_reason)


def _bigger(spec: Mapping[str, Any], region: str) -> Bigger | None:
    needed = PRICES["memory_gib"][spec["instance_type"]] * MEMORY_FACTOR
    seconds, disk = spec["max_billed_seconds"], spec["volume_gb"]
    for instance in instances(region):
        if instance.memory_gib >= needed:
            worst = cost_usd(instance.usd_per_hour, seconds, disk, instance.usd_per_gb_month)
            return Bigger(instance, rounded_up(worst, 10_000))
    return None


def _tried_again(status: Status, spec: Mapping[str, Any], instance_type: str) -> Status:
    return replace(
        status,
        state="waiting",
        headline=f"{status.dataset}: {spec['instance_type']} ran out of memory, so training is "
        f"tried once more, on {instance_type}.",
        details=(
            f"Both attempts together stay within the cap of ${spec['max_cost_usd']:.2f}.",
            *status.details,
        ),
        next=(
            "Nothing; it starts by itself.",
            f'To begin there next time, set "instance_type": "{instance_type}" in '
            f"{_settings_key(spec)}.",
        ),
    )


def _why_not(spec: Mapping[str, Any], bigger: Bigger | None) -> tuple[str, str]:
    if bigger is None:
        return (
            f"No machine with a known price has much more memory than {spec['instance_type']}.",
            "Train on a sample of the rows, or leave out columns with ignore_columns.",
        )
    cap = at_most(bigger.worst_case_usd)
    step = (
        f'Set "instance_type": "{bigger.instance.type}" and "max_cost_usd": at least {cap} in '
        f"{_settings_key(spec)} and upload it."
    )
    if spec.get("after"):
        before = spec["after"]["instance_type"]
        return f"It was the second attempt; {before} had run out of memory before.", step
    return (
        f"The next bigger machine, {bigger.instance.type}, was not tried: together with this "
        f"attempt it could cost more than the cap of ${spec['max_cost_usd']:.2f}.",
        step,
    )


def _settings_key(spec: Mapping[str, Any]) -> str:
    folder = "" if spec["kind"] == "translator" else "data/"
    return f"{folder}{spec['dataset']}.json"
