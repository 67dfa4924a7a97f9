"""Real fits on rows that do not stand alone: the score is for customers that are new."""

import html

import numpy as np
import pandas as pd
import pytest

from contract.messages import render
from tests.messages import notes_by_code
from tests.opt_ml import OptMl, opt_ml

CUSTOMERS, EACH = 70, 8


def shop(random: np.random.Generator, first: int = 0) -> pd.DataFrame:
    """Each customer has a liking, and an age and an income that tell who it is."""
    who = np.repeat(np.arange(CUSTOMERS), EACH)
    liking = 2 * random.normal(size=CUSTOMERS)[who]
    visit = random.normal(size=len(who))
    chance = liking + 0.7 * visit + random.normal(size=len(who))
    rows = pd.DataFrame(
        {
            "customer_id": [f"C{first + n}" for n in who],
            "age": random.uniform(20, 70, CUSTOMERS).round(2)[who],
            "income": random.lognormal(10, 0.5, CUSTOMERS).round(2)[who],
            "visit": visit.round(3),
            "bought": np.where(chance > 0, "yes", "no"),
        }
    )
    return rows.iloc[random.permutation(len(rows))]


@pytest.fixture(scope="module")
def by_customer(tmp_path_factory: pytest.TempPathFactory) -> OptMl:
    random = np.random.default_rng(1)
    job = opt_ml(
        tmp_path_factory.mktemp("shop"),
        shop(random).to_csv(index=False),
        shop(random, first=500).drop(columns="bought").to_csv(index=False),
        target="bought",
        group_column="customer_id",
    )
    assert job.train() == 0, (job.root / "log").read_text()[-2000:]
    return job


@pytest.fixture(scope="module")
def mixed(by_customer: OptMl, tmp_path_factory: pytest.TempPathFactory) -> OptMl:
    """The same rows without the setting."""
    train = by_customer.file("train").read_text()
    job = opt_ml(
        tmp_path_factory.mktemp("mixed"), train, target="bought", ignore_columns=["customer_id"]
    )
    assert job.train() == 0, (job.root / "log").read_text()[-2000:]
    return job


def test_the_score_is_that_of_new_customers(by_customer: OptMl, mixed: OptMl) -> None:
    honest, flattered = by_customer.performance(), mixed.performance()
    assert (honest["scored_on"], flattered["scored_on"]) == ("out-of-fold", "out-of-fold")
    assert honest["split"] == {"group_column": "customer_id", "groups": CUSTOMERS}
    assert flattered["split"] is None
    assert flattered["score"] > 0.8 > 0.75 > honest["score"]
    # The linear model is scored in the same way, and knows as little of new customers.
    assert honest["linear_score"] < 0.75


def test_without_the_setting_both_scores_are_said_and_the_line_to_paste(mixed: OptMl) -> None:
    job = mixed.performance()
    said = notes_by_code(job)["note.groups_mixed"]
    assert said.values["mixed"] > 0.75 > said.values["apart"]
    assert said.values["line"] == '{"group_column": "customer_id"}'
    assert "note.groups_mixed" in [one["code"] for one in job["verdict"]["findings"]]
    page = html.unescape((mixed.results / "report.html").read_text())
    assert render(said) in page


def test_the_report_says_how_the_rows_were_split(by_customer: OptMl) -> None:
    said = notes_by_code(by_customer.performance())["note.split_by_groups"]
    assert (said.values["count"], said.values["rows"]) == (CUSTOMERS, CUSTOMERS * EACH)
    page = (by_customer.results / "report.html").read_text()
    assert html.escape(render(said)) in page
    assert "group_column" in page


def test_customers_are_predicted_without_the_column(by_customer: OptMl) -> None:
    written = pd.read_csv(by_customer.result("test_prediction.csv"))
    assert len(written) == CUSTOMERS * EACH and written["prediction"].isin(["yes", "no"]).all()


DAYS, A_DAY = 120, 5


def visits(random: np.random.Generator) -> pd.DataFrame:
    """Every three days have a mood of their own, which no earlier day tells; some have no day."""
    day = np.repeat(np.arange(DAYS), A_DAY)
    mood = 2 * random.normal(size=DAYS // 3)[day // 3]
    visit = random.normal(size=len(day))
    chance = mood + 0.7 * visit + random.normal(size=len(day))
    days = (pd.Timestamp("2024-03-01") + pd.to_timedelta(day, unit="D")).strftime("%Y-%m-%d")
    rows = pd.DataFrame(
        {
            "visit": visit.round(3),
            "day": days,
            "bought": np.where(chance > 0, "yes", "no"),
        }
    )
    rows.loc[random.choice(len(rows), 15, replace=False), "day"] = ""
    return rows.iloc[random.permutation(len(rows))]


@pytest.fixture(scope="module")
def by_day(tmp_path_factory: pytest.TempPathFactory) -> OptMl:
    train = visits(np.random.default_rng(4))
    job = opt_ml(
        tmp_path_factory.mktemp("days"),
        train.to_csv(index=False),
        target="bought",
        time_column="day",
        training_minutes=1.0,
    )
    assert job.train() == 0, (job.root / "log").read_text()[-2000:]
    return job


def test_the_score_is_that_of_later_days(by_day: OptMl) -> None:
    train = pd.read_csv(by_day.file("train"))
    job = by_day.performance()
    facts = job["split"]
    assert (job["scored_on"], facts["time_column"]) == ("hold-out", "day")
    assert facts["learned_until"] < facts["scored_from"]
    assert job["rows"] == (train["day"] >= facts["scored_from"]).sum()
    assert job["fit_rows"] == (train["day"] <= facts["learned_until"]).sum()
    assert job["rows"] + job["fit_rows"] == len(train) - 15
    # What the visit alone is worth; knowing the days around it, it is above 0.8.
    assert job["score"] < 0.75


def test_the_report_says_until_when_was_learned_and_what_had_no_time(by_day: OptMl) -> None:
    job = by_day.performance()
    said, page = notes_by_code(job), (by_day.results / "report.html").read_text()
    for code in ("note.split_by_time", "note.rows_without_time"):
        assert html.escape(render(said[code])) in page
    assert said["note.split_by_time"].values["scored_from"] == job["split"]["scored_from"]
    assert said["note.rows_without_time"].values["count"] == 15


def test_the_model_in_the_end_has_learned_from_every_row(by_day: OptMl) -> None:
    assert "note.not_refitted" not in notes_by_code(by_day.performance())
    refitted = (by_day.root / "log").read_text()
    assert "_FULL" in refitted
