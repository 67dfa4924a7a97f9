"""The book of costs in the bucket: any number of functions may write it at a time.

S3 takes a write only if the object is still the one that was read; otherwise it is read again.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from aws import objects, stored, translations
from aws.job_descriptions import described
from contract.job import Job
from contract.layout import COSTS_KEY, LEDGER_KEY
from pipeline.costs import (
    DECIMALS,
    Ended,
    Ledger,
    Reservation,
    costs_csv,
    ledger_from_json,
    ledger_to_json,
)
from pipeline.errors import OverBudgetError
from pipeline.results import ENDED, EndedJob, receipt
from queries.query import is_of_query
from translation.progress import is_translation

CSV_TYPE = "text/csv; charset=utf-8"
# With a day to spare.
MESSAGES_ARE_KEPT = timedelta(days=15)


def reserve(bucket: str, name: str, usd: float, monthly_budget: float) -> float:
    """Reserve the worst case of what is about to be paid; again for every try.

    Returns what is reserved by now, in US dollars; nothing for what is over. Raises RefusedError
    or OverBudgetError when the month's budget is too small for it.
    """
    now = datetime.now(UTC)

    def with_job(ledger: Ledger) -> Ledger:
        return ledger.with_reservation(name, usd, monthly_budget, now)

    try:
        return _held(_change(bucket, with_job), name)
    except OverBudgetError:
        if not _freed(bucket, now):
            raise
        return _held(_change(bucket, with_job), name)


def book_translation(bucket: str, name: str, dataset: str, engine: str, state: str) -> float:
    """Book what a translation has cost in place of its reservation, in US dollars; idempotent."""
    usd = translations.paid_for(bucket, name)
    ended = datetime.now(UTC).isoformat(timespec="seconds")
    line = Ended(ended, dataset, name, state, engine, 0, round(usd, DECIMALS))
    _change(bucket, lambda ledger: ledger.with_ended(line))
    _write_csv(bucket)
    return usd


def book_query(bucket: str, name: str, dataset: str, state: str, usd: float) -> None:
    """Book what one run of a query has cost in place of its reservation; idempotent."""
    ended = datetime.now(UTC).isoformat(timespec="seconds")
    line = Ended(ended, dataset, name, state, "Athena", 0, round(usd, DECIMALS))
    _change(bucket, lambda ledger: ledger.with_ended(line))
    _write_csv(bucket)


def release(bucket: str, name: str) -> None:
    """Free what is reserved for something that was not paid at all."""
    _change(bucket, lambda ledger: ledger.without(name))


def book(job: EndedJob, spec: Job) -> None:
    """Book the receipt of an ended job in place of its reservation; idempotent."""
    cost = receipt(job, spec)
    line = Ended(
        ended=(job.ended or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds"),
        dataset=spec.dataset,
        job=job.name,
        state=job.state,
        instance_type=cost["instance_type"],
        billed_seconds=job.billed_seconds,
        usd=cost["usd"],
    )
    _change(job.bucket, lambda ledger: ledger.with_ended(line))
    _write_csv(job.bucket)


def _freed(bucket: str, now: datetime) -> bool:
    """Settle reservations whose job was never created or whose end was missed; True if any."""
    ledger, _ = _read(bucket)
    settled = [_settled(bucket, job, one) for job, one in ledger.unconfirmed(now).items()]
    return any(settled)


def _held(ledger: Ledger, name: str) -> float:
    reservation = ledger.reservations.get(name)
    return reservation.usd if reservation else 0.0


def _settled(bucket: str, name: str, reservation: Reservation) -> bool:
    if is_translation(name):
        # Its own function books it, unless its message is gone by now.
        if datetime.now(UTC) - datetime.fromisoformat(reservation.since) < MESSAGES_ARE_KEPT:
            return False
        book_translation(bucket, name, name, "", "stopped")
        return True
    if is_of_query(name):
        # Athena stops a query after half an hour, and its end is looked at.
        if datetime.now(UTC) - datetime.fromisoformat(reservation.since) < MESSAGES_ARE_KEPT:
            return False
        _change(bucket, lambda ledger: ledger.released(name, reservation))
        return True
    job = described(name)
    if job is None:
        _change(bucket, lambda ledger: ledger.released(name, reservation))
        return True
    if job["TrainingJobStatus"] not in ENDED:
        return False
    book(EndedJob.from_description(job), objects.read_job(bucket, name))
    return True


def _change(bucket: str, change: Callable[[Ledger], Ledger]) -> Ledger:
    """Apply `change` to the ledger, again for as long as another writer is faster."""
    for _ in objects.tries():
        before, etag = _read(bucket)
        after = change(before)
        if after == before or objects.put_if_unchanged(
            bucket, LEDGER_KEY, ledger_to_json(after), "application/json", etag
        ):
            return after
    raise AssertionError("tries have no end")


def _write_csv(bucket: str) -> None:
    """The ledger as a table."""
    objects.put_newest(bucket, COSTS_KEY, CSV_TYPE, lambda: costs_csv(_read(bucket)[0]))


def _read(bucket: str) -> tuple[Ledger, str | None]:
    content, etag = stored.read_with_etag(bucket, LEDGER_KEY)
    return ledger_from_json(content), etag
