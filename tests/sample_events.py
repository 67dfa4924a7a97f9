"""The events in events/: what lies in the stack before each, and what must have come of it."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.cloudformation.models import cloudformation_backends

from codefree import default_translator
from codefree.aws import ACCOUNT, STACK_NAME
from codefree.cloud import Cloud, Settings
from codefree.event_samples import (
    SAMPLE_BUCKET,
    SAMPLE_JOB,
    SAMPLE_LISTENER,
    SAMPLE_STACK_ID,
)
from contract.layout import live_json_key, live_page_key
from contract.live import Live, Version, live_from_json
from pipeline.model_endpoint import endpoint_of
from tests.clouds import own_cloud
from tests.conftest import STUB_TRAINING, eventually
from tests.endpoints import put_endpoint, records
from tests.endpoints import status as endpoint_status
from tests.http import ask
from tests.portable_models import LABELS, PROBABILITY, failing_challenger, put_model
from tests.statuses import written

ROOT = Path(__file__).parents[1]
EVENTS = ROOT / "events"
ROW = re.compile(r"^\| `(\w+)\.json` \| `(\w+)` \|", re.MULTILINE)
FUNCTIONS: dict[str, str] = dict(ROW.findall((EVENTS / "README.md").read_text("utf-8")))
"""Event → the function that it is for."""

DONE: dict[str, list[Any]] = {"batchItemFailures": []}


@dataclass(frozen=True)
class Place:
    """A running stack, and how the functions reach it."""

    cloud: Cloud
    url: str

    def client(self, service: str) -> Any:
        return self.cloud.endpoint.client(service)

    def put(self, key: str, content: bytes) -> None:
        self.client("s3").put_object(Bucket=self.cloud.bucket, Key=key, Body=content)

    def put_sample(self, name: str, key: str) -> None:
        self.put(key, (ROOT / "samples" / name).read_bytes())

    def read(self, key: str) -> str:
        found = self.client("s3").get_object(Bucket=self.cloud.bucket, Key=key)
        return str(found["Body"].read().decode("utf-8-sig"))

    def keys(self, prefix: str) -> list[str]:
        found = self.client("s3").list_objects_v2(Bucket=self.cloud.bucket, Prefix=prefix)
        return [entry["Key"] for entry in found.get("Contents", [])]

    def status(self, prefix: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.read(f"{prefix}status.json"))
        return found

    def job(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.client("sagemaker").describe_training_job(TrainingJobName=name)
        return found


Before = Callable[[Place], dict[str, str]]
"""Answers names in the event → the real ones."""
After = Callable[[Place, Any], None]


@contextmanager
def open_place(host: str = "127.0.0.1", gateway: str | None = None) -> Iterator[Place]:
    """A stack in which nothing happens by itself: uploads wait, and ended jobs tell nobody.

    `host` is what the functions call it.
    """
    parameters = {
        "SettleSeconds": "900",
        "TranslationFallback": "none",
        "TranslatorPairs": "en-de,en-fr",
    }
    settings = Settings(parameters=parameters, training_source=STUB_TRAINING, gateway=gateway)
    with own_cloud(settings) as cloud:
        default_translator.deploy(cloud)
        events = cloud.endpoint.client("events")
        rule = cloud.resources["TrainingJobEnded"].physical_resource_id
        targets = events.list_targets_by_rule(Rule=rule)["Targets"]
        events.remove_targets(Rule=rule, Ids=[target["Id"] for target in targets])
        yield Place(cloud, f"http://{host}:{cloud.endpoint.port}")


def try_event(name: str, place: Place, invoke: Callable[[str, str], Any]) -> None:
    """Prepare the stack, hand the event to its function (`invoke`), and look at what came of it."""
    before, after = SAMPLES[name]
    names = {SAMPLE_BUCKET: place.cloud.bucket} | before(place)
    event = (EVENTS / f"{name}.json").read_text("utf-8")
    for sample, real in names.items():
        event = event.replace(sample, real)
    after(place, invoke(FUNCTIONS[name], event))


def _titanic(place: Place) -> dict[str, str]:
    place.put_sample("titanic_test.csv", "data/titanic_test.csv")
    place.put_sample("titanic_train.csv", "data/titanic_train.csv")
    return {}


def _titanic_is_trained(place: Place, answer: Any) -> None:
    assert answer == DONE
    _is_trained(place, "results/titanic/", {"train", "test", "job", "code"})


def _is_trained(place: Place, prefix: str, channels: set[str]) -> None:
    status = place.status(prefix)
    assert status["state"] == "training"
    inputs = place.job(status["job"])["InputDataConfig"]
    # It may have failed already: not every machine has what fits a translator.
    with suppress(ClientError):
        place.client("sagemaker").stop_training_job(TrainingJobName=status["job"])
    found = {one["ChannelName"]: one["DataSource"]["S3DataSource"]["S3Uri"] for one in inputs}
    assert set(found) == channels
    # The source that the layer brings, packed by the function.
    assert place.keys(found["code"].removeprefix(f"s3://{place.cloud.bucket}/"))


def _misnamed(place: Place) -> dict[str, str]:
    place.put("data/holiday picture (1).png", b"\x89PNG")
    return {}


def _misnamed_is_refused(place: Place, answer: Any) -> None:
    assert answer == DONE
    keys = place.keys("results/_refused/holiday-picture-1-png-")
    (text,) = (place.read(key) for key in keys if key.endswith("STATUS.txt"))
    assert "holiday picture (1).png" in text


def _sentence_pairs(place: Place) -> dict[str, str]:
    place.put_sample("en-de_train.tsv", "translation/en-de_train.tsv")
    return {}


def _translator_is_trained(place: Place, answer: Any) -> None:
    assert answer == DONE
    # It is compared with the translator that the project brings along.
    _is_trained(place, "results/translation/en-de/", {"train", "job", "code", "champion"})


def _ended_job(dataset: str, status: str) -> Before:
    """A job of a stub of the training, started by the stack's own function."""

    def before(place: Place) -> dict[str, str]:
        place.put(f"data/{dataset}.json", b'{"target": "species"}')
        place.put_sample("penguins_train.csv", f"data/{dataset}_train.csv")
        body = {
            "bucket": {"name": place.cloud.bucket},
            "object": {"key": f"data/{dataset}_train.csv"},
        }
        event = json.loads((EVENTS / "dataset_uploaded.json").read_text("utf-8"))
        event["Records"][0]["body"] = json.dumps({"detail": body})
        place.cloud.functions["StartTrainingFunction"].invoke(event)
        job = str(place.status(f"results/{dataset}/")["job"])
        if status == "Stopped":
            place.client("sagemaker").stop_training_job(TrainingJobName=job)
        eventually(lambda: place.job(job)["TrainingJobStatus"] == status)
        return {SAMPLE_JOB: job}

    return before


