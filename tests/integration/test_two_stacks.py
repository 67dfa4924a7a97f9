"""Two stacks in one account and region: neither sees anything of the other."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from codefree.cloud import Cloud, Settings, open_beside
from tests.clouds import own_cloud
from tests.conftest import STUB_TRAINING
from tests.uploads import TRAIN, drop, ended

PARAMETERS = {"SettleSeconds": "0", "RetrySeconds": "60", "TranslationFallback": "none"}
FIRST = Settings(stack_name="lab-a", parameters=PARAMETERS, training_source=STUB_TRAINING)
SECOND = replace(FIRST, stack_name="lab-b")


@pytest.fixture
def second() -> Iterator[Cloud]:
    with own_cloud(SECOND) as cloud:
        yield cloud


def train(stack: Cloud) -> None:
    drop(stack, "data/birds.json", '{"target": "species"}')
    drop(stack, "data/birds_train.csv", TRAIN)
    assert ended(stack, "birds")["state"] == "completed"


def keys(stack: Cloud) -> set[str]:
    listed = stack.endpoint.client("s3").list_objects_v2(Bucket=stack.bucket)
    return {entry["Key"] for entry in listed.get("Contents", [])}


def owners(stack: Cloud) -> list[str]:
    """The stacks that the training jobs of the account belong to."""
    sagemaker = stack.endpoint.client("sagemaker")
    jobs = sagemaker.list_training_jobs()["TrainingJobSummaries"]
    tags = [sagemaker.list_tags(ResourceArn=job["TrainingJobArn"])["Tags"] for job in jobs]
    return [t["Value"] for found in tags for t in found if t["Key"] == "codefree-automl:stack"]


def test_an_upload_makes_a_job_of_its_own_stack_alone_also_once_the_other_is_gone(
    second: Cloud,
) -> None:
    with open_beside(second, FIRST) as first:
        assert first.bucket != second.bucket
        train(first)
        assert owners(first) == ["lab-a"]
        assert "results/birds/STATUS.txt" in keys(first)
        assert keys(second) == set()
        first.endpoint.client("cloudformation").delete_stack(StackName="lab-a")

    train(second)
    assert sorted(owners(second)) == ["lab-a", "lab-b"]
