from dataclasses import replace
from typing import Any

import pytest

from automl.results import EndedJob, ended, mail_subject, mail_text, receipt, supersedes
from automl.status import Status
from tests.unit.test_status import COMPLETED
from tests.unit.test_training_job import plan, spec

SPEC = spec(plan())
FOLDER = f"results/titanic/{SPEC['job']}/"
MODEL = f"models/{SPEC['job']}/output/model.tar.gz"
PERFORMANCE = {
    "metric": "roc_auc",
    "score": 0.87123,
    "scored_on": "hold-out",
    "rows": 178,
    "best_model": "WeightedEnsemble_L2",
    "warnings": ["2 rows without a target were left out."],
}


def job(status: str = "Completed", secondary: str | None = None, reason: str = "") -> EndedJob:
    return EndedJob.from_description(
        {
            "TrainingJobName": SPEC["job"],
            "TrainingJobStatus": status,
            "SecondaryStatus": secondary or status,
            "FailureReason": reason,
            "BillableTimeInSeconds": 360,
            "OutputDataConfig": {"S3OutputPath": "s3://bucket/models/"},
        }
    )


def text(status: Status) -> str:
    return status.to_text("2026-11-21T04:05:06+00:00").decode()


def test_a_completed_job_tells_score_files_cost_and_what_next() -> None:
    keys = {f"{FOLDER}report.html", f"{FOLDER}titanic_test_predictions.csv", MODEL}
    said = text(ended(job(), SPEC, PERFORMANCE, keys))
    assert "Its roc_auc is 0.8712 on the hold-out, 178 rows." in said
    assert f"report          {FOLDER}report.html" in said
    assert f"predictions     {FOLDER}titanic_test_predictions.csv" in said
    assert f"model           {MODEL}" in said
    assert "leaderboard" not in said
    assert "It cost about $0.01: 360 billed seconds of ml.m5.large at $0.115 an hour" in said
    assert "and 31 GB of disk (estimate, prices of 2026-09-25; the cap was $1.00)." in said
    assert "2 rows without a target were left out." in said
    assert f"Open {FOLDER}report.html" in said


def test_the_receipt_is_hours_times_price_and_disk() -> None:
    bill: dict[str, Any] = receipt(job(), SPEC)
    assert bill["usd"] == pytest.approx(360 / 3600 * (0.115 + 31 * 0.154 / 672), abs=1e-5)


def test_the_receipt_says_that_what_spare_capacity_saves_is_taken_off() -> None:
    bill = receipt(job(), SPEC | {"spot": True})
    assert "360 billed seconds (what spare capacity saves is taken off) of" in bill["sentence"]
    assert "spare" not in receipt(job(), SPEC)["sentence"]


def test_a_job_of_an_older_version_has_a_receipt_too() -> None:
    older = {name: value for name, value in SPEC.items() if name != "usd_per_gb_month"}
    assert receipt(job(), older)["usd"] == receipt(job(), SPEC)["usd"]


@pytest.mark.parametrize(
    ("ended_job", "words"),
    [
        (
            job("Failed", reason="AlgorithmError: The target is gone., exit code: 1"),
            "The target is gone.",
        ),
        (job("Failed", reason="AlgorithmError: , exit code: 137"), "ran out of memory"),
        (job("Failed", reason="CapacityError: Unable to provision"), "no free machine"),
        (job("Failed", reason="InternalServerError: We encountered"), "error of its own"),
        (
            job("Failed", reason="AlgorithmError: ExecuteUserScriptError:\nExitCode 1"),
            "broke without",
        ),
        (job("Failed"), "gives no reason"),
        (job("Stopped", "MaxRuntimeExceeded"), "ran into its time limit"),
        (job("Stopped", "MaxWaitTimeExceeded"), "no spare machine"),
        (job("Stopped", "Stopped"), "somebody stopped"),
    ],
)
def test_a_job_without_a_model_is_told_in_words(ended_job: EndedJob, words: str) -> None:
    said = text(ended(ended_job, SPEC, None, []))
    assert words in said
    assert "What to do next" in said
    assert "exit code" not in said and "Error:" not in said


def test_partial_results_of_a_stopped_job_are_named() -> None:
    keys = {f"{FOLDER}titanic_leaderboard.csv"}
    status = ended(job("Stopped", "MaxRuntimeExceeded"), SPEC, None, keys)
    assert status.files == {"leaderboard": f"{FOLDER}titanic_leaderboard.csv"}
    assert status.model is None
    assert f"kept in {FOLDER}" in text(status)


def test_the_mail_is_the_status_and_a_command_that_survives_odd_names() -> None:
    odd = Status(
        "it's 값; rm", "completed", "Done.", "results/x/", results="results/it's 값; rm/j/"
    )
    assert mail_subject(odd) == "it-s-rm: completed"
    assert """'s3://bucket/results/it'"'"'s 값; rm/j/'""" in mail_text(odd, "bucket", "Done.\n")


def test_an_older_upload_never_replaces_the_status_of_a_newer_one() -> None:
    older = ended(job(), SPEC, None, [])
    newer = replace(COMPLETED, job="other", uploaded="2027-01-01T00:00:00+00:00")
    assert supersedes(newer, older)
    assert not supersedes(older, newer)
    assert supersedes(older, older)
    assert supersedes(older, None)


def test_of_two_uploads_within_a_second_the_one_looked_at_later_stays() -> None:
    first = ended(job(), SPEC, None, [])
    assert not supersedes(first, replace(first, job="other"))
