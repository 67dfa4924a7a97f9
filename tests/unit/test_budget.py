import itertools
import re

import pytest

from automl.budget import cost_usd, instances, plan_budget
from automl.errors import RefusedError
from automl.settings import Settings

MEGABYTE, GIGABYTE = 10**6, 10**9
REGIONS = ("us-east-1", "ap-northeast-2")


@pytest.mark.parametrize(
    ("minutes", "cap", "size", "region"),
    [*itertools.product((1, 10, 60, 600), (0.05, 1, 20), (1000, MEGABYTE, GIGABYTE), REGIONS)],
)
def test_the_worst_case_never_exceeds_the_cap(
    minutes: float, cap: float, size: int, region: str
) -> None:
    settings = Settings(training_minutes=minutes, max_cost_usd=cap)
    try:
        budget = plan_budget(settings, size, region)
    except RefusedError as refusal:
        (smallest,) = map(float, re.findall(r"max_cost_usd = ([\d.]+\d)", str(refusal)))
        assert smallest > cap
        enough = Settings(training_minutes=minutes, max_cost_usd=smallest)
        assert plan_budget(enough, size, region).worst_case_usd <= smallest
        return
    billed = cost_usd(budget.instance.usd_per_hour, budget.max_runtime_seconds, budget.volume_gb)
    assert billed <= budget.worst_case_usd <= cap
    assert budget.max_runtime_seconds > minutes * 60


def test_a_small_file_gets_the_cheapest_machine() -> None:
    assert plan_budget(Settings(), MEGABYTE, "us-east-1").instance.type == "ml.m5.large"


def test_a_big_file_gets_a_machine_with_enough_memory() -> None:
    budget = plan_budget(Settings(max_cost_usd=50), 2 * GIGABYTE, "us-east-1")
    assert budget.instance.memory_gib >= 30


def test_a_chosen_machine_is_taken_even_if_a_cheaper_one_would_do() -> None:
    budget = plan_budget(Settings(instance_type="ml.m5.xlarge"), MEGABYTE, "us-east-1")
    assert budget.instance.type == "ml.m5.xlarge"


def test_a_machine_without_a_known_price_is_refused_with_those_that_have_one() -> None:
    with pytest.raises(RefusedError, match=r"'ml\.x9\.huge'.*ml\.m5\.large"):
        plan_budget(Settings(instance_type="ml.x9.huge"), MEGABYTE, "us-east-1")


def test_a_region_without_prices_of_its_own_is_never_taken_for_cheaper() -> None:
    known = {instance.type: instance.usd_per_hour for instance in instances("us-east-1")}
    for instance in instances("sa-east-1"):
        assert instance.usd_per_hour > known[instance.type]


def test_a_dataset_too_big_for_every_machine_is_refused() -> None:
    with pytest.raises(RefusedError, match="sample of its rows"):
        plan_budget(Settings(max_cost_usd=1000), 100 * GIGABYTE, "us-east-1")
