"""What a stack may spend in a month: the template with a small budget, and jobs of a stub."""

import csv
import io
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest

from codefree.cloud import Cloud, Settings
from tests.clouds import own_cloud
from tests.conftest import STUB_TRAINING, eventually
from tests.telemetry import counted
from tests.uploads import ROOT, TRAIN, drop, jobs, keys, text, uploaded_event

BUDGET, QUOTA = 0.2, 3
LEDGER, COSTS = "jobs/costs.json", "results/costs.csv"
DONE: dict[str, Any] = {"batchItemFailures": []}


@pytest.fixture(scope="module")
def frugal() -> Iterator[Cloud]:
    """A stack with a monthly budget, in which nothing happens but what a test calls."""
    parameters = {
        "MonthlyBudgetUsd": str(BUDGET),
        "MaxCostUsdInSettings": "1000",
        "TrainingMinutes": "1",
        "TargetColumn": "species",
        "SettleSeconds": "0",
    }
    settings = Settings(parameters=parameters, training_source=STUB_TRAINING, job_quota=QUOTA)
    with own_cloud(settings) as cloud:
        events = cloud.endpoint.client("events")
        for rule in events.list_rules()["Rules"]:
            if rule["Name"] == cloud.resources["DatasetUploaded"].physical_resource_id:
                events.remove_targets(Rule=rule["Name"], Ids=["UploadQueue"])
        yield cloud


@pytest.fixture
def cloud(frugal: Cloud) -> Iterator[Cloud]:
    """The same with nothing spent and no job that runs."""
    yield frugal
    sagemaker = frugal.endpoint.client("sagemaker")
    for name in running(frugal):
        sagemaker.stop_training_job(TrainingJobName=name)
    eventually(lambda: not unpublished(frugal))
    for key in (LEDGER, COSTS):
        frugal.endpoint.client("s3").delete_object(Bucket=frugal.bucket, Key=key)


@pytest.fixture
def name() -> str:
    return f"penguins-{uuid4().hex[:6]}"


def just_now() -> str:
    """When an upload set money aside that has not had the time to start its job."""
    return (datetime.now(UTC) + timedelta(minutes=1)).isoformat()


def long_ago() -> str:
    return (datetime.now(UTC) - timedelta(hours=1)).isoformat()


def running(cloud: Cloud) -> list[str]:
    found = cloud.endpoint.client("sagemaker").list_training_jobs()["TrainingJobSummaries"]
    return [j["TrainingJobName"] for j in found if j["TrainingJobStatus"] == "InProgress"]


def unpublished(cloud: Cloud) -> set[str]:
    """Jobs that run or may still be booked: their reports are written after that."""
    found = cloud.endpoint.client("sagemaker").list_training_jobs()["TrainingJobSummaries"]
    ends = [key.split("/") for key in keys(cloud, "results/") if key.endswith("/status.json")]
    return {j["TrainingJobName"] for j in found} - {parts[2] for parts in ends if len(parts) == 4}


def ledger(cloud: Cloud) -> dict[str, Any]:
    if LEDGER not in keys(cloud, LEDGER):
        return {"set_aside": {}, "ended": []}
    found: dict[str, Any] = json.loads(text(cloud, LEDGER))
    return found


def lines(cloud: Cloud) -> list[dict[str, str]]:
    if COSTS not in keys(cloud, COSTS):
        return []
    return list(csv.DictReader(io.StringIO(text(cloud, COSTS).removeprefix("\ufeff"))))


def two_lines(cloud: Cloud) -> list[dict[str, str]] | None:
    found = lines(cloud)
    return found if len(found) == 2 else None


def status(cloud: Cloud, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text(cloud, f"results/{name}/status.json"))
    return found


def is_completed(cloud: Cloud, name: str) -> bool:
    return bool(status(cloud, name)["state"] == "completed")


def upload(cloud: Cloud, name: str, receives: int = 1) -> Any:
    """The function's answer to a train file."""
    drop(cloud, f"data/{name}_train.csv", TRAIN)
    return start(cloud, name, receives)


