from dataclasses import replace
from unittest.mock import patch

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from contract.messages import usd_at_most
from pipeline import budget
from pipeline.budget import Budget, cost_usd, instances, plan_budget
from pipeline.errors import RefusedError
from pipeline.settings import PRESETS, Settings
from tests.messages import raises

MEGABYTE, GIGABYTE = 10**6, 10**9
REGIONS = st.sampled_from(("us-east-1", "ap-northeast-2", "sa-east-1"))
SIZES = st.one_of(st.integers(0, 10 * MEGABYTE), st.integers(0, 25 * GIGABYTE))
SETTINGS = st.builds(
    Settings,
    preset=st.sampled_from(PRESETS),
    training_minutes=st.one_of(st.floats(0.5, 30), st.floats(0.5, 1440)),
    # In cents, as people write it.
    max_cost_usd=st.integers(1, 100_000).map(lambda cents: cents / 100),
    instance_type=st.one_of(st.none(), st.sampled_from(("ml.m5.large", "ml.m5.24xlarge"))),
)


def planned(settings: Settings, size: int, region: str, spot: bool) -> Budget | None:
    try:
        return plan_budget(settings, size, region, spot)
    except RefusedError:
        return None


def bill(found: Budget, seconds: int) -> float:
    """To the fifth decimal, as the receipt has it."""
    machine = found.instance
    usd = cost_usd(machine.usd_per_hour, seconds, found.volume_gb, machine.usd_per_gb_month)
    return round(usd, 5)


def smallest_cap(settings: Settings, size: int, region: str, spot: bool) -> float | None:
    """The one that a refusal names; None when no cap would do."""
    with pytest.raises(RefusedError) as refusal:
        plan_budget(settings, size, region, spot)
    said = refusal.value.message
    return float(said.values["smallest"]) if "smallest" in said.values else None


def with_cap(settings: Settings, cap: float) -> Settings:
    return replace(settings, max_cost_usd=cap)


@given(SETTINGS, SIZES, REGIONS, st.booleans(), st.floats(0, 1))
def test_no_bill_that_aws_can_send_exceeds_the_worst_case_nor_that_the_cap(
    settings: Settings, size: int, region: str, spot: bool, part: float
) -> None:
    if found := planned(settings, size, region, spot):
        # SIGTERM alone delays the end by two minutes.
        longest = found.max_runtime_seconds + 120 + (3600 if spot else 0)
        assert longest < found.max_billed_seconds
        seconds = round(part * found.max_billed_seconds)
        assert bill(found, seconds) <= found.worst_case_usd <= settings.max_cost_usd
        assert bill(found, found.max_billed_seconds) <= found.worst_case_usd
        assert found.max_runtime_seconds > settings.training_minutes * 60


@given(SETTINGS, SIZES, REGIONS, st.booleans())
def test_the_machine_is_the_cheapest_of_those_that_are_big_enough(
    settings: Settings, size: int, region: str, spot: bool
) -> None:
    any_machine = with_cap(replace(settings, instance_type=None), 1000)
    found = planned(any_machine, size, region, spot)
    needed = 3 + (15 if settings.preset == "medium" else 25) * size / 2**30
    worst_cases = {
        machine.type: plan_budget(
            replace(any_machine, instance_type=machine.type), size, region, spot
        ).worst_case_usd
        for machine in instances(region)
        if machine.memory_gib >= needed
    }
    if not worst_cases:
        assert found is None
    else:
        assert found is not None
        assert found.worst_case_usd == worst_cases[found.instance.type] == min(worst_cases.values())


@given(SETTINGS, SIZES, REGIONS, st.booleans())
def test_a_refusal_names_the_smallest_cap_that_works_and_a_cent_less_does_not(
    settings: Settings, size: int, region: str, spot: bool
) -> None:
    cent = with_cap(settings, 0.0)
    cap = smallest_cap(cent, size, region, spot)
    if cap is not None:
        enough = plan_budget(with_cap(settings, cap), size, region, spot)
        assert enough.worst_case_usd <= cap
        less = round(cap - 0.01, 2)
        assert planned(with_cap(settings, less), size, region, spot) is None


