"""Retry a job that ran out of memory once, on the next bigger machine, within the same cap."""

from dataclasses import dataclass, replace

from contract.job import EarlierAttempt, Job, ModelJob, TranslatorJob
from contract.layout import DATA
from contract.messages import Message, message, usd_at_most
from pipeline.budget import PRICES, Instance, cost_usd, instances
from pipeline.errors import RefusedError
from pipeline.failures import out_of_memory
from pipeline.machines import on_machine, worst_case_usd
from pipeline.status import Status

# Much less would most likely run out of memory again, and there is only one retry.
MEMORY_FACTOR = 1.5


@dataclass(frozen=True)
class Bigger:
    """The cheapest machine with MEMORY_FACTOR times the memory, and the job's worst case on it."""

    instance: Instance
    worst_case_usd: float


@dataclass(frozen=True)
class OutOfMemoryRetry:
    """What differs in the job.json of the second attempt."""

    bigger: Bigger
    after: EarlierAttempt

    def of(self, job: Job) -> Job:
        """The job on the bigger machine; raises RefusedError when its cap is too low by now."""
        spent = self.after.usd + job.paid_usd
        if spent + self.bigger.worst_case_usd > job.max_cost_usd:
            raise RefusedError(_too_expensive(self.bigger, job.max_cost_usd))
        return replace(on_machine(job, self.bigger.instance), after=self.after)


def out_of_memory_retry(
    failure_reason: str, billed_seconds: int, spec: Job, region: str
) -> OutOfMemoryRetry | None:
    """Decide what differs in the second attempt's job.json; None when there is no retry.

    A job is retried when it ran out of memory, is not itself a second attempt, and leaves enough
    of its cap. Both functions decide alike: they read only DescribeTrainingJob and job.json.
    """
    bigger = _bigger(spec, region)
    if not _ran_out(failure_reason, spec) or spec.after or bigger is None:
        return None
    spent = cost_usd(spec.usd_per_hour, billed_seconds, spec.volume_gb, spec.usd_per_gb_month)
    if spent + spec.paid_usd + bigger.worst_case_usd > spec.max_cost_usd:
        return None
    after = EarlierAttempt(spec.job, spec.instance_type, billed_seconds, round(spent, 5))
    return OutOfMemoryRetry(bigger, after)


def with_retry(
    status: Status,
    failure_reason: str,
    spec: Job,
    retry: OutOfMemoryRetry | None,
    region: str,
) -> Status:
    """Return the ended job's status with its retry, or with why there is none.

    Leaves the status of a job that had enough memory as it is.
    """
    if not _ran_out(failure_reason, spec):
        return status
    if retry:
        return _retrying(status, spec, retry.bigger.instance.type)
    why, step = _why_not(spec, _bigger(spec, region))
    return replace(status, details=(why, *status.details), next=(step,))


def _ran_out(failure_reason: str, spec: Job) -> bool:
    return isinstance(spec, ModelJob | TranslatorJob) and out_of_memory(failure_reason)


def _bigger(spec: Job, region: str) -> Bigger | None:
    needed = PRICES["memory_gib"][spec.instance_type] * MEMORY_FACTOR
    for instance in instances(region):
        if instance.memory_gib >= needed:
            return Bigger(instance, worst_case_usd(spec, instance))
    return None


def _retrying(status: Status, spec: Job, instance_type: str) -> Status:
    return replace(
        status,
        state="waiting",
        headline=message(
            "status.retry_bigger",
            dataset=status.dataset,
            instance=spec.instance_type,
            bigger=instance_type,
        ),
        details=(message("detail.within_cap", limit=spec.max_cost_usd), *status.details),
        next=(
            message("next.starts_itself"),
            message("next.begin_bigger", instance=instance_type, file=_settings_key(spec)),
        ),
    )


def _why_not(spec: Job, bigger: Bigger | None) -> tuple[Message, Message]:
    if bigger is None:
        why = message("detail.no_bigger", instance=spec.instance_type)
        return why, message("next.sample_or_ignore")
    step = message(
        "next.set_bigger",
        instance=bigger.instance.type,
        smallest=usd_at_most(bigger.worst_case_usd),
        file=_settings_key(spec),
    )
    if spec.after:
        before = spec.after.instance_type
        return message("detail.was_second_attempt", instance=before), step
    return _too_expensive(bigger, spec.max_cost_usd), step


def _too_expensive(bigger: Bigger, limit: float) -> Message:
    return message("detail.bigger_too_expensive", instance=bigger.instance.type, limit=limit)


def _settings_key(spec: Job) -> str:
    folder = "" if isinstance(spec, TranslatorJob) else DATA
    return f"{folder}{spec.dataset}.json"