def start(cloud: Cloud, name: str, receives: int = 1) -> Any:
    event = uploaded_event(cloud, f"data/{name}_train.csv")
    event["Records"][0]["attributes"]["ApproximateReceiveCount"] = str(receives)
    return cloud.functions["StartTrainingFunction"].invoke(event)


def write_ledger(cloud: Cloud, set_aside: dict[str, tuple[float, str]]) -> None:
    held = {job: {"usd": usd, "since": since} for job, (usd, since) in set_aside.items()}
    drop(cloud, LEDGER, json.dumps({"set_aside": held, "ended": []}))


def waits(answer: Any) -> bool:
    return len(answer["batchItemFailures"]) == 1


def test_ten_uploads_at_once_never_reserve_more_than_the_month_may_cost(
    cloud: Cloud, name: str
) -> None:
    names = [f"sleeps-{name}-{number}" for number in range(10)]
    with ThreadPoolExecutor(10) as pool:
        answers = dict(zip(names, pool.map(lambda n: upload(cloud, n), names), strict=True))
    set_aside = ledger(cloud)["set_aside"]
    worst_cases = {job["usd"] for job in set_aside.values()}
    (worst_case,) = worst_cases
    assert len(set_aside) == len(running(cloud)) == int(BUDGET / worst_case) > 1
    assert set(set_aside) == set(running(cloud))
    waiting = [name for name, answer in answers.items() if waits(answer)]
    assert len(waiting) == 10 - len(set_aside)
    for dataset in waiting:
        found = status(cloud, dataset)
        assert found["code"] == "wait.budget"
        assert found["messages"]["headline"]["values"]["reason"]["values"]["budget"] == BUDGET
        assert "MonthlyBudgetUsd" in text(cloud, f"results/{dataset}/STATUS.txt")


def test_an_upload_that_waits_goes_on_when_an_ended_job_was_cheaper(
    cloud: Cloud, name: str
) -> None:
    write_ledger(cloud, {"a job that runs": (BUDGET, just_now())})
    assert waits(upload(cloud, name))
    assert jobs(cloud, name) == []
    write_ledger(cloud, {"a job that runs": (BUDGET / 2, just_now())})
    assert start(cloud, name) == DONE
    assert len(jobs(cloud, name)) == 1
    eventually(lambda: list(ledger(cloud)["set_aside"]) == ["a job that runs"])
    write_ledger(cloud, {})


def test_a_job_is_reserved_once_however_often_its_event_comes(cloud: Cloud, name: str) -> None:
    dataset = f"sleeps-{name}"
    drop(cloud, f"data/{dataset}_train.csv", TRAIN)
    with ThreadPoolExecutor(10) as pool:
        assert list(pool.map(lambda _: start(cloud, dataset), range(10))) == [DONE] * 10
    assert list(ledger(cloud)["set_aside"]) == jobs(cloud, dataset)


def test_a_try_that_got_no_further_has_reserved_for_the_next_one(cloud: Cloud, name: str) -> None:
    for number in range(QUOTA):
        upload(cloud, f"sleeps-{name}-{number}")
    sleepers = running(cloud)
    write_ledger(cloud, {})
    # Between setting aside and creating nothing can go wrong more easily than a quota.
    assert waits(upload(cloud, name))
    assert status(cloud, name)["code"] == "wait.quota"
    ((job, held),) = ledger(cloud)["set_aside"].items()
    for sleeper in sleepers:
        cloud.endpoint.client("sagemaker").stop_training_job(TrainingJobName=sleeper)
    eventually(lambda: len(ledger(cloud)["ended"]) == len(sleepers))
    all_else = (BUDGET - held["usd"], just_now())
    write_ledger(cloud, {job: (held["usd"], held["since"]), "all else": all_else})
    assert start(cloud, name) == DONE
    assert jobs(cloud, name) == [job]
    eventually(lambda: [line["job"] for line in ledger(cloud)["ended"]] == [job])
    assert list(ledger(cloud)["set_aside"]) == ["all else"]
    write_ledger(cloud, {})