@pytest.mark.parametrize(
    ("in_settings", "code"), [(0.07, "cost.over_cap"), (0.06, "cost.over_stack_cap")]
)
def test_a_refusal_sends_to_the_administrator_only_who_cannot_raise_the_cap(
    in_settings: float, code: str
) -> None:
    settings = Settings(max_cost_usd=0.05, max_cost_usd_in_settings=in_settings)
    with raises(RefusedError, code, smallest="0.07"):
        plan_budget(settings, MEGABYTE, "us-east-1")


@given(
    st.floats(0.01, 200),
    st.floats(0.01, 1),
    st.floats(1, 3),
    st.integers(1, 10_000).map(lambda cents: cents / 100),
    st.floats(0.5, 1440),
)
def test_the_cap_holds_at_any_prices(
    hour: float, gb_month: float, factor: float, cap: float, minutes: float
) -> None:
    prices = {
        **budget.PRICES,
        "usd_per_hour": {"us-east-1": {"ml.m5.large": hour}},
        "highest_region_factor": factor,
    }
    settings = Settings(training_minutes=minutes, max_cost_usd=cap)
    with patch.object(budget, "PRICES", prices), patch.object(budget, "USD_PER_GB_MONTH", gb_month):
        for region in ("us-east-1", "eu-west-9"):
            if found := planned(settings, MEGABYTE, region, False):
                assert bill(found, found.max_billed_seconds) <= found.worst_case_usd <= cap


@given(st.integers(0, 10**9))
@example(700)
def test_whole_cents_stay_what_they_are_and_parts_of_one_count_as_one(units: int) -> None:
    assert usd_at_most(units / 10_000) == f"{-(-units // 100) / 100:.2f}"


def test_spare_capacity_may_run_a_job_for_all_the_time_that_it_waits() -> None:
    firm, spot = (plan_budget(Settings(), MEGABYTE, "us-east-1", spot) for spot in (False, True))
    assert spot.max_billed_seconds - firm.max_billed_seconds == 3600
    assert spot.worst_case_usd > firm.worst_case_usd


def test_data_and_models_that_take_long_to_move_are_counted() -> None:
    small, large = (
        plan_budget(Settings(max_cost_usd=1000), size, "us-east-1")
        for size in (MEGABYTE, 10 * GIGABYTE)
    )
    beyond = [found.max_billed_seconds - found.max_runtime_seconds for found in (small, large)]
    assert beyond[1] - beyond[0] >= 10 * GIGABYTE / 100e6


def test_a_small_file_gets_the_cheapest_machine() -> None:
    assert plan_budget(Settings(), MEGABYTE, "us-east-1").instance.type == "ml.m5.large"


def test_a_big_file_gets_a_machine_with_enough_memory() -> None:
    budget = plan_budget(Settings(max_cost_usd=50), 2 * GIGABYTE, "us-east-1")
    assert budget.instance.memory_gib >= 30


def test_a_chosen_machine_is_taken_even_if_a_cheaper_one_would_do() -> None:
    budget = plan_budget(Settings(instance_type="ml.m5.xlarge"), MEGABYTE, "us-east-1")
    assert budget.instance.type == "ml.m5.xlarge"


def test_a_machine_without_a_known_price_is_refused_with_those_that_have_one() -> None:
    with pytest.raises(RefusedError) as refused:
        plan_budget(Settings(instance_type="ml.x9.huge"), MEGABYTE, "us-east-1")
    said = refused.value.message
    assert (said.code, said.values["instance"]) == ("cost.unknown_instance", "ml.x9.huge")
    assert "ml.m5.large" in said.values["known"]


def test_a_region_without_prices_of_its_own_is_never_taken_for_cheaper() -> None:
    known = {instance.type: instance for instance in instances("us-east-1")}
    for instance in instances("sa-east-1"):
        assert instance.usd_per_hour > known[instance.type].usd_per_hour
        assert instance.usd_per_gb_month > known[instance.type].usd_per_gb_month


def test_a_dataset_too_big_for_every_machine_is_refused() -> None:
    with pytest.raises(RefusedError, match="sample of its rows"):
        plan_budget(Settings(max_cost_usd=1000), 100 * GIGABYTE, "us-east-1")


@given(SETTINGS, SIZES, st.floats(0, 2))
def test_what_an_upload_has_paid_already_leaves_less_for_its_job(
    settings: Settings, size: int, paid: float
) -> None:
    try:
        found = plan_budget(settings, size, "us-east-1", paid_usd=paid)
    except RefusedError:
        return
    assert found.worst_case_usd + paid <= settings.max_cost_usd
