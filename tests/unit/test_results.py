import json
import shutil
import subprocess
from dataclasses import replace
from typing import Any

import pytest

from contract.bounds import LANGUAGES
from contract.job import RENTED, Job, job_from_json, to_json, to_mapping, to_passport
from contract.layout import EARLIER_ENDINGS, PREDICTIONS, model_key
from contract.messages import message, message_to_json, verbatim
from contract.visible import visible
from pipeline.budget import instances
from pipeline.machines import on_machine, without_price
from pipeline.results import (
    EndedJob,
    cost_sentence,
    ended,
    mail_subject,
    mail_text,
    receipt,
    supersedes,
)
from pipeline.status import Status, status_from_json, training
from tests.ended_jobs import PREDICTING, SPEC, job, text
from tests.messages import codes, said
from tests.prediction_jobs import MODEL as TRAINED
from tests.statuses import COMPLETED

FOLDER = f"results/titanic/{SPEC.job}/"
MODEL = model_key(SPEC.job)
PERFORMANCE = {
    "metric": "roc_auc",
    "score": 0.87123,
    "scored_on": "hold-out",
    "rows": 178,
    "best_model": "WeightedEnsemble_L2",
    "warnings": ["2 rows without a target were left out."],
}


def test_a_completed_job_tells_score_files_cost_and_what_next() -> None:
    keys = {f"{FOLDER}report.html", f"{FOLDER}titanic_test_prediction.csv", MODEL}
    written = text(ended(job(), SPEC, PERFORMANCE, keys))
    assert "ROC AUC 0.8712 (hold-out of 178 rows)." in written
    assert f"report          {FOLDER}report.html" in written
    assert f"predictions     {FOLDER}titanic_test_prediction.csv" in written
    assert f"model           {MODEL}" in written
    assert "leaderboard" not in written
    assert "Cost: about $0.01, for 360 billed seconds of ml.m5.large at $0.115 an hour" in written
    assert "and 31 GB of disk (estimate, prices of 2026-09-25; limit $1.00)." in written
    assert "2 rows without a target were left out." in written
    assert f"Open {FOLDER}report.html" in written


def test_the_receipt_is_hours_times_price_and_disk() -> None:
    bill: dict[str, Any] = receipt(job(), SPEC)
    assert bill["usd"] == pytest.approx(360 / 3600 * (0.115 + 31 * 0.154 / 672), abs=1e-5)


def test_the_receipt_says_that_what_spare_capacity_saves_is_taken_off() -> None:
    assert cost_sentence(job(), replace(SPEC, spot=True)).code == "detail.cost_spot"
    assert cost_sentence(job(), SPEC).code == "detail.cost"


def test_a_job_of_an_older_version_has_a_receipt_too() -> None:
    content = {k: v for k, v in to_mapping(SPEC).items() if k != "usd_per_gb_month"}
    older = job_from_json(json.dumps(content))
    assert receipt(job(), older)["usd"] == receipt(job(), SPEC)["usd"]


@pytest.mark.parametrize(
    ("ended_job", "code"),
    [
        (
            job("Failed", reason="AlgorithmError: The target is gone., exit code: 1"),
            "status.training_failed",
        ),
        (job("Failed", reason="AlgorithmError: , exit code: 137"), "failure.out_of_memory"),
        (job("Failed", reason="CapacityError: Unable to provision"), "failure.no_capacity"),
        (job("Failed", reason="InternalServerError: We encountered"), "failure.sagemaker_error"),
        (
            job("Failed", reason="AlgorithmError: ExecuteUserScriptError:\nExitCode 1"),
            "failure.silent",
        ),
        (job("Failed"), "failure.no_reason"),
        (job("Stopped", "MaxRuntimeExceeded"), "status.time_limit"),
        (job("Stopped", "MaxWaitTimeExceeded"), "status.no_spot"),
        (job("Stopped", "Stopped"), "status.stopped"),
    ],
)
def test_a_job_without_a_model_is_told_in_words(ended_job: EndedJob, code: str) -> None:
    status = ended(ended_job, SPEC, None, [])
    assert status.headline.root.code == code
    assert status.next
    assert "exit code" not in text(status) and "Error:" not in text(status)


def test_partial_results_of_a_stopped_job_are_named() -> None:
    keys = {f"{FOLDER}titanic_leaderboard.csv"}
    status = ended(job("Stopped", "MaxRuntimeExceeded"), SPEC, None, keys)
    assert status.files == {"leaderboard": f"{FOLDER}titanic_leaderboard.csv"}
    assert status.model is None
    assert said(status, "detail.saved_no_model").values["folder"] == FOLDER


def test_the_mail_is_the_status_and_a_command_that_survives_odd_names() -> None:
    odd = Status(
        "it's 값; rm",
        "completed",
        verbatim("Done."),
        "results/x/",
        results="results/it's 값; rm/j/",
    )
    assert mail_subject(odd) == "it-s-rm: completed"
    assert """'s3://bucket/results/it'"'"'s 값; rm/j/'""" in mail_text(odd, "bucket", "Done.\n")


NAMES_THAT_HIDE = ["a\u202egpj.exe", "it's\u200b\\ $(x)", '값\u2066 "b"', "\U000e0041"]


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
@pytest.mark.parametrize("name", NAMES_THAT_HIDE)
def test_nothing_hides_in_the_mails_command_which_still_finds_the_files(name: str) -> None:
    odd = Status(name, "completed", verbatim("Done."), "results/x/", results=f"results/{name}/j/")
    text = mail_text(odd, "bucket", "Done.\n")
    assert visible(text) == text
    # The command is the last line; so much of it is understood by a shell.
    command = text.splitlines()[-1].replace("aws s3 cp --recursive", "printf %s", 1)
    done = subprocess.run(
        ["bash", "-c", command.removesuffix(" .")],
        capture_output=True,
        env={"LC_ALL": "C.UTF-8"},
    )
    assert done.stdout.decode() == f"s3://bucket/results/{name}/j/"


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


