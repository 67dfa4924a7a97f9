"""What becomes of uploads: the template's own stack, its functions, and a stub of the training."""

import gzip
import io
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import openpyxl
import pyarrow.csv
import pyarrow.parquet
import pytest
from moto.sqs.models import sqs_backends

from codefree.aws import ACCOUNT
from codefree.cloud import Cloud
from contract.layout import REFUSED, STATUS_JSON, is_mark, refusal_prefix
from contract.messages import ENGLISH, message, render
from contract.target_rule import Rule
from reading.csv_head import HEAD_BYTES
from tests.conftest import eventually
from tests.messages import codes_in
from tests.uploads import (
    ENDED,
    ROOT,
    TEST,
    TRAIN,
    drop,
    ended,
    jobs,
    keys,
    status,
    text,
    uploaded_event,
)


def test_train_and_test_dropped_together_end_in_results(cloud: Cloud, name: str) -> None:
    drop(cloud, f"data/{name}_test.csv", TEST)
    drop(cloud, f"data/{name}_train.csv", TRAIN)
    found = ended(cloud, name)
    assert (found["state"], found["target"]) == ("completed", "species")
    assert found["model"] in keys(cloud)
    assert set(found["files"].values()) <= keys(cloud)
    job = json.loads(text(cloud, f"jobs/{found['job']}/job.json"))
    assert job["test"]["key"] == f"data/{name}_test.csv"
    assert "What to do next" in text(cloud, f"results/{name}/STATUS.txt")


def test_a_test_file_that_comes_first_waits_for_its_train_file(cloud: Cloud, name: str) -> None:
    drop(cloud, f"data/{name}_test.csv", TEST)
    waiting = status(cloud, f"results/{name}/", {"waiting"})
    assert f"data/{name}_train.csv" in waiting["headline"]
    drop(cloud, f"data/{name}_train.csv", TRAIN)
    assert ended(cloud, name)["state"] == "completed"
    assert len(jobs(cloud, name.replace(" ", "-"))) == 1


def test_a_train_file_whose_name_only_looks_the_same_is_named(cloud: Cloud, name: str) -> None:
    drop(cloud, f"data/{name}\u00e9_train.csv", "")
    drop(cloud, f"data/{name}e\u0301_test.csv", TEST)
    waiting = status(cloud, f"results/{name}e\u0301/", {"waiting"})
    assert "detail.looks_alike" in codes_in(waiting)


def test_a_train_file_alone_is_trained(cloud: Cloud, name: str) -> None:
    drop(cloud, f"data/{name}.json", '{"target": "species"}')
    drop(cloud, f"data/{name}_train.csv", TRAIN)
    found = ended(cloud, name)
    assert (found["state"], found["target"]) == ("completed", "species")


def test_the_same_event_ten_times_at_once_makes_one_job(cloud: Cloud, name: str) -> None:
    drop(cloud, f"data/{name}_test.csv", TEST)
    drop(cloud, f"data/{name}_train.csv", TRAIN)
    function = cloud.functions["StartTrainingFunction"]
    event = uploaded_event(cloud, f"data/{name}_train.csv")
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(function.invoke, [event] * 10))
    assert answers == [{"batchItemFailures": []}] * 10
    assert ended(cloud, name)["state"] == "completed"
    assert len(jobs(cloud, name.replace(" ", "-"))) == 1
    function.invoke(event)
    assert ended(cloud, name)["state"] == "completed"


def test_an_ended_job_that_is_told_twice_is_published_once(cloud: Cloud, name: str) -> None:
    drop(cloud, f"data/{name}_test.csv", TEST)
    drop(cloud, f"data/{name}_train.csv", TRAIN)
    before = ended(cloud, name)
    event = json.loads((ROOT / "events/training_job_completed.json").read_text())
    event["detail"]["TrainingJobName"] = before["job"]
    own = f"results/{name}/{before['job']}/status.json"
    eventually(lambda: own in keys(cloud, own))
    cloud.functions["PublishResultsFunction"].invoke(event)
    assert ended(cloud, name) == before


def test_the_same_bytes_again_are_not_trained_again(cloud: Cloud, name: str) -> None:
    drop(cloud, f"data/{name}_test.csv", TEST)
    drop(cloud, f"data/{name}_train.csv", TRAIN)
    ended(cloud, name)
    drop(cloud, f"data/{name}_train.csv", TRAIN)
    notes = eventually(lambda: ended(cloud, name)["notes"])
    assert notes[0] == render(message("note.same_train"))
    assert len(jobs(cloud, name.replace(" ", "-"))) == 1


