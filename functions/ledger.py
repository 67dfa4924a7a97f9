"""The book of costs in the bucket: any number of functions may write it at a time.

S3 takes a write only if the object is still the one that was read; otherwise it is read again.
"""

import random
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import bucket as datasets
from automl.costs import Ended, Ledger, SetAside, costs_csv, ledger_from_json, ledger_to_json
from automl.errors import OverBudgetError
from automl.results import EndedJob, receipt
from job_descriptions import described

LEDGER_KEY, CSV_KEY = "jobs/costs.json", "results/costs.csv"
CSV_TYPE = "text/csv; charset=utf-8"
LONGEST_PAUSE_SECONDS = 0.1


def set_aside(bucket: str, spec: dict[str, Any], monthly_budget: float) -> None:
    """Reserve the worst case of a job that is about to be created; again for every try.

    Raises RefusedError or OverBudgetError when the month's budget is too small for it.
    """
    now = datetime.now(UTC)

    def reserved(ledger: Ledger) -> Ledger:
        return ledger.with_set_aside(spec["job"], spec["worst_case_usd"], monthly_budget, now)

    try:
        _change(bucket, reserved)
    except OverBudgetError:
        if not _freed(bucket, now):
            raise
        _change(bucket, reserved)


def book(job: EndedJob, spec: dict[str, Any]) -> None:
    """The receipt of an ended job in place of what was set aside for it; twice changes nothing."""
    cost = receipt(job, spec)
    line = Ended(
        ended=(job.ended or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds"),
        dataset=spec["dataset"],
        job=job.name,
        state=job.state,
        instance_type=spec["instance_type"],
        billed_seconds=job.billed_seconds,
        usd=cost["usd"],
    )
    _change(job.bucket, lambda ledger: ledger.with_ended(line))
    _write_csv(job.bucket)


def _freed(bucket: str, now: datetime) -> bool:
    """Whether anything was set aside for jobs that never came to be, or whose end was not told."""
    ledger, _ = _read(bucket)
    settled = [_settled(bucket, job, held) for job, held in ledger.unconfirmed(now).items()]
    return any(settled)


def _settled(bucket: str, name: str, held: SetAside) -> bool:
    job = described(name)
    if job is None:
        _change(bucket, lambda ledger: ledger.released(name, held))
        return True
    if job["TrainingJobStatus"] not in ("Completed", "Failed", "Stopped"):
        return False
    book(EndedJob.from_description(job), datasets.read_json(bucket, f"jobs/{name}/job.json"))
    return True


def _change(bucket: str, change: Callable[[Ledger], Ledger]) -> None:
    """What the change makes of the ledger as it is when nobody else writes it."""
    for _ in _tries():
        before, etag = _read(bucket)
        after = change(before)
        if after == before or datasets.replace_marked(
            bucket, LEDGER_KEY, ledger_to_json(after), "application/json", etag
        ):
            return


def _write_csv(bucket: str) -> None:
    """The ledger as a table; looked at before the ledger is, so that no older one replaces it."""
    for _ in _tries():
        before, etag = datasets.read_marked(bucket, CSV_KEY)
        after = costs_csv(_read(bucket)[0])
        if after == before or datasets.replace_marked(bucket, CSV_KEY, after, CSV_TYPE, etag):
            return


def _tries() -> Iterator[None]:
    """Without end: of all who write at a time, one gets through. Lambda bounds the time."""
    while True:
        yield
        time.sleep(random.uniform(0, LONGEST_PAUSE_SECONDS))


def _read(bucket: str) -> tuple[Ledger, str | None]:
    content, etag = datasets.read_marked(bucket, LEDGER_KEY)
    return ledger_from_json(content), etag
