"""A trained translator goes behind its endpoint, goes when idle, and comes back."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from moto.sagemaker.models import sagemaker_backends

from local.aws import ACCOUNT
from local.cloud import STACK_NAME, Cloud, Settings
from tests.clouds import own_cloud
from tests.conftest import eventually
from tests.endpoints import status as endpoint_status
from tests.http import post

ENDPOINT = f"{STACK_NAME}-en-de"
KEY = "translation/en-de_train.tsv"
STATUS = "results/translation/en-de/status.json"
STUB = Path(__file__).parents[1] / "stub_training"


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    parameters = {"SettleSeconds": "0", "RetrySeconds": "60", "TranslationFallback": "none"}
    with own_cloud(Settings(parameters=parameters, training_source=STUB)) as cloud:
        yield cloud


def upload(cloud: Cloud, word: str) -> None:
    """A file of 200 pairs; the stub's translator answers everything with the first target."""
    lines = ["source\ttarget", *(f"text {n}\t{word} {n}" for n in range(200))]
    cloud.endpoint.client("s3").put_object(
        Bucket=cloud.bucket, Key=KEY, Body="\n".join(lines).encode()
    )


def status(cloud: Cloud) -> dict[str, Any]:
    s3 = cloud.endpoint.client("s3")
    found: dict[str, Any] = json.loads(
        s3.get_object(Bucket=cloud.bucket, Key=STATUS)["Body"].read()
    )
    return found


def answers(cloud: Cloud, word: str) -> bool:
    answer = post(cloud, {"text": "anything"})
    return answer.status == 200 and answer.json["translations"][0]["translation"] == f"{word} 0"


def said(cloud: Cloud, text: str) -> bool:
    told = status(cloud)
    return text in " ".join([told["headline"], *told["details"], *told["notes"]])


def test_a_finished_translator_answers_the_api(cloud: Cloud) -> None:
    upload(cloud, "alt")

    eventually(lambda: answers(cloud, "alt"))
    eventually(lambda: said(cloud, f"The endpoint {ENDPOINT} takes it over within minutes"))


def test_a_better_one_takes_over(cloud: Cloud) -> None:
    upload(cloud, "neu")

    eventually(lambda: answers(cloud, "neu"))


def test_an_endpoint_that_is_used_or_new_stays(cloud: Cloud) -> None:
    assert cloud.functions["RetireEndpointsFunction"].invoke({}) == []
    make_old(cloud)
    put_invocations(cloud, 3)

    assert cloud.functions["RetireEndpointsFunction"].invoke({}) == []
    assert endpoint_status(cloud, ENDPOINT) == "InService"


def test_an_idle_endpoint_goes_and_comes_back_with_its_file(cloud: Cloud) -> None:
    make_old(cloud)
    forget_invocations(cloud)

    assert cloud.functions["RetireEndpointsFunction"].invoke({}) == [ENDPOINT]
    assert post(cloud, {"text": "anything"}).status == 503
    assert said(cloud, f"upload {KEY} again")
    jobs = len(cloud.endpoint.client("sagemaker").list_training_jobs()["TrainingJobSummaries"])

    upload(cloud, "neu")

    eventually(lambda: answers(cloud, "neu"))
    after = cloud.endpoint.client("sagemaker").list_training_jobs()["TrainingJobSummaries"]
    assert len(after) == jobs


@pytest.mark.parametrize(
    ("key", "body", "words"),
    [
        ("translation/en-de.tsv", "x", "was left alone"),
        ("translation/de-de_train.tsv", "x", "was left alone"),
        ("translation/sub/en-de_train.tsv", "x", "was left alone"),
        ("translation/en-fr_train.csv", "source,other\na,b\n", "lacks the column target"),
        ("translation/en-it_train.csv", "source,target\na,b\n", "holds 1 sentence pairs"),
        ("translation/en-es_train.csv", "", "is empty"),
    ],
)
def test_what_cannot_work_is_refused_in_words(
    cloud: Cloud, key: str, body: str, words: str
) -> None:
    s3 = cloud.endpoint.client("s3")
    s3.put_object(Bucket=cloud.bucket, Key=key, Body=body.encode())

    def refused() -> bool:
        listed = s3.list_objects_v2(Bucket=cloud.bucket, Prefix="results/").get("Contents", [])
        texts = (
            s3.get_object(Bucket=cloud.bucket, Key=entry["Key"])["Body"].read().decode()
            for entry in listed
            if entry["Key"].endswith("STATUS.txt")
        )
        return any(words in text and key in text for text in texts)

    eventually(refused)


def make_old(cloud: Cloud) -> None:
    record: Any = sagemaker_backends[ACCOUNT][cloud.endpoint.region].endpoints[ENDPOINT]
    record.last_modified_time = datetime.now(UTC) - timedelta(days=31)


def put_invocations(cloud: Cloud, count: int) -> None:
    """SageMaker's own metric, which the local cloud does not keep."""
    dimensions = [
        {"Name": "EndpointName", "Value": ENDPOINT},
        {"Name": "VariantName", "Value": "main"},
    ]
    metric = {"MetricName": "Invocations", "Dimensions": dimensions, "Value": count}
    cloud.endpoint.client("cloudwatch").put_metric_data(
        Namespace="AWS/SageMaker", MetricData=[metric]
    )


def forget_invocations(cloud: Cloud) -> None:
    from moto.cloudwatch.models import cloudwatch_backends

    cloudwatch_backends[ACCOUNT][cloud.endpoint.region].metric_data = []
