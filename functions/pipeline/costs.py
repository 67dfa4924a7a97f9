"""The costs of a stack's jobs, and what is reserved for jobs that may still run.

A job counts twice in its life: with its worst case from before it exists until it is over, and with
its receipt in the month in which it ended. So no month is billed more than its budget, the month of
a job that runs past midnight of the last day not, nor the next one.
"""

import csv
import io
import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, astuple, dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta

from contract.messages import Message, message
from contract.spreadsheet import safe_row
from pipeline.errors import OverBudgetError, RefusedError

# Longer than the timeout of the function that reserves and then creates the job.
UNCONFIRMED_AFTER = timedelta(minutes=15)
DECIMALS = 5


@dataclass(frozen=True)
class Reservation:
    """The worst case of a job that is about to be created, or runs."""

    usd: float
    since: str
    """When it was last reserved, in ISO 8601; each try to create the job reserves anew."""


@dataclass(frozen=True)
class Ended:
    """The receipt of a job that is over."""

    ended: str
    """In ISO 8601, UTC."""
    dataset: str
    job: str
    state: str
    instance_type: str
    billed_seconds: int
    usd: float

    @property
    def month(self) -> str:
        return self.ended[:7]


COLUMNS = (
    "month",
    *(column.name for column in fields(Ended)),
    "dataset_usd_this_month_so_far",
    "all_usd_this_month_so_far",
)


@dataclass(frozen=True)
class Ledger:
    """The book of all jobs, by name."""

    reservations: Mapping[str, Reservation] = field(default_factory=dict)
    ended: Mapping[str, Ended] = field(default_factory=dict)

    def spent(self, month: str) -> float:
        return sum(job.usd for job in self.ended.values() if job.month == month)

    def with_reservation(
        self, job: str, usd: float, monthly_budget: float, now: datetime
    ) -> "Ledger":
        """Return the ledger with a job's worst case reserved; an ended job needs none.

        A `monthly_budget` of 0 sets no limit. Raises RefusedError for a job that exceeds a whole
        month's budget, OverBudgetError when this month has too little left.
        """
        if job in self.ended:
            return self
        before = self.reservations.get(job)
        # An earlier try may have been more expensive, and have created the job after all.
        usd = max(usd, before.usd) if before else usd
        others = self.without(job)
        if monthly_budget:
            others._require_room(usd, monthly_budget, now)
        reservation = Reservation(usd, now.isoformat())
        return replace(self, reservations={**others.reservations, job: reservation})

    def with_ended(self, job: Ended) -> "Ledger":
        """Return the ledger with a receipt in place of a reservation; the first receipt stays."""
        return replace(self.without(job.job), ended={job.job: job, **self.ended})

    def without(self, job: str) -> "Ledger":
        """Return the ledger without a reservation for the job."""
        others = {name: one for name, one in self.reservations.items() if name != job}
        return replace(self, reservations=others)

    def released(self, job: str, reservation: Reservation) -> "Ledger":
        """Return the ledger without this reservation; a newer one for the same job stays."""
        return self.without(job) if self.reservations.get(job) == reservation else self

    def unconfirmed(self, now: datetime) -> dict[str, Reservation]:
        """Return reservations so old that their job exists by now, or their try never made one."""
        return {
            job: reservation
            for job, reservation in self.reservations.items()
            if now - datetime.fromisoformat(reservation.since) > UNCONFIRMED_AFTER
        }

    def _require_room(self, usd: float, budget: float, now: datetime) -> None:
        if usd > budget:
            raise RefusedError(message("cost.over_month", usd=usd, budget=budget))
        reserved = sum(one.usd for one in self.reservations.values())
        spent = self.spent(now.strftime("%Y-%m"))
        if round(spent + reserved + usd, DECIMALS) > budget:
            raise OverBudgetError(*_over_budget(spent, reserved, usd, budget, now))


def ledger_from_json(content: bytes | None) -> Ledger:
    """Parse a stored ledger; None gives an empty one."""
    if content is None:
        return Ledger()
    book = json.loads(content)
    return Ledger(
        # The file keeps the key that earlier versions wrote.
        reservations={job: Reservation(**entry) for job, entry in book["set_aside"].items()},
        ended={line["job"]: Ended(**line) for line in book["ended"]},
    )


def ledger_to_json(ledger: Ledger) -> bytes:
    book = {
        "set_aside": {job: asdict(one) for job, one in ledger.reservations.items()},
        "ended": [asdict(line) for line in ledger.ended.values()],
    }
    return json.dumps(book, ensure_ascii=False, indent=1).encode()


def costs_csv(ledger: Ledger) -> bytes:
    """Write a line per ended job, by time of end, with two running totals of its month."""
    written = io.StringIO()
    rows = csv.writer(written)
    rows.writerow(safe_row(COLUMNS))
    totals: dict[tuple[str, ...], float] = defaultdict(float)
    for line in sorted(ledger.ended.values(), key=lambda line: (line.ended, line.job)):
        sums = [(line.month, line.dataset), (line.month,)]
        for total in sums:
            totals[total] += line.usd
        amounts = [f"{usd:.{DECIMALS}f}" for usd in (line.usd, *(totals[total] for total in sums))]
        cells = [line.month, *astuple(line)[:-1], *amounts]
        rows.writerow(safe_row(map(str, cells)))
    # The byte order mark makes Excel read the file as UTF-8.
    return written.getvalue().encode("utf-8-sig")


def _over_budget(
    spent: float, reserved: float, usd: float, budget: float, now: datetime
) -> tuple[Message, tuple[Message, ...]]:
    month = message(f"month.{now.month}", year=str(now.year))
    reason = message("wait.budget", used=spent + reserved, budget=budget, month=month, usd=usd)
    return reason, (
        message("wait.budget_parts", spent=spent, held=reserved),
        message("wait.budget_until", day=_first_of_next_month(now)),
    )


def _first_of_next_month(now: datetime) -> Message:
    then = now.astimezone(UTC).replace(day=1) + timedelta(days=32)
    return message(f"first_of.{then.month}")
