import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl.dataset import Dataset
from contract.messages import message
from pipeline.costs import (
    Ended,
    Ledger,
    costs_csv,
    ledger_from_json,
    ledger_to_json,
)
from pipeline.errors import OverBudgetError, RefusedError
from pipeline.status import waiting_for_budget
from tests.messages import raises

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
CENTS = st.integers(1, 300).map(lambda cents: cents / 100)


def over(job: str, usd: float = 0.5, ended: datetime = NOW, dataset: str = "titanic") -> Ended:
    return Ended(ended.isoformat(), dataset, job, "completed", "ml.m5.large", 360, usd)


def rows(ledger: Ledger) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(costs_csv(ledger).decode("utf-8-sig"))))


def held(ledger: Ledger) -> float:
    return sum(job.usd for job in ledger.reservations.values())


@given(
    st.lists(st.tuples(st.integers(0, 9), CENTS, st.floats(0, 1), st.integers(0, 20)), max_size=40),
    CENTS,
)
def test_no_month_is_billed_more_than_its_budget(
    steps: list[tuple[int, float, float, int]], budget: float
) -> None:
    """Jobs begin, and end with a part of their worst cases; days pass, and a month ends."""
    ledger, now, billed = Ledger(), NOW, dict[str, float]()
    for number, usd, part, days in steps:
        job = f"job-{number}"
        if job in ledger.reservations:
            now += timedelta(days=days)
            bill = ledger.reservations[job].usd * part
            # At the very worst all of it is billed in whichever month it ran.
            for month in {ledger.reservations[job].since[:7], f"{now:%Y-%m}"}:
                billed[month] = billed.get(month, 0) + bill
            ledger = ledger.with_ended(over(job, bill, now))
        else:
            try:
                ledger = ledger.with_reservation(job, usd, budget, now)
            except (RefusedError, OverBudgetError):
                continue
        assert held(ledger) + ledger.spent(f"{now:%Y-%m}") <= budget + 1e-5
    assert all(usd <= budget + 1e-4 for usd in billed.values())


def test_a_job_that_is_reserved_again_is_reserved_once() -> None:
    once = Ledger().with_reservation("a", 0.6, 1, NOW)
    twice = once.with_reservation("a", 0.6, 1, NOW + timedelta(minutes=5))
    assert list(twice.reservations) == ["a"] and held(twice) == 0.6
    assert twice.reservations["a"].since > once.reservations["a"].since


def test_the_more_expensive_of_two_tries_for_a_job_stays_reserved() -> None:
    ledger = Ledger().with_reservation("a", 0.6, 1, NOW).with_reservation("a", 0.2, 1, NOW)
    assert held(ledger) == 0.6


def test_a_try_for_a_job_that_has_ended_meanwhile_sets_nothing_aside() -> None:
    ledger = Ledger().with_ended(over("a"))
    assert ledger.with_reservation("a", 0.6, 1, NOW) == ledger


def test_a_receipt_takes_the_place_of_the_worst_case_and_frees_the_rest() -> None:
    full = Ledger().with_reservation("a", 0.8, 1, NOW)
    with pytest.raises(OverBudgetError):
        full.with_reservation("b", 0.8, 1, NOW)
    ended = full.with_ended(over("a", 0.1))
    assert held(ended.with_reservation("b", 0.8, 1, NOW)) == 0.8


def test_the_whole_budget_may_be_used_to_the_last_cent() -> None:
    ledger = Ledger().with_reservation("a", 0.1, 0.3, NOW).with_reservation("b", 0.2, 0.3, NOW)
    assert list(ledger.reservations) == ["a", "b"]
    with pytest.raises(OverBudgetError):
        ledger.with_reservation("c", 0.0001, 0.3, NOW)


def test_a_new_month_has_a_new_budget_but_what_still_runs_counts_there_too() -> None:
    ledger = Ledger().with_ended(over("a", 0.9)).with_reservation("b", 0.1, 1, NOW)
    december = datetime(2026, 12, 1, tzinfo=UTC)
    assert held(ledger.with_reservation("c", 0.9, 1, december)) == pytest.approx(1.0)
    with pytest.raises(OverBudgetError):
        ledger.with_reservation("c", 0.91, 1, december)


def test_a_job_that_no_month_can_pay_is_refused_and_told_what_to_do() -> None:
    with raises(RefusedError, "cost.over_month", usd=1.0001, budget=1):
        Ledger().with_reservation("a", 1.0001, 1, NOW)