def parquet(content: bytes) -> bytes:
    file = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.csv.read_csv(io.BytesIO(content)), file)
    return file.getvalue()


def workbook(content: bytes) -> bytes:
    book = openpyxl.Workbook()
    book.active.append(["Penguins", None, "measured by hand"])
    for line in content.decode().splitlines():
        book.active.append(line.split(","))
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


WRITTEN = {".csv.gz": gzip.compress, ".parquet": parquet, ".xlsx": workbook}


@pytest.mark.parametrize(("train", "test"), list(zip(WRITTEN, reversed(WRITTEN), strict=True)))
def test_train_and_test_may_be_files_of_other_kinds(
    cloud: Cloud, name: str, train: str, test: str
) -> None:
    drop(cloud, f"data/{name}_test{test}", WRITTEN[test](TEST))
    waiting = status(cloud, f"results/{name}/", {"waiting"})
    arrived = render(message("detail.test_is_here", file=f"data/{name}_test{test}"))
    assert waiting["details"][0] == arrived
    drop(cloud, f"data/{name}_train{train}", WRITTEN[train](TRAIN))
    found = ended(cloud, name)
    assert (found["state"], found["target"]) == ("completed", "species"), found
    job = json.loads(text(cloud, f"jobs/{found['job']}/job.json"))
    assert job["train"]["file"] == f"{name}_train{train}"
    assert job["test"]["key"] == f"data/{name}_test{test}"
    lacking: Rule = "rule.lacking"
    assert job["target_rule"] == lacking


def test_the_newer_of_two_train_files_is_used_and_the_other_one_named(
    cloud: Cloud, name: str
) -> None:
    drop(cloud, f"data/{name}.json", '{"target": "species"}')
    drop(cloud, f"data/{name}_train.csv", TRAIN)
    first = ended(cloud, name)["job"]
    time.sleep(1)  # S3 tells when a file came by the second
    drop(cloud, f"data/{name}_train.parquet", parquet(TRAIN))
    second = eventually(lambda: _completed_after(cloud, name, first))
    job = json.loads(text(cloud, f"jobs/{second['job']}/job.json"))
    assert job["train"]["file"] == f"{name}_train.parquet"
    not_used = render(message("detail.not_used", file=f"data/{name}_train.csv"))
    assert [line for line in second["details"] if line == not_used] == [not_used]
    assert codes_in(second).count("detail.not_used") == 1
    time.sleep(1)
    drop(cloud, f"data/{name}_train.csv", TRAIN)
    again = eventually(lambda: _completed_after(cloud, name, second["job"]))
    assert again["job"] == first
    assert again["notes"][-1] == render(message("note.same_train"))


def _completed_after(cloud: Cloud, name: str, job: str) -> dict[str, Any] | None:
    found: dict[str, Any] = json.loads(text(cloud, f"results/{name}/status.json"))
    return found if found["state"] == "completed" and found["job"] != job else None


BROKEN_FILES: dict[str, tuple[bytes, str]] = {
    ".xlsx": (workbook(TRAIN)[:3000], "file.workbook_invalid"),
    ".parquet": (parquet(TRAIN)[:3000], "file.parquet_invalid"),
    ".csv.gz": (gzip.compress(TRAIN)[:1000], "file.gzip_cut"),
}


@pytest.mark.parametrize("ending", BROKEN_FILES)
def test_a_file_of_another_kind_that_is_broken_is_refused_in_words(
    cloud: Cloud, name: str, ending: str
) -> None:
    content, code = BROKEN_FILES[ending]
    drop(cloud, f"data/{name}_train{ending}", content)
    assert_refused(cloud, name, code)


def test_a_workbook_that_is_too_large_is_refused_and_not_read(cloud: Cloud, name: str) -> None:
    drop(cloud, f"data/{name}_train.xlsx", bytes(20_000_001))
    assert_refused(cloud, name, "file.workbook_size")


