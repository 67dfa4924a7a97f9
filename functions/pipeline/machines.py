"""Put a job on another machine, within the same cap."""

from collections.abc import Collection
from dataclasses import replace
from typing import TypeVar

from contract.job import JobBase
from pipeline.budget import PRICES, Instance, cost_usd, instances, rounded_up

AnyJob = TypeVar("AnyJob", bound=JobBase)


def worst_case_usd(job: JobBase, instance: Instance) -> float:
    """What the job costs at the very most on that machine, to a hundredth of a cent."""
    seconds, disk = job.max_billed_seconds, job.volume_gb
    worst = cost_usd(instance.usd_per_hour, seconds, disk, instance.usd_per_gb_month)
    return rounded_up(worst, 10_000)


def on_machine(job: AnyJob, instance: Instance) -> AnyJob:
    """The same job on that machine, which costs nothing where none is rented."""
    return without_price(_priced(job, instance)) if job.free_of_charge else _priced(job, instance)


def without_price(job: AnyJob) -> AnyJob:
    """The job as one that no machine is rented for."""
    return replace(
        job,
        free_of_charge=True,
        usd_per_hour=0.0,
        usd_per_gb_month=0.0,
        price_date="",
        worst_case_usd=0.0,
    )


def _priced(job: AnyJob, instance: Instance) -> AnyJob:
    return replace(
        job,
        instance_type=instance.type,
        usd_per_hour=instance.usd_per_hour,
        usd_per_gb_month=instance.usd_per_gb_month,
        price_date=instance.price_date,
        worst_case_usd=worst_case_usd(job, instance),
    )


def without_quota(job: AnyJob, unavailable: Collection[str], region: str) -> AnyJob | None:
    """The job on the cheapest machine of at least the same memory that its cap allows.

    `unavailable` are the machines that the account may not use at all; None when no other is left.
    """
    if job.instance_type not in unavailable:
        return job
    needed = PRICES["memory_gib"][job.instance_type]
    left = job.max_cost_usd - job.paid_usd - (job.after.usd if job.after else 0.0)
    for instance in instances(region):
        fits = instance.memory_gib >= needed and worst_case_usd(job, instance) <= left
        if fits and instance.type not in unavailable:
            return replace(on_machine(job, instance), no_quota=tuple(unavailable))
    return None
