import itertools
from typing import Any

import pytest

from automl.budget import PRICES, cost_usd, instances
from automl.results import ended, receipt, supersedes
from automl.second_try import second_try, told
from automl.status import Status, training
from automl.training_job import attempt_name, is_later_attempt
from tests.unit.test_results import SPEC, job, text

KILLED = "AlgorithmError: , exit code: 137"
HOME = "us-east-1"


def after_failure(spec: dict[str, Any], reason: str = KILLED) -> Status:
    status = ended(job("Failed", reason=reason), spec, None, [])
    return told(status, reason, spec, second_try(reason, 360, spec, HOME), HOME)


def second(spec: dict[str, Any]) -> dict[str, Any]:
    return {**spec, "job": f"{spec['job']}-a2", **second_try(KILLED, 360, spec, HOME)}


def test_the_second_attempt_gets_the_next_bigger_machine_and_says_so() -> None:
    changes = second_try(KILLED, 360, SPEC, HOME)
    assert (changes["instance_type"], changes["usd_per_hour"]) == ("ml.m5.xlarge", 0.23)
    assert changes["after"]["job"] == SPEC["job"]
    status = after_failure(SPEC)
    assert status.state == "waiting"
    said = text(status)
    assert "ml.m5.large ran out of memory, so training is tried once more, on ml.m5.xlarge" in said
    assert "Both attempts together stay within the cap of $1.00." in said
    assert '"instance_type": "ml.m5.xlarge" in data/titanic.json' in said


@pytest.mark.parametrize(
    ("machine", "cap", "billed", "region"),
    [
        *itertools.product(
            PRICES["memory_gib"], (0.1, 0.5, 1, 3, 9), (1, 600, 1800), (HOME, "eu-west-1")
        )
    ],
)
def test_both_attempts_together_never_cost_more_than_the_cap(
    machine: str, cap: float, billed: int, region: str
) -> None:
    (price,) = [known for known in instances(region) if known.type == machine]
    spec = {
        **SPEC,
        "instance_type": machine,
        "usd_per_hour": price.usd_per_hour,
        "max_cost_usd": cap,
    }
    changes = second_try(KILLED, billed, spec, region)
    if not changes:
        return
    memory = PRICES["memory_gib"]
    assert memory[changes["instance_type"]] >= 1.5 * memory[machine]
    most = cost_usd(
        changes["usd_per_hour"],
        spec["max_billed_seconds"],
        spec["volume_gb"],
        changes["usd_per_gb_month"],
    )
    assert changes["after"]["usd"] + most <= cap + 1e-5


def test_there_is_no_third_attempt() -> None:
    again = second(SPEC)
    assert second_try(KILLED, 360, again, HOME) == {}
    said = text(after_failure(again))
    assert "It was the second attempt; ml.m5.large had run out of memory before." in said
    assert 'Set "instance_type": "ml.m5.2xlarge" and "max_cost_usd": at least 0.25' in said


def test_a_cap_that_is_too_small_is_told_with_the_smallest_that_would_do() -> None:
    spec = {**SPEC, "max_cost_usd": 0.12}
    status = after_failure(spec)
    assert status.state == "failed"
    said = text(status)
    assert "more than the cap of $0.12" in said
    assert '"instance_type": "ml.m5.xlarge" and "max_cost_usd": at least 0.13' in said


def test_the_biggest_machine_has_no_bigger_one() -> None:
    said = text(after_failure({**SPEC, "instance_type": "ml.m5.24xlarge", "max_cost_usd": 99.0}))
    assert "No machine with a known price has much more memory than ml.m5.24xlarge" in said
    assert "Train on a sample of the rows" in said


@pytest.mark.parametrize("reason", ["", "CapacityError: none", "AlgorithmError: No., exit code: 1"])
def test_another_failure_is_not_tried_again(reason: str) -> None:
    assert second_try(reason, 360, SPEC, HOME) == {}
    status = ended(job("Failed", reason=reason), SPEC, None, [])
    assert after_failure(SPEC, reason) == status


def test_a_job_of_another_kind_is_not_tried_again() -> None:
    assert second_try(KILLED, 360, {**SPEC, "kind": "prediction"}, HOME) == {}


def test_both_costs_are_told() -> None:
    again = second(SPEC)
    assert "second attempt, because ml.m5.large ran out of memory after 360" in text(
        training(again)
    )
    bill = receipt(job(), again)
    assert bill["usd_before"] == again["after"]["usd"] > 0
    assert "Together with the attempt on ml.m5.large, which ran out of memory" in bill["sentence"]
    assert "about $0.04." in bill["sentence"]


def test_an_attempt_never_replaces_the_status_of_the_one_that_followed_it() -> None:
    first, followed = after_failure(SPEC), training(second(SPEC))
    assert not supersedes(first, followed)
    assert supersedes(followed, first)


def test_attempts_are_told_apart_by_their_names() -> None:
    name = "a-a7-0a1b2c3d4e5f"
    assert is_later_attempt(attempt_name(name, 2), name)
    assert is_later_attempt(attempt_name(name, 10), attempt_name(name, 9))
    assert not is_later_attempt(name, attempt_name(name, 2))
    assert not is_later_attempt(attempt_name(name, 2), "a-012345678901")
    assert not is_later_attempt("a-a12345678901", "a")
    assert not is_later_attempt(None, name)