def test_without_a_monthly_budget_everything_is_only_written_down() -> None:
    ledger = Ledger().with_reservation("a", 1000, 0, NOW).with_reservation("b", 1000, 0, NOW)
    assert held(ledger) == 2000


def test_waiting_for_a_budget_is_told_in_words() -> None:
    ledger = Ledger().with_ended(over("a", 3.1)).with_reservation("b", 1.25, 5, NOW)
    with pytest.raises(OverBudgetError) as reason:
        ledger.with_reservation("c", 2.411, 5, NOW)
    said = waiting_for_budget(Dataset("titanic"), reason.value).to_text("now").decode()
    assert said.startswith(
        "titanic: waiting for a free budget: $4.35 of the $5.00 for November 2026 is spent or "
        "reserved, and this upload could cost up to $2.42.\n\n"
        "$3.10 is spent. $1.25 is reserved for jobs that may still run;"
    )
    assert "automatically when enough budget is free, on December 1, or when your" in said


@pytest.mark.parametrize(("month", "next_one"), [(1, 2), (12, 1)])
def test_the_day_on_which_it_goes_on_is_the_first_of_the_next_month(
    month: int, next_one: int
) -> None:
    last_day = datetime(2027, month, 31, 23, 59, tzinfo=UTC)
    full = Ledger().with_reservation("a", 1, 1, last_day)
    with pytest.raises(OverBudgetError) as reason:
        full.with_reservation("b", 1, 1, last_day)
    assert reason.value.details[1].values["day"] == message(f"first_of.{next_one}")


def test_only_what_was_reserved_long_ago_is_worth_a_question() -> None:
    ledger = Ledger().with_reservation("old", 1, 0, NOW - timedelta(minutes=16))
    ledger = ledger.with_reservation("new", 1, 0, NOW - timedelta(minutes=2))
    assert list(ledger.unconfirmed(NOW)) == ["old"]


def test_what_was_reserved_anew_is_not_released_with_the_old() -> None:
    before = Ledger().with_reservation("a", 1, 0, NOW - timedelta(hours=1))
    old = before.reservations["a"]
    assert before.released("a", old).reservations == {}
    again = before.with_reservation("a", 1, 0, NOW)
    assert again.released("a", old) == again


def test_the_ledger_reads_what_it_has_written() -> None:
    ledger = Ledger().with_ended(over("a", dataset="한글 'x'")).with_reservation("b", 0.3, 1, NOW)
    assert ledger_from_json(ledger_to_json(ledger)) == ledger
    assert ledger_from_json(None) == Ledger()


def test_the_table_has_a_line_per_job_and_two_running_totals() -> None:
    ledger = Ledger()
    for number, (dataset, usd, day) in enumerate(
        [("b", 0.5, 3), ("a", 0.25, 1), ("b", 0.125, 2), ("a", 1.0, 40)]
    ):
        ended = datetime(2026, 11, 1, tzinfo=UTC) + timedelta(days=day)
        ledger = ledger.with_ended(over(f"job-{number}", usd, ended, dataset))
    ended = ledger.with_ended(over("job-0", 99, NOW, "b"))
    assert [row["month"] for row in rows(ended)] == ["2026-11"] * 3 + ["2026-12"]
    assert [(row["job"], row["usd"], *list(row.values())[-2:]) for row in rows(ended)] == [
        ("job-1", "0.25000", "0.25000", "0.25000"),
        ("job-2", "0.12500", "0.12500", "0.37500"),
        ("job-0", "0.50000", "0.62500", "0.87500"),
        ("job-3", "1.00000", "1.00000", "1.00000"),
    ]


@pytest.mark.parametrize("name", ["=1+1", "+a", "-a", "@a", "\uff1d1+1", "\ufe631"])
def test_no_dataset_becomes_a_formula(name: str) -> None:
    (row,) = rows(Ledger().with_ended(over("a", dataset=name)))
    assert row["dataset"] == f"'{name}"


@given(st.text(max_size=20))
def test_any_dataset_name_stays_in_its_cell(name: str) -> None:
    (row,) = rows(Ledger().with_ended(over("a", dataset=name.replace("\x00", ""))))
    assert row["job"] == "a" and row["instance_type"] == "ml.m5.large"
