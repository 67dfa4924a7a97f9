"""What those who run the pipelines see: log lines that name the dataset, and what was counted."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from codefree.cloud import Cloud
from tests.conftest import eventually
from tests.telemetry import counted, lines
from tests.uploads import TEST, TRAIN, drop, ended, status, uploaded_event

ROOT = Path(__file__).parents[2]


@pytest.fixture
def name() -> str:
    return f"penguins {uuid4().hex[:6]}"


def test_each_thing_that_happens_to_an_upload_is_counted_once(cloud: Cloud, name: str) -> None:
    drop(cloud, f"data/{name}_test.csv", TEST)
    drop(cloud, f"data/{name}_train.csv", TRAIN)
    found = ended(cloud, name)
    total = eventually(lambda: (c := counted(cloud, name))["Completed"] and c)
    assert (total["Uploads"], total["Started"], total["Completed"]) == (2, 1, 1)
    assert total["CostUsd"] == found["cost"]["usd"] > 0
    assert not {"Refused", "Failed", "Waiting", "Broken", "PutAside"} & total.keys()


def test_an_upload_whose_job_is_there_counts_as_a_duplicate(cloud: Cloud, name: str) -> None:
    drop(cloud, f"data/{name}.json", '{"target": "species"}')
    drop(cloud, f"data/{name}_train.csv", TRAIN)
    ended(cloud, name)
    before = counted(cloud, name)["Duplicates"]
    cloud.functions["StartTrainingFunction"].invoke(uploaded_event(cloud, f"data/{name}_train.csv"))
    total = counted(cloud, name)
    assert (total["Duplicates"], total["Started"]) == (before + 1, 1)


def test_a_refused_upload_is_counted_as_refused(cloud: Cloud, name: str) -> None:
    drop(cloud, f"data/{name}_train.csv", "")
    assert ended(cloud, name)["state"] == "refused"
    total = eventually(lambda: (c := counted(cloud, name))["Refused"] and c)
    assert total == {"Uploads": 1, "Refused": 1}


def test_a_failed_job_is_counted_as_failed(cloud: Cloud, name: str) -> None:
    dataset = name.replace("penguins", "fails")
    drop(cloud, f"data/{dataset}.json", '{"target": "species"}')
    drop(cloud, f"data/{dataset}_train.csv", TRAIN)
    ended(cloud, dataset)
    assert eventually(lambda: counted(cloud, dataset)["Failed"]) == 1


def test_an_upload_that_breaks_us_is_counted_each_time_and_once_as_put_aside(
    cloud: Cloud, name: str
) -> None:
    drop(cloud, f"results/{name}/status.json", "no json")
    drop(cloud, f"data/{name}_test.csv", TEST)
    event = uploaded_event(cloud, f"data/{name}_train.csv")
    function = cloud.functions["StartTrainingFunction"]
    event["Records"][0]["attributes"]["ApproximateReceiveCount"] = "4"
    before = counted(cloud, name)
    function.invoke(event)
    event["Records"][0]["attributes"]["ApproximateReceiveCount"] = "5"
    function.invoke(event)
    total = counted(cloud, name)
    assert total["Broken"] >= before["Broken"] + 2
    assert total["PutAside"] == before["PutAside"] + 1


def test_an_upload_that_waits_for_quota_counts_each_try_and_how_long_it_waits(
    cloud: Cloud, name: str
) -> None:
    running = []
    for sleeper in (f"sleeps {number} {name[-6:]}" for number in range(2)):
        drop(cloud, f"data/{sleeper}.json", '{"target": "species"}')
        drop(cloud, f"data/{sleeper}_train.csv", TRAIN)
        running.append(status(cloud, f"results/{sleeper}/", {"training"})["job"])
    drop(cloud, f"data/{name}.json", '{"target": "species"}')
    drop(cloud, f"data/{name}_train.csv", TRAIN)
    total = eventually(lambda: (c := counted(cloud, name))["Waiting"] and c)
    assert 0 <= total["WaitedSeconds"] < 60
    assert "Started" not in total
    for job in running:
        cloud.endpoint.client("sagemaker").stop_training_job(TrainingJobName=job)
    for sleeper in (f"sleeps {number} {name[-6:]}" for number in range(2)):
        stopped = eventually(lambda sleeper=sleeper: counted(cloud, sleeper)["Stopped"])  # type: ignore[misc]
        assert stopped == 1


def log_lines(cloud: Cloud, function: str, dataset: str, message: str) -> list[dict[str, Any]]:
    found = lines(cloud, function, dataset)
    return [line for line in found if line.get("message") == message and line.get("job")]


def test_every_answer_in_the_log_names_dataset_job_and_message(cloud: Cloud, name: str) -> None:
    drop(cloud, f"data/{name}.json", '{"target": "species"}')
    drop(cloud, f"data/{name}_train.csv", TRAIN)
    job = ended(cloud, name)["job"]
    answered = eventually(lambda: log_lines(cloud, "StartTrainingFunction", name, "answered"))
    published = eventually(lambda: log_lines(cloud, "PublishResultsFunction", name, "published"))
    for line in (*answered, *published):
        assert (line["job"], len(line["message_id"])) == (job, 36)