def _is_published(dataset: str, state: str) -> After:
    def after(place: Place, answer: Any) -> None:
        assert answer is None
        status = place.status(f"results/{dataset}/")
        assert status["state"] == state
        assert place.status(f"results/{dataset}/{status['job']}/")["state"] == state
        assert status["job"] in place.read("results/costs.csv")

    return after


def _failed_endpoint(place: Place) -> dict[str, str]:
    """Of a translator that the stack's own functions have trained and deployed."""
    lines = ["source\ttarget", *(f"text {n}\tTexte {n}" for n in range(200))]
    place.put("translation/en-fr_train.tsv", "\n".join(lines).encode())
    for name, function in (
        ("sentence_pairs_uploaded", "StartTrainingFunction"),
        ("training_job_completed", "PublishResultsFunction"),
    ):
        event = (EVENTS / f"{name}.json").read_text("utf-8").replace("en-de", "en-fr")
        event = event.replace(SAMPLE_BUCKET, place.cloud.bucket)
        if name == "training_job_completed":
            job = str(place.status("results/translation/en-fr/")["job"])
            eventually(lambda job=job: place.job(job)["TrainingJobStatus"] == "Completed")  # type: ignore[misc]
            event = event.replace(SAMPLE_JOB, job)
        place.cloud.functions[function].invoke(json.loads(event))
    endpoint = place.cloud.endpoint_name("en-fr")
    eventually(lambda: endpoint_status(place.cloud, endpoint) == "InService")
    record = records(place.cloud)[endpoint]
    record.endpoint_status, record.failure_reason = "Failed", "Image size is too large."
    return {"codefree-automl-en-de": endpoint}


