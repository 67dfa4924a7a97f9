"""An account that may not use a machine at all: the next one is taken before anything waits."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from codefree.cloud import Cloud, Settings
from tests.clouds import own_cloud
from tests.conftest import STUB_TRAINING
from tests.messages import codes_in
from tests.uploads import TRAIN, drop, ended, jobs, status, text

QUOTAS: dict[str, int] = {}
PARAMETERS = {"SettleSeconds": "0", "RetrySeconds": "60", "TranslationFallback": "none"}


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    settings = Settings(parameters=PARAMETERS, training_source=STUB_TRAINING, machine_quotas=QUOTAS)
    with own_cloud(settings) as cloud:
        yield cloud


@pytest.fixture(autouse=True)
def new_account() -> None:
    QUOTAS.clear()
    QUOTAS.update({"ml.m5.large": 0, "ml.c5.xlarge": 0})


def upload(cloud: Cloud, dataset: str, **chosen: Any) -> None:
    drop(cloud, f"data/{dataset}.json", json.dumps({"target": "species", **chosen}))
    drop(cloud, f"data/{dataset}_train.csv", TRAIN)


def test_the_next_machine_is_taken_and_the_status_says_so(cloud: Cloud, name: str) -> None:
    dataset = name.replace("penguins", "sleeps")
    upload(cloud, dataset)
    found = status(cloud, f"results/{dataset}/", {"training", "waiting"})
    assert found["state"] == "training"
    assert "detail.other_machine" in codes_in(found)
    said = text(cloud, f"results/{dataset}/STATUS.txt")
    assert "may not run training jobs on ml.m5.large, ml.c5.xlarge" in said
    described = cloud.endpoint.client("sagemaker").describe_training_job(
        TrainingJobName=found["job"]
    )
    assert described["ResourceConfig"]["InstanceType"] == "ml.m5.xlarge"
    spec = json.loads(text(cloud, f"jobs/{found['job']}/job.json"))
    assert spec["no_quota"] == ["ml.m5.large", "ml.c5.xlarge"]
    assert spec["worst_case_usd"] <= spec["max_cost_usd"]
    cloud.sagemaker.stop(found["job"])
    assert ended(cloud, dataset)["cost"]["instance_type"] == "ml.m5.xlarge"


def test_a_cap_that_allows_no_other_machine_makes_it_wait(cloud: Cloud, name: str) -> None:
    upload(cloud, name, max_cost_usd=0.15)
    found = status(cloud, f"results/{name}/", {"training", "waiting"})
    assert (found["state"], found["code"]) == ("waiting", "wait.quota")
    # The machine that would have been taken.
    assert "'ml.m5.large for training job usage' is 0" in text(cloud, f"results/{name}/STATUS.txt")
    assert jobs(cloud, name.replace(" ", "-")) == []


def test_a_machine_that_the_user_has_named_is_not_replaced(cloud: Cloud, name: str) -> None:
    upload(cloud, name, instance_type="ml.m5.large")
    assert status(cloud, f"results/{name}/", {"training", "waiting"})["state"] == "waiting"


def test_a_machine_that_is_in_use_is_waited_for(cloud: Cloud, name: str) -> None:
    QUOTAS["ml.m5.large"] = 1
    upload(cloud, name.replace("penguins", "sleeps"))
    busy = status(cloud, f"results/{name.replace('penguins', 'sleeps')}/", {"training"})["job"]
    upload(cloud, name)
    assert status(cloud, f"results/{name}/", {"training", "waiting"})["state"] == "waiting"
    cloud.sagemaker.stop(busy)