def test_only_the_end_of_a_large_parquet_file_is_looked_at(cloud: Cloud, name: str) -> None:
    table = pyarrow.concat_tables([pyarrow.csv.read_csv(io.BytesIO(TRAIN))] * 200)
    file = io.BytesIO()
    pyarrow.parquet.write_table(table, file, compression="none", use_dictionary=False)
    drop(cloud, f"data/{name}.json", '{"target": "species"}')
    drop(cloud, f"data/{name}_train.parquet", file.getvalue())
    assert len(file.getvalue()) > 2 << 20
    assert ended(cloud, name)["state"] == "completed"


def test_only_the_beginning_of_a_settings_file_is_read(cloud: Cloud, name: str) -> None:
    """It may be of any size; whole, it would choose Korean."""
    large = '{"report_language": "ko"' + " " * HEAD_BYTES + "}"
    drop(cloud, f"data/{name}.json", large)
    drop(cloud, f"data/{name}_test.csv", TEST)
    assert status(cloud, f"results/{name}/", {"waiting"})["language"] == ENGLISH

    drop(cloud, f"data/{name}_translate.json", large)
    drop(cloud, f"data/{name}_translate.csv", TRAIN)
    found = status(cloud, f"results/{name}_translate/", ENDED)
    assert "settings.not_json" in codes_in(found)


def test_columns_are_translated_in_csv_files_only(cloud: Cloud, name: str) -> None:
    drop(cloud, f"data/{name}.json", '{"target": "species", "translate_columns": ["island"]}')
    drop(cloud, f"data/{name}_train.parquet", parquet(TRAIN))
    assert_refused(cloud, name, "columns.copy_not_csv")


HEADER, *ROWS = TRAIN.decode().splitlines()
ONE_CLASS = "\n".join([HEADER, *("Gentoo" + row[row.index(",") :] for row in ROWS)])
BAD_TRAIN_FILES: dict[str, tuple[bytes | str, str]] = {
    "empty": ("", "file.empty"),
    "header only": (f"{HEADER}\n", "file.no_rows"),
    "one class": (ONE_CLASS, "target.one_class"),
    "png": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "file.not_csv"),
    "few rows": ("\n".join([HEADER, *ROWS[:7]]), "target.few_rows"),
}


@pytest.mark.parametrize("kind", BAD_TRAIN_FILES)
def test_a_train_file_that_cannot_work_is_refused_in_words(
    cloud: Cloud, kind: str, name: str
) -> None:
    content, code = BAD_TRAIN_FILES[kind]
    drop(cloud, f"data/{name}.json", '{"target": "species"}')
    drop(cloud, f"data/{name}_train.csv", content)
    assert_refused(cloud, name, code)


def test_a_target_that_is_not_there_is_refused_with_the_nearest(cloud: Cloud, name: str) -> None:
    drop(cloud, f"data/{name}.json", '{"target": "Specie"}')
    drop(cloud, f"data/{name}_train.csv", TRAIN)
    refused = assert_refused(cloud, name, "target.not_found_near")
    assert "species" in refused["headline"]


def test_a_test_file_without_three_columns_is_refused_with_their_names(
    cloud: Cloud, name: str
) -> None:
    drop(cloud, f"data/{name}.json", '{"target": "species"}')
    drop(cloud, f"data/{name}_test.csv", "bill_length_mm,sex,body_mass_g\n40,MALE,4000\n")
    drop(cloud, f"data/{name}_train.csv", TRAIN)
    refused = assert_refused(cloud, name, "data.test_lacks")
    assert "island, bill_depth_mm, flipper_length_mm" in refused["headline"]


def test_a_dataset_that_would_cost_more_than_its_cap_is_refused(cloud: Cloud, name: str) -> None:
    settings = {"target": "species", "training_minutes": 300, "max_cost_usd": 0.5}
    drop(cloud, f"data/{name}.json", json.dumps(settings))
    drop(cloud, f"data/{name}_train.csv", TRAIN)
    refused = assert_refused(cloud, name, "cost.over_cap")
    assert "max_cost_usd" in refused["headline"]


@pytest.mark.parametrize(
    ("key", "code"),
    [
        ("{name}_train.csv", "name.elsewhere"),
        ("Data/{name}_train.csv", "name.elsewhere"),
        ("elsewhere/{name}_translate.csv", "name.elsewhere"),
        ("data/{name}_train.json", "name.json_rows"),
    ],
)
def test_a_file_in_a_place_or_of_a_kind_that_means_nothing_is_answered(
    cloud: Cloud, name: str, key: str, code: str
) -> None:
    placed = key.format(name=name)
    drop(cloud, placed, TRAIN)
    assert status(cloud, refusal_prefix(placed), {"refused"})["code"] == code


