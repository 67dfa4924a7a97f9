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


def test_the_report_says_how_the_rows_were_split(by_customer: OptMl) -> None:
    said = notes_by_code(by_customer.performance())["read.groups"]
    assert (said.values["count"], said.values["rows"]) == (CUSTOMERS, CUSTOMERS * EACH)
    page = (by_customer.results / "report.html").read_text()
    assert html.escape(render(said)) in page
    assert "group_column" in page


def test_customers_are_predicted_without_the_column(by_customer: OptMl) -> None:
    written = pd.read_csv(by_customer.result("test_prediction.csv"))
    assert len(written) == CUSTOMERS * EACH and written["prediction"].isin(["yes", "no"]).all()