def test_what_was_reserved_for_a_job_that_never_came_to_be_is_freed(
    cloud: Cloud, name: str
) -> None:
    write_ledger(cloud, {"replaced-meanwhile": (BUDGET, long_ago())})
    assert upload(cloud, name) == DONE
    assert "replaced-meanwhile" not in ledger(cloud)["set_aside"]
    assert len(jobs(cloud, name)) == 1


def test_what_runs_for_long_stays_reserved(cloud: Cloud, name: str) -> None:
    upload(cloud, f"sleeps-{name}")
    (job,) = running(cloud)
    since = long_ago()
    write_ledger(cloud, {job: (BUDGET, since)})
    assert waits(upload(cloud, name))
    assert ledger(cloud)["set_aside"] == {job: {"usd": BUDGET, "since": since}}


def test_an_ended_job_of_which_nobody_heard_is_booked_by_the_next_upload(
    cloud: Cloud, name: str
) -> None:
    upload(cloud, name)
    (job,) = jobs(cloud, name)
    before = eventually(lambda: lines(cloud))
    write_ledger(cloud, {job: (BUDGET, long_ago())})
    assert upload(cloud, f"sleeps-{name}") == DONE
    assert list(ledger(cloud)["set_aside"]) == jobs(cloud, f"sleeps-{name}")
    assert lines(cloud) == before


def test_a_job_dearer_than_a_whole_month_is_refused_and_does_not_wait(
    cloud: Cloud, name: str
) -> None:
    drop(cloud, f"data/{name}.json", '{"training_minutes": 60, "max_cost_usd": 5}')
    assert upload(cloud, name) == DONE
    found = status(cloud, name)
    assert (found["state"], found["code"]) == ("refused", "cost.over_month")
    assert jobs(cloud, name) == [] and ledger(cloud)["set_aside"] == {}


def test_before_a_message_is_too_old_for_its_queue_a_copy_takes_its_place(
    cloud: Cloud, name: str
) -> None:
    write_ledger(cloud, {"a job that runs": (BUDGET, just_now())})
    assert waits(upload(cloud, name, receives=19))
    assert messages(cloud) == 0
    assert start(cloud, name, receives=20) == DONE
    # The queue has delivered the copy: the third try that waits, and it stays there.
    eventually(lambda: counted(cloud, name)["Waiting"] == 3)
    assert messages(cloud) == 1
    url = cloud.resources["UploadQueue"].physical_resource_id
    cloud.endpoint.client("sqs").purge_queue(QueueUrl=url)
    write_ledger(cloud, {})


def messages(cloud: Cloud) -> int:
    url = cloud.resources["UploadQueue"].physical_resource_id
    asked = cloud.endpoint.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    counts = asked["Attributes"]
    return sum(int(n) for name, n in counts.items() if name.startswith("ApproximateNumber"))


def test_each_job_has_a_line_in_the_costs_however_often_its_end_is_reported(
    cloud: Cloud, name: str
) -> None:
    names = [f"=1+1-{name}", f"{name}-b"]
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda n: upload(cloud, n), names)) == [DONE] * 2
    found = eventually(lambda: two_lines(cloud))
    for dataset in names:
        eventually(partial(is_completed, cloud, dataset))
    event = json.loads((ROOT / "events/training_job_completed.json").read_text())
    event["detail"]["TrainingJobName"] = found[0]["job"]
    cloud.endpoint.client("s3").delete_object(
        Bucket=cloud.bucket, Key=f"results/{names[0]}/{found[0]['job']}/status.json"
    )
    publish = cloud.functions["PublishResultsFunction"]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(publish.invoke, [event] * 4))
    assert lines(cloud) == found
    assert {line["dataset"] for line in found} == {f"'{names[0]}", names[1]}
    receipts = {name: status(cloud, name)["cost"] for name in names}
    assert sum(float(line["usd"]) for line in found) == pytest.approx(
        sum(cost["usd"] for cost in receipts.values())
    )
    assert float(found[1]["all_usd_this_month_so_far"]) == pytest.approx(
        sum(cost["usd"] for cost in receipts.values())
    )
    assert ledger(cloud)["set_aside"] == {}