@pytest.mark.parametrize(
    "ended_job",
    [
        job("Failed", reason="AlgorithmError: The file is empty., exit code: 1"),
        job("Failed", reason="AlgorithmError: , exit code: 137"),
        job("Failed", reason="no space left on device"),
        job("Failed", reason="NoSuchKey"),
        job("Failed"),
        job("Stopped", "MaxRuntimeExceeded"),
        job("Stopped", "MaxWaitTimeExceeded"),
        job("Stopped", "Stopped"),
    ],
)
def test_a_prediction_job_without_predictions_leaves_the_model_alone_and_says_so(
    ended_job: EndedJob,
) -> None:
    status = ended(ended_job, PREDICTING, None, [])
    assert status.model == PREDICTING.model_key == model_key(TRAINED.job)
    assert "detail.model_unaffected" in codes(status)
    assert not {"which.train", "next.less_time", "status.training_failed"} & set(codes(status))
    for wrong in ("training failed", "train file", "training_minutes", "Train on", "incomplete"):
        assert wrong not in text(status)
    if ended_job.status == "Failed":
        assert status.headline.code == "status.predictions_failed"


@pytest.mark.parametrize("ending", [PREDICTIONS, EARLIER_ENDINGS[PREDICTIONS]])
def test_predictions_of_an_earlier_version_are_found_too(ending: str) -> None:
    key = f"{FOLDER}titanic{ending}"
    assert ended(job(), SPEC, PERFORMANCE, {key}).files == {"predictions": key}


def judged(color: str, *codes: str, **values: Any) -> dict[str, Any]:
    """The performance of a job with this verdict."""
    notes = [message_to_json(message(code, **values)) for code in codes]
    found = [{**note, "severity": color} for note in notes]
    others = [message_to_json(message("note.not_refitted"))]
    return {
        **PERFORMANCE,
        "verdict": {"color": color, "findings": found},
        "notes": [*notes, *others],
        "warnings": ["in words"] * (len(notes) + len(others)),
    }


@pytest.mark.parametrize(("spec", "kind"), [(SPEC, "model"), (PREDICTING, "predictions")])
def test_what_speaks_against_a_model_stands_above_its_score(spec: Job, kind: str) -> None:
    red = judged("red", "note.starved", trained=1, planned=5, models=("LightGBM",))
    status = ended(job(), spec, red, [])
    assert status.headline.code == f"status.{kind}_red"
    assert status.verdict == {
        "color": "red",
        "findings": [{"code": "note.starved", "severity": "error"}],
    }
    said_so = codes(status)
    # Each is said once, the gravest first.
    assert said_so.count("note.starved") == said_so.count("note.not_refitted") == 1
    order = ["note.starved", "detail.score", "note.not_refitted"]
    assert sorted(order, key=said_so.index) == order
    assert mail_subject(status).endswith(": completed, do not use")
    yellow = judged("yellow", "note.few_rows", fit_rows=9, rows=9)
    status = ended(job(), spec, yellow, [])
    assert status.headline.code == f"status.{kind}_yellow"
    assert mail_subject(status).endswith(": completed")


@pytest.mark.parametrize("color", ["red", "yellow", "green"])
def test_a_verdict_survives_status_json(color: str) -> None:
    findings = [] if color == "green" else ["note.no_metric"]
    status = ended(job(), SPEC, judged(color, *findings, metric="f1"), [])
    assert status_from_json(status.to_json("now")).verdict == status.verdict


def test_a_model_that_nothing_speaks_against_keeps_its_score_in_the_headline() -> None:
    status = ended(job(), SPEC, judged("green"), [])
    assert status.headline.code == "status.model_ready_score"
    assert "detail.score" not in codes(status)


def test_what_the_job_has_noted_is_told_in_the_language_of_the_report() -> None:
    notes = [message_to_json(message("note.not_refitted"))]
    spec = replace(SPEC, report_language="ko")
    status = ended(job(), spec, PERFORMANCE | {"notes": notes, "warnings": ["in words"]}, [])
    assert said(status, "note.not_refitted")
    assert status.language == "ko" and "text" not in codes(status)


FREE = without_price(SPEC)


def test_a_job_that_nothing_was_rented_for_has_no_cost_and_names_no_machine() -> None:
    """Neither while it runs nor when it has ended, in no language."""
    for language in LANGUAGES:
        done = replace(FREE, report_language=language)
        for status in (ended(job(), done, PERFORMANCE, []), training(done)):
            for rented in ("$", "ml.m5", "GB", SPEC.price_date):
                assert rented not in text(status)
    bill = receipt(job(), FREE)
    assert (bill["usd"], bill["usd_per_hour"], bill["instance_type"]) == (0, 0, "")
    assert cost_sentence(job(), FREE).code == "detail.cost_free"


def test_a_bigger_machine_for_such_a_job_is_not_rented_either() -> None:
    (machine,) = (one for one in instances("us-east-1") if one.type == "ml.m5.xlarge")
    bigger = on_machine(FREE, machine)
    assert (bigger.instance_type, bigger.worst_case_usd) == (machine.type, 0)
    assert bigger.free_of_charge and job_from_json(to_json(bigger)) == bigger


def test_its_passport_has_no_machine_and_no_image() -> None:
    assert set(RENTED) <= set(to_passport(SPEC))
    assert not set(RENTED) & set(to_passport(FREE))