def _endpoint_is_told_of(place: Place, answer: Any) -> None:
    assert answer is None
    assert "AWS says: Image size is too large." in place.read(
        "results/translation/en-fr/STATUS.txt"
    )
    place.client("sagemaker").delete_endpoint(EndpointName=place.cloud.endpoint_name("en-fr"))
    eventually(lambda: _endpoints(place) == [f"{STACK_NAME}-en-de"])


def _nothing(place: Place) -> dict[str, str]:
    return {}


def _is_translated(place: Place, answer: Any) -> None:
    assert answer["statusCode"] == 200
    assert json.loads(answer["body"])["translations"][0]["translation"] == "Ich liebe dich."


def _model(place: Place) -> dict[str, str]:
    put_model(place.client("s3"), place.cloud.bucket, "titanic", "Sex", "Age")
    return {}


def _is_predicted(place: Place, answer: Any) -> None:
    assert answer["statusCode"] == 200, answer
    (only,) = json.loads(answer["body"])["predictions"]
    assert only["prediction"] == LABELS[0]
    assert only["probabilities"][LABELS[1]] == pytest.approx(PROBABILITY)


def _failing_challenger(place: Place) -> dict[str, str]:
    failing_challenger(place.cloud, "tried")
    return {}


def _challenger_is_stopped(place: Place, answer: Any) -> None:
    assert answer is None
    live = live_from_json(place.read(live_json_key("tried")).encode())
    assert live.challenger is not None and live.challenger.share == 0


def _nothing_served(place: Place) -> dict[str, str]:
    """An endpoint of a model that was turned off."""
    live, now = Live(), datetime.now(UTC)
    version = Version(SAMPLE_JOB, "Survived", "2026-01-01", serve="serverless")
    live = live.deployed(version, now).undeployed(now)
    place.put(live_json_key("titanic"), live.to_json())
    name = endpoint_of(STACK_NAME, SAMPLE_JOB)
    put_endpoint(place.cloud, name.removeprefix(f"{STACK_NAME}-"), "pass", version="off")
    return {}


def _endpoint_is_deleted(place: Place, answer: Any) -> None:
    assert answer is None
    eventually(lambda: _endpoints(place) == [f"{STACK_NAME}-en-de"])
    # The next events are of a model that answers.
    place.client("s3").delete_object(Bucket=place.cloud.bucket, Key=live_json_key("titanic"))


def _status(place: Place) -> dict[str, str]:
    content = json.dumps(written("titanic", "waiting")).encode()
    place.put("results/titanic/status.json", content)
    return {}


def _status_is_shown(place: Place, answer: Any) -> None:
    assert answer["statusCode"] == 200, answer
    found = {one["dataset"]: one for one in json.loads(answer["body"])["statuses"]}
    assert found["titanic"]["state"] == "waiting"


def _kept_request(place: Place) -> dict[str, str]:
    put_model(place.client("s3"), place.cloud.bucket, "titanic", "Sex", keep_requests=100)
    assert ask(place.cloud, "predict/titanic", b'{"Sex": "male"}').status == 200
    return _status(place)


def _requests_are_compared(place: Place, answer: Any) -> None:
    assert answer == ["titanic"]
    assert "<table" not in place.read(live_page_key("titanic"))


