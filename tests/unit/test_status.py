import json
import re
from dataclasses import replace

import pytest

from automl.dataset import Dataset
from contract.bounds import LANGUAGES
from contract.messages import message, render
from pipeline.aws_errors import QUOTA
from pipeline.status import (
    misnamed,
    note_on_existing_job,
    refused,
    status_from_json,
    training,
    waiting_for_aws,
    waiting_for_train,
)
from tests.messages import codes, said
from tests.plans import STACK, plan, spec
from tests.statuses import COMPLETED

WHEN = "2026-11-21T04:05:06+00:00"
EMPTY = message("file.empty")


def test_a_status_survives_the_way_through_its_json() -> None:
    status = training(spec(plan())).with_note(message("note.same_train"))
    assert status_from_json(status.to_json(WHEN)) == status
    assert json.loads(status.to_json(WHEN))["updated"] == WHEN


def test_the_text_says_what_runs_what_it_costs_and_what_to_do() -> None:
    text = training(spec(plan())).to_text(WHEN).decode()
    assert text.startswith("titanic: training a model that predicts y.\n")
    assert "because it is the only column that the test file lacks" in text
    assert re.search(r"Maximum cost: \$\d\.\d\d \(estimate, prices of .*; limit \$1\.00\)", text)
    assert "every billable second of one ml.m5.large and 31 GB of disk." in text
    assert "Spot" not in text
    spare = training(spec(plan(), replace(STACK, use_spot=True))).to_text(WHEN).decode()
    assert "Spot Instances usually cost less" in spare
    assert "What to do next\n  - Watch models/titanic-74da0177d3c0/checkpoints/" in text
    assert text.endswith(f"as of {WHEN}\n")


def test_a_test_file_alone_is_told_what_it_waits_for() -> None:
    status = waiting_for_train(Dataset("titanic"), "data/titanic_test.parquet")
    assert status.headline.values["file"] == "data/titanic_train.csv"
    assert said(status, "detail.test_is_here").values["file"] == "data/titanic_test.parquet"
    endings = said(status, "next.upload_train").values["endings"]
    assert endings == (".csv.gz", ".parquet", ".xlsx")


def test_a_full_quota_is_told_with_what_aws_says() -> None:
    status = waiting_for_aws(Dataset("titanic"), QUOTA, "limit is 0 Instances")
    assert status.state == "waiting"
    assert "limit is 0 Instances" in status.to_text(WHEN).decode()


def test_a_refusal_says_that_nothing_was_paid_and_what_is_still_there() -> None:
    status = refused(Dataset("titanic"), EMPTY, plan().files, COMPLETED)
    assert status.headline.root == EMPTY
    assert {"detail.nothing_paid", "next.correct"} <= set(codes(status))
    assert said(status, "detail.earlier_model").values["folder"] == COMPLETED.results


def test_files_of_another_kind_that_were_not_used_are_named() -> None:
    given = replace(spec(plan()), passed_over=("data/titanic_train.csv",))
    not_used = said(training(given), "detail.not_used")
    assert not_used.values["file"] == "data/titanic_train.csv"
    files = replace(plan().files, passed_over=("data/titanic_test.xlsx",))
    not_used = said(refused(Dataset("titanic"), EMPTY, files, None), "detail.not_used")
    assert not_used.values["file"] == "data/titanic_test.xlsx"


def test_a_note_is_not_repeated() -> None:
    assert COMPLETED.with_note(EMPTY).with_note(EMPTY).notes == (EMPTY,)


def test_a_misnamed_key_is_answered_below_refused() -> None:
    assert misnamed("data/../x", EMPTY).prefix.startswith("results/_refused/")


def test_a_late_event_of_a_running_job_is_nothing_to_note() -> None:
    files = plan().files
    assert note_on_existing_job(spec(plan()), files) is None


def test_the_same_bytes_again_and_a_late_test_file_are_noted() -> None:
    given, files = spec(plan()), plan().files
    assert files.test is not None
    again = note_on_existing_job(given, replace(files, train=replace(files.train, version="v2")))
    assert again == message("note.same_train")
    test = note_on_existing_job(given, replace(files, test=replace(files.test, version="v2")))
    assert test == message("note.same_test", file=files.test.key)
    late = note_on_existing_job(
        given, replace(files, test=replace(files.test, version="v2", etag="other bytes"))
    )
    assert late == message("note.later_test", file=files.test.key)


def test_programs_get_a_code_and_a_severity_beside_the_words() -> None:
    reason = message("file.unreadable", file="x.csv", reason=EMPTY)
    status = refused(Dataset("titanic"), reason, plan().files, None)
    written = json.loads(status.to_json(WHEN))
    assert (written["code"], written["severity"]) == (EMPTY.code, "error")
    assert written["headline"] == render(status.headline)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_status_speaks_its_language_in_both_files(language: str) -> None:
    status = replace(refused(Dataset("titanic"), EMPTY, plan().files, None), language=language)
    text, written = status.to_text(WHEN).decode(), json.loads(status.to_json(WHEN))
    for one in (status.headline, *status.details, *status.next, message("status.next")):
        assert render(one, language) in text
    assert written["headline"] == render(status.headline, language)
    assert status_from_json(status.to_json(WHEN)) == status


# As release 0.0.1 wrote it: texts only.
EARLIER = {
    **{"dataset": "t", "state": "completed", "headline": "t: ready.", "prefix": "results/t/"},
    **{"details": ["The target is 'y'.", "It cost about $0.01."], "notes": ["news"], "job": "t-1"},
    **{"train_version": "v1", "uploaded": "2026", "target": "y", "results": "results/t/t-1/"},
    **{"files": {}, "model": None, "score": None, "cost": {"usd": 0.01, "sentence": "It cost."}},
    **{"next": ["Open it."], "updated": WHEN},
}


def test_a_status_that_an_earlier_release_wrote_is_read_as_it_is() -> None:
    status = status_from_json(json.dumps(EARLIER).encode())
    for text in (EARLIER["headline"], *EARLIER["details"], "news", "Open it."):  # type: ignore[misc]
        assert str(text) in status.to_text(WHEN).decode()
    assert status_from_json(status.to_json(WHEN)) == status


def test_a_status_that_a_later_release_wrote_keeps_its_words() -> None:
    written = json.loads(refused(Dataset("t"), EMPTY, plan().files, None).to_json(WHEN))
    written["messages"]["details"][0]["code"] = "detail.of_the_future"
    status = status_from_json(json.dumps(written).encode())
    assert render(status.headline) == written["headline"]
