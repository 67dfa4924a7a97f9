"""What the jobs of a stack have cost, and what is set aside for those that may still run.

A job counts twice in its life: with its worst case from before it exists until it is over, and with
its receipt in the month in which it ended. So no month is billed more than its budget, the month of
a job that runs past midnight of the last day not, nor the next one.
"""

import csv
import io
import json
import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, astuple, dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta

from automl.budget import at_most
from automl.errors import OverBudgetError, RefusedError

# Longer than the function may run that sets aside and then creates the job.
UNCONFIRMED_AFTER = timedelta(minutes=15)
# A spreadsheet takes a text that begins so for a formula, in their wide forms too.
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
DECIMALS = 5


@dataclass(frozen=True)
class SetAside:
    """The worst case of a job that is about to be created, or runs."""

    usd: float
    since: str
    """When it was last set aside, in ISO 8601; each try to create the job does it anew."""


@dataclass(frozen=True)
class Ended:
    """What a job has cost that is over."""

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

    set_aside: Mapping[str, SetAside] = field(default_factory=dict)
    ended: Mapping[str, Ended] = field(default_factory=dict)

    def spent(self, month: str) -> float:
        return sum(job.usd for job in self.ended.values() if job.month == month)

    def with_set_aside(
        self, job: str, usd: float, monthly_budget: float, now: datetime
    ) -> "Ledger":
        """The same with a job's worst case; a job that has ended already needs none.

        Raises RefusedError for a job that no month can pay, OverBudgetError when this one cannot.
        0 is no budget at all, and then everything is only written down.
        """
        if job in self.ended:
            return self
        before = self.set_aside.get(job)
        # An earlier try may have been a dearer one, and have created the job after all.
        usd = max(usd, before.usd) if before else usd
        others = self.without(job)
        if monthly_budget:
            others._require_room(usd, monthly_budget, now)
        held = {**others.set_aside, job: SetAside(usd, now.isoformat())}
        return replace(self, set_aside=held)

    def with_ended(self, job: Ended) -> "Ledger":
        """The same with a receipt in place of a worst case; told twice, the first one stays."""
        return replace(self.without(job.job), ended={job.job: job, **self.ended})

    def without(self, job: str) -> "Ledger":
        """The same with nothing set aside for a job."""
        held = {name: held for name, held in self.set_aside.items() if name != job}
        return replace(self, set_aside=held)

    def released(self, job: str, held: SetAside) -> "Ledger":
        """The same without this setting aside; if the job has another one by now, that stays."""
        return self.without(job) if self.set_aside.get(job) == held else self

    def unconfirmed(self, now: datetime) -> dict[str, SetAside]:
        """What was set aside so long ago that its job exists, or never will by that try."""
        return {
            job: held
            for job, held in self.set_aside.items()
            if now - datetime.fromisoformat(held.since) > UNCONFIRMED_AFTER
        }

    def _require_room(self, usd: float, budget: float, now: datetime) -> None:
        if usd > budget:
            raise RefusedError(_too_dear(usd, budget))
        held = sum(held.usd for held in self.set_aside.values())
        spent = self.spent(now.strftime("%Y-%m"))
        if round(spent + held + usd, DECIMALS) > budget:
            raise OverBudgetError(*_over_budget(spent, held, usd, budget, now))


def ledger_from_json(content: bytes | None) -> Ledger:
    """The ledger that was written earlier; an empty one when there is none."""
    if content is None:
        return Ledger()
    book = json.loads(content)
    return Ledger(
        set_aside={job: SetAside(**held) for job, held in book["set_aside"].items()},
        ended={line["job"]: Ended(**line) for line in book["ended"]},
    )


def ledger_to_json(ledger: Ledger) -> bytes:
    book = {
        "set_aside": {job: asdict(held) for job, held in ledger.set_aside.items()},
        "ended": [asdict(line) for line in ledger.ended.values()],
    }
    return json.dumps(book, ensure_ascii=False, indent=1).encode()


def costs_csv(ledger: Ledger) -> bytes:
    """A line per ended job in the order of their ends, with two running totals of its month."""
    written = io.StringIO()
    rows = csv.writer(written)
    rows.writerow(COLUMNS)
    totals: dict[tuple[str, ...], float] = defaultdict(float)
    for line in sorted(ledger.ended.values(), key=lambda line: (line.ended, line.job)):
        sums = [(line.month, line.dataset), (line.month,)]
        for total in sums:
            totals[total] += line.usd
        amounts = [f"{usd:.{DECIMALS}f}" for usd in (line.usd, *(totals[total] for total in sums))]
        cells = [line.month, *astuple(line)[:-1], *amounts]
        rows.writerow([_safe(str(cell)) for cell in cells])
    # The mark at the beginning tells Excel that this is UTF-8.
    return written.getvalue().encode("utf-8-sig")


def _safe(text: str) -> str:
    runs = unicodedata.normalize("NFKC", text).startswith(FORMULA_SIGNS)
    return f"'{text}" if runs else text


def _too_dear(usd: float, budget: float) -> str:
    return (
        f"This training could cost up to ${at_most(usd)}, and this stack may spend ${budget:.2f} "
        "in a whole month. Set fewer training_minutes or a cheaper instance_type in the settings "
        "file, or ask an engineer to raise the stack's parameter MonthlyBudgetUsd."
    )


def _over_budget(
    spent: float, held: float, usd: float, budget: float, now: datetime
) -> tuple[str, tuple[str, ...]]:
    reason = (
        f"a free budget: ${spent + held:.2f} of ${budget:.2f} for {now:%Y-%m} are spent or set "
        f"aside, and this training could cost up to ${at_most(usd)}"
    )
    return reason, (
        f"${spent:.2f} are spent. ${held:.2f} are set aside for jobs that may still run; what they "
        "do not use comes free when they end.",
        "Nothing is lost: it goes on by itself as soon as enough is free, on "
        f"{_first_of_next_month(now)}, or when an engineer raises the stack's parameter "
        "MonthlyBudgetUsd.",
    )


def _first_of_next_month(now: datetime) -> str:
    then = now.astimezone(UTC).replace(day=1) + timedelta(days=32)
    return f"1 {then:%B}"
