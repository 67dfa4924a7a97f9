"""Which machine takes the place of one that the account may not use."""

from dataclasses import replace

import pytest

from contract.job import EarlierAttempt, job_from_json, to_json, to_mapping
from pipeline.aws_errors import has_no_quota
from pipeline.machines import without_quota
from tests.plans import plan, spec

LIMIT = "The account-level service limit 'ml.m5.large for training job usage' is {} Instances, "
REST = "with current utilization of {} Instances and a request delta of 1 Instances."
REGION = "us-east-1"


@pytest.mark.parametrize(
    ("quota", "used", "none_at_all"),
    [(0, 0, True), (1, 1, False), (10, 10, False), (20, 20, False)],
)
def test_a_quota_of_zero_is_told_from_one_that_is_used_up(
    quota: int, used: int, none_at_all: bool
) -> None:
    said = LIMIT.format(quota) + REST.format(used)
    assert has_no_quota("ResourceLimitExceeded", said) == none_at_all
    assert not has_no_quota("ThrottlingException", said)


def test_the_cheapest_other_machine_of_as_much_memory_is_taken() -> None:
    job = spec(plan())
    assert without_quota(job, (), REGION) == job
    one = without_quota(job, ("ml.m5.large",), REGION)
    assert one is not None
    assert (one.instance_type, one.no_quota) == ("ml.c5.xlarge", ("ml.m5.large",))
    assert one.worst_case_usd > job.worst_case_usd
    big = replace(job, instance_type="ml.m5.2xlarge", max_cost_usd=10.0)
    other = without_quota(big, ("ml.m5.2xlarge",), REGION)
    assert other is not None and other.instance_type == "ml.r7i.2xlarge"


def test_the_cap_holds_and_counts_the_attempt_before() -> None:
    job = replace(spec(plan()), max_cost_usd=0.1)
    assert without_quota(job, ("ml.m5.large",), REGION) is None
    enough = replace(spec(plan()), max_cost_usd=0.2)
    assert without_quota(enough, ("ml.m5.large",), REGION) is not None
    spent = replace(enough, after=EarlierAttempt("first", "ml.m5.large", 360, 0.15))
    assert without_quota(spent, ("ml.m5.large",), REGION) is None


def test_a_job_json_names_such_machines_only_where_there_are_any() -> None:
    job = spec(plan())
    assert "no_quota" not in to_mapping(job)
    other = without_quota(job, ("ml.m5.large",), REGION)
    assert other is not None
    assert job_from_json(to_json(other)) == other
