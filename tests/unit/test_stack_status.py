import io
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    ProfileNotFound,
    ReadTimeoutError,
)
from rich.console import Console

from codefree.stack_status import Overview, Row, in_words, rows
from codefree.status_view import show_overview, totals
from codefree.words import ENGLISH, LANGUAGES, Words

NOW = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)


def status(dataset: str, state: str, job: str | None = None, **more: Any) -> dict[str, Any]:
    return {
        "dataset": dataset,
        "state": state,
        "headline": f"{dataset}: {state}.",
        "prefix": f"results/{dataset}/",
        "results": f"results/{dataset}/{job}/" if job else None,
        "job": job,
        "score": None,
        "cost": None,
        "updated": "2026-11-21T12:00:00+00:00",
        **more,
    }


def of_job(dataset: str, job: str, usd: float) -> dict[str, Any]:
    """The copy of a status that lies in its job's folder."""
    folder = f"results/{dataset}/{job}/"
    return status(dataset, "completed", job, prefix=folder, cost={"usd": usd})


def test_a_dataset_is_one_row_that_costs_what_all_its_jobs_cost() -> None:
    score = {"metric": "roc_auc", "score": 0.87654}
    now = status("toys", "completed", "toys-2", cost={"usd": 0.02}, score=score)
    (row,) = rows([now, of_job("toys", "toys-1", 0.03), of_job("toys", "toys-2", 0.02)], {}, NOW)
    assert (row.dataset, row.job, row.score) == ("toys", "toys-2", "ROC AUC 0.8765")
    assert row.cost_usd == 0.05


def test_a_dataset_that_is_named_like_a_folder_of_ours_is_told_from_its_jobs() -> None:
    statuses = [status("translation", "completed", "t-1"), of_job("translation", "t-1", 0.01)]
    statuses.append(status("translation/en-de", "training", "translation-1"))
    found = rows(statuses, {}, NOW)
    assert {row.dataset for row in found} == {"translation", "translation/en-de"}


def test_a_running_job_costs_its_hours_so_far_and_is_dated_by_its_start() -> None:
    job = {
        "CreationTime": datetime(2026, 11, 21, 11, 50, tzinfo=UTC),
        "TrainingStartTime": datetime(2026, 11, 21, 12, 0, tzinfo=UTC),
        "usd_per_hour": 0.2,
    }
    statuses = [status("toys", "training", "toys-1"), of_job("toys", "toys-0", 0.05)]
    (row,) = rows(statuses, {"toys-1": job}, NOW)
    assert row.cost_usd == pytest.approx(0.05 + 0.1)
    assert row.since == "2026-11-21T11:50:00+00:00"


def test_a_job_whose_machine_is_not_there_yet_costs_nothing_yet() -> None:
    job = {"CreationTime": NOW, "usd_per_hour": 0.2}
    (row,) = rows([status("toys", "training", "toys-1")], {"toys-1": job}, NOW)
    assert row.cost_usd == 0


def test_the_newest_dataset_comes_first() -> None:
    early = status("early", "refused", updated="2026-11-20T12:00:00+00:00")
    found = rows([early, status("late", "waiting")], {}, NOW)
    assert [row.dataset for row in found] == ["late", "early"]


ROW = Row("toys", "training", "2026-11-21T12:00:00+00:00", "toys-1", None, 0.0213, "toys: …")


def shown(overview: Overview, terminal: bool, language: str = ENGLISH) -> str:
    console = Console(file=io.StringIO(), force_terminal=terminal, width=120)
    show_overview(overview, console, Words(language))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_piped_a_dataset_is_a_line_with_tabs_and_totals_come_last() -> None:
    header, line, last = shown(Overview("s", "b", [ROW], 2, 1), terminal=False).splitlines()
    assert header.split("\t") == ["dataset", "state", "since", "job", "score", "cost so far"]
    cells = line.split("\t")
    assert (cells[0], cells[1], cells[3:]) == ("toys", "training", ["toys-1", "-", "$0.02"])
    assert last == (
        "1 dataset: 1 training; 2 uploads in the queue, 1 set aside; about $0.02 so far."
    )


def test_in_a_terminal_it_is_a_table() -> None:
    text = shown(Overview("s", "b", [ROW], 0, 0), terminal=True)
    assert "┃" in text and "toys-1" in text and "\t" not in text


def test_a_bucket_without_datasets_says_so() -> None:
    text = shown(Overview("s", "my-bucket", [], 0, 0), terminal=False)
    assert text.startswith("No dataset in s3://my-bucket/ yet.\n0 datasets; ")


@pytest.mark.parametrize("terminal", [True, False])
def test_a_name_cannot_steer_the_terminal(terminal: bool) -> None:
    row = Row("a\x1b[2Jb\tc[red]", "waiting", "2026-11-21T12:00:00+00:00", None, None, 0, "")
    text = shown(Overview("s", "b", [row], 0, 0), terminal)
    assert "a [2Jb c[red]" in text
    assert "\x1b[2J" not in text


def test_totals_count_each_state() -> None:
    refused = Row("x", "refused", "2026-11-21T12:00:00+00:00", None, None, 0, "")
    text = totals(Overview("s", "b", [ROW, ROW, refused], 0, 0), Words())
    assert text.startswith("3 datasets: 1 refused, 2 training; ")


def client_error(code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "DescribeStacks")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NoCredentialsError(), "stack.no_credentials"),
        (ProfileNotFound(profile="x"), "stack.no_profile"),
        (NoRegionError(), "stack.no_region"),
        (
            client_error("ValidationError", "Stack with id mine does not exist"),
            "stack.not_there",
        ),
        (client_error("AccessDenied", "not authorized"), "stack.refused"),
        (EndpointConnectionError(endpoint_url="https://x"), "stack.unreachable"),
        (ReadTimeoutError(endpoint_url="https://x"), "stack.not_asked"),
    ],
)
def test_what_keeps_aws_from_telling_has_a_message(error: Exception, code: str) -> None:
    said = in_words(error, "mine")
    assert said.code == code
    assert len({Words(language).render(said) for language in LANGUAGES}) == len(LANGUAGES)


@pytest.mark.parametrize("terminal", [True, False])
def test_in_another_language_only_programs_read_the_names_of_before(terminal: bool) -> None:
    text = shown(Overview("s", "b", [ROW], 2, 1), terminal, "ko")
    assert (Words("ko")("state.training") in text.splitlines()[-1]) is True
    assert ("cost so far" in text, "\ttraining\t" in text) == (not terminal, not terminal)


def test_a_state_of_another_release_is_shown_as_it_is() -> None:
    row = replace(ROW, state="resting")
    assert "resting" in shown(Overview("s", "b", [row], 0, 0), terminal=True, language="ko")
