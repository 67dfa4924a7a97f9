import itertools
from dataclasses import replace

import pytest

from contract.job import Job
from contract.messages import render
from pipeline.budget import PRICES, cost_usd, instances
from pipeline.errors import RefusedError
from pipeline.out_of_memory_retry import out_of_memory_retry, with_retry
from pipeline.results import cost_sentence, ended, receipt, supersedes
from pipeline.status import Status, started
from pipeline.training_job import attempt_name, is_later_attempt
from tests.ended_jobs import PREDICTING, SPEC, job, text
from tests.messages import raises, said
from tests.translator_jobs import TRANSLATOR

KILLED = "AlgorithmError: , exit code: 137"
HOME = "us-east-1"


def after_failure(spec: Job, reason: str = KILLED) -> Status:
    status = ended(job("Failed", reason=reason), spec, None, [])
    return with_retry(status, reason, spec, out_of_memory_retry(reason, 360, spec, HOME), HOME)


def second(spec: Job) -> Job:
    again = out_of_memory_retry(KILLED, 360, spec, HOME)
    assert again is not None
    return again.of(replace(spec, job=attempt_name(spec.job, 2)))


def test_the_second_attempt_gets_the_next_bigger_machine_and_says_so() -> None:
    again = second(SPEC)
    assert (again.instance_type, again.usd_per_hour) == ("ml.m5.xlarge", 0.23)
    assert again.after is not None and again.after.job == SPEC.job
    status = after_failure(SPEC)
    assert status.state == "waiting"
    assert status.headline.code == "status.retry_bigger"
    assert status.headline.values["bigger"] == "ml.m5.xlarge"
    assert said(status, "detail.within_cap").values["limit"] == SPEC.max_cost_usd
    assert said(status, "next.begin_bigger").values["file"] == "data/titanic.json"
    assert '"instance_type": "ml.m5.xlarge" in data/titanic.json' in text(status)


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
    spec = replace(SPEC, instance_type=machine, usd_per_hour=price.usd_per_hour, max_cost_usd=cap)
    attempt = out_of_memory_retry(KILLED, billed, spec, region)
    if not attempt:
        return
    again = attempt.of(spec)
    assert again.after is not None
    memory = PRICES["memory_gib"]
    assert memory[again.instance_type] >= 1.5 * memory[machine]
    most = cost_usd(
        again.usd_per_hour,
        spec.max_billed_seconds,
        spec.volume_gb,
        again.usd_per_gb_month,
    )
    assert again.after.usd + most <= cap + 1e-5


def test_there_is_no_third_attempt() -> None:
    again = second(SPEC)
    assert out_of_memory_retry(KILLED, 360, again, HOME) is None
    status = after_failure(again)
    assert said(status, "detail.was_second_attempt").values["instance"] == "ml.m5.large"
    assert 'Set "instance_type": "ml.m5.2xlarge" and "max_cost_usd": at least 0.25' in text(status)


def test_a_cap_that_is_too_small_is_told_with_the_smallest_that_would_do() -> None:
    spec = replace(SPEC, max_cost_usd=0.12)
    status = after_failure(spec)
    assert status.state == "failed"
    assert said(status, "detail.bigger_too_expensive").values["limit"] == 0.12
    assert '"instance_type": "ml.m5.xlarge" and "max_cost_usd": at least 0.13' in text(status)


def test_the_biggest_machine_has_no_bigger_one() -> None:
    status = after_failure(replace(SPEC, instance_type="ml.m5.24xlarge", max_cost_usd=99.0))
    assert said(status, "detail.no_bigger").values["instance"] == "ml.m5.24xlarge"
    assert said(status, "next.sample_or_ignore")


@pytest.mark.parametrize("reason", ["", "CapacityError: none", "AlgorithmError: No., exit code: 1"])
def test_another_failure_is_not_tried_again(reason: str) -> None:
    assert out_of_memory_retry(reason, 360, SPEC, HOME) is None
    status = ended(job("Failed", reason=reason), SPEC, None, [])
    assert after_failure(SPEC, reason) == status


def test_a_translator_is_tried_again_and_a_prediction_job_is_not() -> None:
    assert out_of_memory_retry(KILLED, 360, replace(TRANSLATOR, max_cost_usd=9.0), HOME) is not None
    assert out_of_memory_retry(KILLED, 360, replace(PREDICTING, max_cost_usd=9.0), HOME) is None


def test_both_costs_are_told() -> None:
    again = second(SPEC)
    assert said(started(again), "detail.second_attempt").values["seconds"] == 360
    bill = receipt(job(), again)
    assert again.after is not None
    assert bill["usd_before"] == again.after.usd > 0
    together = cost_sentence(job(), again)
    assert together.code == "detail.cost_together"
    assert render(together).endswith("about $0.04.")


def test_an_attempt_never_replaces_the_status_of_the_one_that_followed_it() -> None:
    first, followed = after_failure(SPEC), started(second(SPEC))
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


def test_a_cap_that_was_lowered_since_the_first_attempt_holds_for_both() -> None:
    again = out_of_memory_retry(KILLED, 360, SPEC, HOME)
    assert again is not None
    both = again.after.usd + again.bigger.worst_case_usd
    assert again.of(replace(SPEC, max_cost_usd=both)).after == again.after
    with raises(RefusedError, "detail.bigger_too_expensive", limit=both - 0.001):
        again.of(replace(SPEC, max_cost_usd=both - 0.001))


def test_what_translating_has_cost_counts_in_the_cap_of_both_attempts() -> None:
    again = out_of_memory_retry(KILLED, 360, SPEC, HOME)
    assert again is not None
    left = SPEC.max_cost_usd - again.after.usd - again.bigger.worst_case_usd
    for translation_usd, is_retried in ((left - 0.001, True), (left + 0.001, False)):
        spec = replace(SPEC, translation_usd=translation_usd)
        assert bool(out_of_memory_retry(KILLED, 360, spec, HOME)) == is_retried
    with raises(RefusedError, "detail.bigger_too_expensive"):
        again.of(replace(SPEC, translation_usd=left + 0.001))