def test_a_corrected_settings_file_is_enough_to_try_again(cloud: Cloud, name: str) -> None:
    drop(cloud, f"data/{name}.json", '{"taget": "species"}')
    drop(cloud, f"data/{name}_train.csv", TRAIN)
    refused = assert_refused(cloud, name, "settings.unknown_near")
    assert "target" in refused["headline"]
    drop(cloud, f"data/{name}.json", '{"target": "species"}')
    assert status(cloud, f"results/{name}/", {"completed"})


@pytest.mark.parametrize(
    "odd",
    [
        "한" * 40,
        "two words",
        "a+b",
        "sales (1)",
        "x; touch INJECTED; #",
        'it\'s "quoted"',
        "100%25 $HOME `id`",
    ],
)
def test_an_odd_name_simply_works(cloud: Cloud, odd: str, name: str) -> None:
    dataset = f"{odd}{name[-6:]}"
    drop(cloud, f"data/{dataset}_test.csv", TEST)
    drop(cloud, f"data/{dataset}_train.csv", TRAIN)
    found = ended(cloud, dataset)
    assert found["state"] == "completed", found
    written = {key for key in keys(cloud) if name[-6:] in key and not key.startswith("data/")}
    assert all(key.startswith((f"results/{dataset}/", "jobs/", "models/")) for key in written)


@pytest.mark.parametrize(
    ("key", "code"),
    [
        ("data/../escape_train.csv", "name.folder"),
        ("data/folder/x_train.csv", "name.folder"),
        ("data/penguins_train.csv/", "name.slash"),
        ("data/penguins.csv", "name.unknown"),
        ("data/penguins_train.xls", "name.unknown_kind"),
        ("data/" + "x" * 201 + "_train.csv", "name.too_long"),
    ],
)
def test_a_key_that_is_no_dataset_is_answered_below_refused(
    cloud: Cloud, key: str, code: str
) -> None:
    before = keys(cloud)
    drop(cloud, key, TRAIN)

    def answers() -> bool:
        new = {k for k in keys(cloud, REFUSED) - before if k.endswith(STATUS_JSON)}
        found = [json.loads(text(cloud, k)) for k in new]
        return any(code in codes_in(one) and key == one["dataset"] for one in found)

    assert eventually(answers)
    assert not any("escape" in job for job in jobs(cloud, "escape"))


def test_nothing_that_was_refused_is_tried_again_or_put_aside(cloud: Cloud, name: str) -> None:
    drop(cloud, f"data/{name}_train.csv", "")
    assert_refused(cloud, name, "file.empty")
    for logical_id in ("UploadQueue", "UploadDeadLetterQueue"):
        eventually(lambda queue=logical_id: not messages(cloud, queue, about=name))


def messages(cloud: Cloud, logical_id: str, about: str) -> list[str]:
    """Those of a queue that speak of something, also while somebody handles them.

    From moto's own memory: to receive them would take them from who is to handle them.
    """
    queue_name = cloud.resources[logical_id].physical_resource_id.rpartition("/")[2]
    queue = sqs_backends[ACCOUNT][cloud.endpoint.region].queues[queue_name]
    bodies = [message.body for message in list(queue._messages)]
    return [body for body in bodies if about in body]


def assert_refused(cloud: Cloud, name: str, code: str) -> dict[str, Any]:
    found = status(cloud, f"results/{name}/", {"refused"})
    assert {code, "detail.nothing_paid"} <= set(codes_in(found))
    assert found["headline"] in text(cloud, f"results/{name}/STATUS.txt")
    assert jobs(cloud, name.replace(" ", "-")) == []
    return found


