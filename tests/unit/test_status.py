import json
from dataclasses import replace

from automl.dataset import Dataset
from automl.status import (
    Status,
    misnamed,
    note_on_existing_job,
    refused,
    status_from_json,
    training,
    waiting_for_aws,
    waiting_for_train,
)
from tests.unit.test_training_job import plan, spec

WHEN = "2026-11-21T04:05:06+00:00"
COMPLETED = Status(
    dataset="titanic",
    state="completed",
    headline="titanic: ready.",
    prefix="results/titanic/",
    job="titanic-1",
    train_version="v1",
    results="results/titanic/titanic-1/",
)


def test_a_status_survives_the_way_through_its_json() -> None:
    status = training(spec(plan())).with_note("news")
    assert status_from_json(status.to_json(WHEN)) == status
    assert json.loads(status.to_json(WHEN))["updated"] == WHEN


def test_the_text_says_what_runs_what_it_costs_and_what_to_do() -> None:
    text = training(spec(plan())).to_text(WHEN).decode()
    assert text.startswith("titanic: training a model that predicts y.\n")
    assert "because it is the only column that the test file lacks" in text
    assert "at the very most (estimate" in text and "the cap is $1.00" in text
    assert "What to do next\n  - Watch results/titanic/" in text
    assert text.endswith(f"as of {WHEN}\n")


def test_a_test_file_alone_is_told_what_it_waits_for() -> None:
    status = waiting_for_train(Dataset("titanic"), "data/titanic_test.parquet")
    text = status.to_text(WHEN).decode()
    assert "waiting for data/titanic_train.csv" in text
    assert "The test file data/titanic_test.parquet is here" in text
    assert "another ending: .csv.gz, .parquet, .xlsx." in text


def test_a_full_quota_is_told_with_what_aws_says() -> None:
    status = waiting_for_aws(Dataset("titanic"), "a free training job", "limit is 0 Instances")
    assert status.state == "waiting"
    assert "limit is 0 Instances" in status.to_text(WHEN).decode()


def test_a_refusal_says_that_nothing_was_paid_and_what_is_still_there() -> None:
    text = refused(Dataset("titanic"), "It is empty.", plan().files, COMPLETED).to_text(WHEN)
    assert b"refused. It is empty." in text
    assert b"nothing was paid" in text
    assert b"still in results/titanic/titanic-1/" in text


def test_files_of_another_kind_that_were_not_used_are_named() -> None:
    given = {**spec(plan()), "passed_over": ["data/titanic_train.csv"]}
    assert "The file data/titanic_train.csv was not used" in training(given).to_text(WHEN).decode()
    files = replace(plan().files, passed_over=("data/titanic_test.xlsx",))
    text = refused(Dataset("titanic"), "It is empty.", files, None).to_text(WHEN).decode()
    assert "The file data/titanic_test.xlsx was not used" in text


def test_a_note_is_not_repeated() -> None:
    assert COMPLETED.with_note("a").with_note("a").notes == ("a",)


def test_a_misnamed_key_is_answered_below_refused() -> None:
    assert misnamed("data/../x", "No.").prefix.startswith("results/_refused/")


def test_a_late_event_of_a_running_job_is_nothing_to_note() -> None:
    files = plan().files
    assert note_on_existing_job(spec(plan()), files) is None


def test_the_same_bytes_again_and_a_late_test_file_are_noted() -> None:
    given, files = spec(plan()), plan().files
    assert files.test is not None
    again = note_on_existing_job(given, replace(files, train=replace(files.train, version="v2")))
    assert again is not None and "nothing was trained or paid twice" in again
    test = note_on_existing_job(given, replace(files, test=replace(files.test, version="v2")))
    assert test is not None and "nothing was predicted or paid twice" in test
    late = note_on_existing_job(
        given, replace(files, test=replace(files.test, version="v2", etag="other bytes"))
    )
    assert late is not None and "predicted by itself as soon as the model is ready" in late
