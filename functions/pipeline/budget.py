"""Which machine a job gets, and what it costs at the very most."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contract.messages import message, usd_at_most
from pipeline.errors import RefusedError
from pipeline.settings import Settings

PRICES: Mapping[str, Any] = json.loads((Path(__file__).parent / "prices.json").read_text())
HOME_REGION = "us-east-1"
USD_PER_GB_MONTH: float = PRICES["volume_usd_per_gb_month"]
# Measured: bagging runs up to 1.5 times over AutoGluon's limit; what is outside the fit (loading,
# scoring, plots, packing) takes minutes at a million rows.
FIT_OVERRUN = 1.5
MINUTES_OUTSIDE_FIT = 10
SECONDS_PER_MEGABYTE = 2
# AWS bills from before the container is there until after the model is away, which
# MaxRuntimeInSeconds does not bound: 5 minutes for the container, 2 for a job that is stopped,
# and data and models, several times the data, at 50 MB a second.
BILLED_BEYOND_RUNTIME_SECONDS = 420
BILLED_BEYOND_RUNTIME_SECONDS_PER_GB = 120
# How much longer than it may run a job may take when it has to wait for spare capacity.
SPOT_PATIENCE_SECONDS = 3600
MEMORY_GIB_PER_FILE_GIB = {"medium": 15, "good": 25, "high": 25, "best": 25}
MEMORY_GIB_AT_LEAST = 3
VOLUME_GB_AT_LEAST = 30
VOLUME_GB_PER_FILE_GB = 10
# The hours of the shortest month, in which an hour of disk costs most.
HOURS_PER_MONTH = 672


@dataclass(frozen=True)
class Instance:
    """A machine and its on-demand price in US dollars per hour; spot never costs more."""

    type: str
    memory_gib: float
    usd_per_hour: float
    usd_per_gb_month: float
    """Of the disk."""
    price_date: str


@dataclass(frozen=True)
class Budget:
    """What a job may use, and its worst case in US dollars: every second billed, disk included."""

    instance: Instance
    max_runtime_seconds: int
    max_billed_seconds: int
    """All that AWS can bill, whatever becomes of the job."""
    volume_gb: int
    worst_case_usd: float
    """Rounded up to a hundredth of a cent."""


def plan_budget(
    settings: Settings,
    dataset_bytes: int,
    region: str,
    spot: bool = False,
    paid_usd: float = 0.0,
) -> Budget:
    """The cheapest machine that is big enough, within what is left of the cap.

    `paid_usd` is what the upload has cost already.

    Raises RefusedError that names the smallest cap that would do.
    """
    candidates = [
        _budget(instance, settings, dataset_bytes, spot)
        for instance in _suitable(settings, dataset_bytes, region)
    ]
    cheapest = min(candidates, key=lambda budget: budget.worst_case_usd)
    if cheapest.worst_case_usd + paid_usd > settings.max_cost_usd:
        raise _over_cap(cheapest, settings, paid_usd)
    return cheapest


def _over_cap(budget: Budget, settings: Settings, paid_usd: float) -> RefusedError:
    """Who can raise the cap far enough: the settings file, or only the stack."""
    most = budget.worst_case_usd + paid_usd
    smallest = usd_at_most(most)
    allowed = float(smallest) <= settings.max_cost_usd_in_settings
    return RefusedError(
        message(
            "cost.over_cap" if allowed else "cost.over_stack_cap",
            usd=most,
            instance=budget.instance.type,
            minutes=settings.training_minutes,
            limit=settings.max_cost_usd,
            smallest=smallest,
        )
    )


def cost_usd(
    usd_per_hour: float,
    billed_seconds: float,
    volume_gb: int,
    usd_per_gb_month: float = USD_PER_GB_MONTH,
) -> float:
    """Instance and disk for that many seconds."""
    disk_per_hour = volume_gb * usd_per_gb_month / HOURS_PER_MONTH
    return (usd_per_hour + disk_per_hour) * billed_seconds / 3600


def instances(region: str) -> list[Instance]:
    """Every machine with a known price in the region, cheapest first.

    A region without its own table gets the price of us-east-1 times the factor of the most
    expensive region, so that a cap holds there too.
    """
    known = region in PRICES["usd_per_hour"]
    source, factor = (region, 1.0) if known else (HOME_REGION, PRICES["highest_region_factor"])
    date = PRICES["dates"][source]
    # The table has one price of a disk, the home region's; elsewhere disks cost more.
    disk_factor = 1.0 if region == HOME_REGION else PRICES["highest_region_factor"]
    found = [
        Instance(
            name, PRICES["memory_gib"][name], price * factor, USD_PER_GB_MONTH * disk_factor, date
        )
        for name, price in PRICES["usd_per_hour"][source].items()
    ]
    return sorted(found, key=lambda instance: instance.usd_per_hour)


def _suitable(settings: Settings, dataset_bytes: int, region: str) -> list[Instance]:
    known = instances(region)
    if settings.instance_type:
        return [_named(settings.instance_type, known)]
    needed = _memory_gib(settings.preset, dataset_bytes)
    suitable = [instance for instance in known if instance.memory_gib >= needed]
    if not suitable:
        raise RefusedError(message("cost.too_much_memory", gib=round(needed)))
    return suitable


def _named(instance_type: str, known: list[Instance]) -> Instance:
    for instance in known:
        if instance.type == instance_type:
            return instance
    names = tuple(sorted(instance.type for instance in known))
    raise RefusedError(message("cost.unknown_instance", instance=instance_type, known=names))


def _memory_gib(preset: str, dataset_bytes: int) -> float:
    return MEMORY_GIB_AT_LEAST + MEMORY_GIB_PER_FILE_GIB[preset] * dataset_bytes / 2**30


def _budget(instance: Instance, settings: Settings, dataset_bytes: int, spot: bool) -> Budget:
    runtime = math.ceil(
        settings.training_minutes * 60 * FIT_OVERRUN
        + MINUTES_OUTSIDE_FIT * 60
        + SECONDS_PER_MEGABYTE * dataset_bytes / 1e6
    )
    volume_gb = math.ceil(VOLUME_GB_AT_LEAST + VOLUME_GB_PER_FILE_GB * dataset_bytes / 1e9)
    billed = runtime + _billed_beyond_runtime(dataset_bytes, spot)
    worst = cost_usd(instance.usd_per_hour, billed, volume_gb, instance.usd_per_gb_month)
    return Budget(instance, runtime, billed, volume_gb, rounded_up(worst, 10_000))


def _billed_beyond_runtime(dataset_bytes: int, spot: bool) -> int:
    moving = BILLED_BEYOND_RUNTIME_SECONDS_PER_GB * dataset_bytes / 1e9
    # AWS bounds what an interrupted job runs in all its tries by its waiting time alone.
    again = SPOT_PATIENCE_SECONDS if spot else 0
    return math.ceil(BILLED_BEYOND_RUNTIME_SECONDS + moving + again)


def rounded_up(usd: float, parts: int) -> float:
    """To the next of so many parts of a dollar; what floats make of a whole part stays it."""
    return math.ceil(round(usd * parts, 6)) / parts