def _columns_file(place: Place) -> dict[str, str]:
    settings = {"columns": ["review"], "source": "en", "target": "de"}
    place.put("data/reviews_translate.json", json.dumps(settings).encode())
    place.put("data/reviews_translate.csv", b"id,review\n1,I love you.\n")
    return {}


def _columns_are_translated(place: Place, answer: Any) -> None:
    assert answer == DONE
    table = place.read("results/reviews_translate/reviews_translated.csv").splitlines()
    assert table == ["id,review,review_de", "1,I love you.,Ich liebe dich."]


def _idle_endpoint(place: Place) -> dict[str, str]:
    name = put_endpoint(place.cloud, "en-fr", "pass", version="idle")
    record = records(place.cloud)[name]
    record.last_modified_time = datetime.now(UTC) - timedelta(days=31)
    return {}


def _idle_endpoint_is_gone(place: Place, answer: Any) -> None:
    assert answer == [f"{STACK_NAME}-en-fr"]
    eventually(lambda: _endpoints(place) == [f"{STACK_NAME}-en-de"])


def _endpoints(place: Place) -> list[str]:
    found = place.client("sagemaker").list_endpoints()["Endpoints"]
    return [endpoint["EndpointName"] for endpoint in found]


def _ending_stack(place: Place) -> dict[str, str]:
    sagemaker = place.client("sagemaker")
    name = put_endpoint(place.cloud, "en-fr", "pass", version="ending")
    arn = sagemaker.describe_endpoint(EndpointName=name)["EndpointArn"]
    sagemaker.add_tags(
        ResourceArn=arn, Tags=[{"Key": "codefree-automl:stack", "Value": STACK_NAME}]
    )
    stacks = cloudformation_backends[ACCOUNT][place.cloud.endpoint.region].stacks
    (stack,) = stacks.values()
    stack.status = "DELETE_IN_PROGRESS"
    # CloudFormation, too, listens at a pre-signed address of S3.
    listener = place.cloud.endpoint.presigned_put(place.cloud.bucket, "answer", place.url)
    return {SAMPLE_STACK_ID: stack.stack_id, SAMPLE_LISTENER: listener}


def _stack_is_cleaned_up(place: Place, answer: Any) -> None:
    assert answer is None
    response = json.loads(place.read("answer"))
    assert (response["Status"], response["LogicalResourceId"]) == ("SUCCESS", "CleanUp")
    eventually(lambda: _endpoints(place) == [f"{STACK_NAME}-en-de"])


SAMPLES: dict[str, tuple[Before, After]] = {
    "dataset_uploaded": (_titanic, _titanic_is_trained),
    "datasets_uploaded_together": (_titanic, _titanic_is_trained),
    "misnamed_file_uploaded": (_misnamed, _misnamed_is_refused),
    "sentence_pairs_uploaded": (_sentence_pairs, _translator_is_trained),
    # The stub of the training goes by these names.
    "training_job_completed": (_ended_job("any", "Completed"), _is_published("any", "completed")),
    "training_job_failed": (_ended_job("fails", "Failed"), _is_published("fails", "failed")),
    "training_job_stopped": (_ended_job("sleeps", "Stopped"), _is_published("sleeps", "stopped")),
    "endpoint_failed": (_failed_endpoint, _endpoint_is_told_of),
    "challengers_alarmed": (_failing_challenger, _challenger_is_stopped),
    "live_model_changed": (_nothing_served, _endpoint_is_deleted),
    "translation_requested": (_nothing, _is_translated),
    "prediction_requested": (_model, _is_predicted),
    "datasets_shown": (_status, _status_is_shown),
    "columns_file_uploaded": (_columns_file, _columns_are_translated),
    "week_passed": (_kept_request, _requests_are_compared),
    "day_passed": (_idle_endpoint, _idle_endpoint_is_gone),
    "stack_deleted": (_ending_stack, _stack_is_cleaned_up),
}