def test_without_free_quota_an_upload_waits_in_words_and_starts_later(
    cloud: Cloud, name: str
) -> None:
    sleepers = [f"sleeps {n} {name[-6:]}" for n in range(2)]
    for sleeper in sleepers:
        drop(cloud, f"data/{sleeper}.json", '{"target": "species"}')
        drop(cloud, f"data/{sleeper}_train.csv", TRAIN)
    running = [status(cloud, f"results/{s}/", {"training"})["job"] for s in sleepers]
    drop(cloud, f"data/{name}.json", '{"target": "species"}')
    drop(cloud, f"data/{name}_train.csv", TRAIN)
    waiting = status(cloud, f"results/{name}/", {"waiting"})
    assert waiting["code"] == "wait.quota"
    assert waiting["details"][0].startswith("AWS says: The account-level service limit")
    function = cloud.functions["StartTrainingFunction"]
    event = uploaded_event(cloud, f"data/{name}_train.csv")
    record = event["Records"][0]["messageId"]
    assert function.invoke(event) == {"batchItemFailures": [{"itemIdentifier": record}]}
    for job in running:
        cloud.endpoint.client("sagemaker").stop_training_job(TrainingJobName=job)
    for sleeper in sleepers:
        stopped = status(cloud, f"results/{sleeper}/", {"stopped"})
        assert stopped["code"] == "status.stopped"
    assert function.invoke(event) == {"batchItemFailures": []}
    assert ended(cloud, name)["state"] == "completed"


def test_a_failed_job_gets_another_attempt_only_by_a_fresh_upload(cloud: Cloud, name: str) -> None:
    dataset = name.replace("penguins", "fails")
    drop(cloud, f"data/{dataset}.json", '{"target": "species"}')
    drop(cloud, f"data/{dataset}_train.csv", TRAIN)
    failed = ended(cloud, dataset)
    assert failed["code"] == "status.training_failed"
    assert "The stub was told to fail." in failed["headline"]
    cloud.functions["StartTrainingFunction"].invoke(
        uploaded_event(cloud, f"data/{dataset}_train.csv")
    )
    assert jobs(cloud, dataset.replace(" ", "-")) == [failed["job"]]
    drop(cloud, f"data/{dataset}_train.csv", TRAIN)
    again = eventually(lambda: _status_of(cloud, dataset, f"{failed['job']}-a2", "failed"))
    assert "detail.cost" in codes_in(again)


def _status_of(cloud: Cloud, name: str, job: str, state: str) -> dict[str, Any] | None:
    found: dict[str, Any] = json.loads(text(cloud, f"results/{name}/status.json"))
    return found if (found["job"], found["state"]) == (job, state) else None


# Without them a job counts as not published.
MARKS = ("status.json", "STATUS.txt")


def test_results_that_the_live_copy_left_out_are_brought(cloud: Cloud, name: str) -> None:
    drop(cloud, f"data/{name}.json", '{"target": "species"}')
    drop(cloud, f"data/{name}_train.csv", TRAIN)
    found = ended(cloud, name)
    folder = f"results/{name}/{found['job']}/"
    eventually(lambda: f"{folder}status.json" in keys(cloud, folder))
    before = {key: text(cloud, key) for key in keys(cloud, folder)}
    s3 = cloud.endpoint.client("s3")
    live = f"models/{found['job']}/checkpoints/"
    # SageMaker's own marks are none of the results.
    assert any(is_mark(key) for key in keys(cloud, live))
    assert not any(is_mark(key) for key in before)
    for key in (live + "report.html", *(folder + file for file in ("report.html", *MARKS))):
        s3.delete_object(Bucket=cloud.bucket, Key=key)
    # As long as the right one.
    broken = before[f"{folder}{name}_leaderboard.csv"].swapcase()
    drop(cloud, f"{live}{name}_leaderboard.csv", broken)
    event = json.loads((ROOT / "events/training_job_completed.json").read_text())
    event["detail"]["TrainingJobName"] = found["job"]
    cloud.functions["PublishResultsFunction"].invoke(event)
    for file in ("report.html", "results_index.json", f"{name}_leaderboard.csv"):
        assert text(cloud, folder + file) == before[folder + file]


def test_an_upload_that_keeps_breaking_us_is_put_aside_and_its_owner_told(
    cloud: Cloud, name: str
) -> None:
    key = f"data/{name}_train.csv"
    drop(cloud, f"data/{name}_test.csv", TEST)
    status(cloud, f"results/{name}/", {"waiting"})
    # What no code of ours writes: our own status is broken.
    drop(cloud, f"results/{name}/status.json", "no json")
    event = uploaded_event(cloud, key)
    event["Records"][0]["attributes"]["ApproximateReceiveCount"] = "5"
    function = cloud.functions["StartTrainingFunction"]
    assert function.invoke(event) == {"batchItemFailures": []}
    assert status(cloud, f"results/{name}/", {"failed"})["code"] == "status.broken"
    assert len(messages(cloud, "UploadDeadLetterQueue", about=key)) == 1
