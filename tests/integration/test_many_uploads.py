"""Hundreds of datasets at once, with room for two jobs: each is trained once and none is lost."""

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest
from samtranslator.yaml_helper import yaml_parse

from codefree import lambda_service
from codefree.cloud import Cloud, Settings
from codefree.queue_deliveries import POLL_SECONDS
from codefree.s3_files import split_uri
from codefree.training_job import Outcome, TrainingRun
from tests.clouds import own_cloud
from tests.conftest import STUB_TRAINING, eventually
from tests.effort import ALL
from tests.faults import RUNTIME

ROOT = Path(__file__).parents[2]
HEADER, *ROWS = (ROOT / "samples/penguins_train.csv").read_text().splitlines()
TRAIN = "\n".join([HEADER.replace("species", "label"), *ROWS[::5]]).encode()
DATASETS, DEATHS_WANTED = (300, 50) if ALL else (100, 20)
AT_ONCE = 2
FIT_SECONDS = 0.05
# The first jobs last until so many uploads have been told to wait for their turn.
WAITS_WANTED = 20


class ShortRun(TrainingRun):
    """A job without a process, which would take more time than everything else together."""

    runs: ClassVar[Counter[str]] = Counter()
    room: ClassVar[threading.Event] = threading.Event()

    def run(self) -> Outcome:
        name = self.request["TrainingJobName"]
        self.runs[name] += 1
        self.enter("Training")
        time.sleep(FIT_SECONDS)
        while not (self.room.wait(0.1) or self.stop.is_set()):
            pass
        bucket, folder = split_uri(self.request["CheckpointConfig"]["S3Uri"])
        for key in (f"{folder}report.html", f"models/{name}/output/model.tar.gz"):
            self.s3.put_object(Bucket=bucket, Key=key, Body=b"made")
        index = {"files": [{"name": "report.html", "bytes": 4}]}
        self.s3.put_object(
            Bucket=bucket, Key=f"{folder}results_index.json", Body=json.dumps(index).encode()
        )
        return Outcome("Completed", "Completed")


@contextmanager
def small_cloud(
    visibility_seconds: int, quota: int, training_run: type[TrainingRun] = TrainingRun
) -> Iterator[Cloud]:
    """Messages that wait are tried again within seconds, where the template's least is 60."""
    settings = Settings(
        parameters={"SettleSeconds": "0", "RetrySeconds": "60"},
        training_source=STUB_TRAINING,
        job_quota=quota,
        training_run=training_run,
        tell=lambda _: None,
        warn=lambda _: None,
    )
    with own_cloud(settings) as cloud:
        cloud.endpoint.client("sqs").set_queue_attributes(
            QueueUrl=url_of(cloud, "UploadQueue"),
            Attributes={"VisibilityTimeout": str(visibility_seconds)},
        )
        # A poll that has begun gives what it finds the pause that was.
        time.sleep(POLL_SECONDS + 0.5)
        yield cloud


def url_of(cloud: Cloud, queue_id: str) -> str:
    url: str = cloud.resources[queue_id].physical_resource_id
    return url


def left_in(cloud: Cloud, queue_id: str) -> int:
    counts = cloud.endpoint.client("sqs").get_queue_attributes(
        QueueUrl=url_of(cloud, queue_id), AttributeNames=["All"]
    )["Attributes"]
    return sum(int(n) for name, n in counts.items() if name.startswith("ApproximateNumberOfMess"))


def keys(cloud: Cloud, prefix: str) -> list[str]:
    pages = cloud.endpoint.client("s3").get_paginator("list_objects_v2")
    found = pages.paginate(Bucket=cloud.bucket, Prefix=prefix)
    return [entry["Key"] for page in found for entry in page.get("Contents", [])]


def drop_shuffled_and_duplicated(cloud: Cloud, names: list[str]) -> None:
    """In any order, and every second one twice."""
    events = cloud.endpoint.client("events")
    (rule,) = [r["Name"] for r in events.list_rules()["Rules"] if "DatasetUploaded" in r["Name"]]
    events.remove_targets(Rule=rule, Ids=["UploadQueue"])
    s3, sqs = cloud.endpoint.client("s3"), cloud.endpoint.client("sqs")
    bodies = []
    for number, name in enumerate(names):
        key = f"data/{name}_train.csv"
        s3.put_object(Bucket=cloud.bucket, Key=key, Body=TRAIN)
        detail = {"bucket": {"name": cloud.bucket}, "object": {"key": key}}
        bodies += [json.dumps({"detail": detail})] * (1 + number % 2)
    random.Random(0).shuffle(bodies)
    for at in range(0, len(bodies), 10):
        entries = [{"Id": str(n), "MessageBody": b} for n, b in enumerate(bodies[at : at + 10])]
        sqs.send_message_batch(QueueUrl=url_of(cloud, "UploadQueue"), Entries=entries)


def test_hundreds_of_datasets_at_once_are_each_trained_once_whenever_the_function_dies(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ShortRun, "runs", Counter())
    monkeypatch.setattr(ShortRun, "room", threading.Event())
    # A function that has died starts again within milliseconds.
    monkeypatch.setattr(lambda_service, "RUNTIME", RUNTIME)
    names = [f"set{n:03d}" for n in range(DATASETS)]
    with small_cloud(visibility_seconds=1, quota=AT_ONCE, training_run=ShortRun) as cloud:
        home = cloud.functions["StartTrainingFunction"].configuration.home
        (home / "mortal start_training.lambda_handler").write_text(str(DEATHS_WANTED))
        (home / "deaths").write_text("")
        drop_shuffled_and_duplicated(cloud, names)
        eventually(lambda: waits_in_log(cloud) >= WAITS_WANTED, lambda: waits_in_log(cloud))
        ShortRun.room.set()
        published = eventually(
            lambda: published_jobs(cloud, len(names)), lambda: len(keys(cloud, "results/"))
        )
        eventually(lambda: left_in(cloud, "UploadQueue") == 0)
        assert ShortRun.runs == Counter(published.values())
        assert sorted(published) == names
        assert len((home / "deaths").read_text()) >= DEATHS_WANTED
        assert left_in(cloud, "UploadDeadLetterQueue") == 0
        assert left_in(cloud, "ResultsDeadLetterQueue") == 0
        assert states_of(cloud, names) == {"completed": DATASETS}


def waits_in_log(cloud: Cloud) -> int:
    log = cloud.logs / "StartTrainingFunction.log"
    return log.read_text().count('"waiting"') if log.exists() else 0


def published_jobs(cloud: Cloud, expected: int) -> dict[str, str] | None:
    """Dataset → its job, when all have been published."""
    time.sleep(2)  # looking takes moto's time
    found = [key.split("/") for key in keys(cloud, "results/") if key.endswith("/status.json")]
    jobs = {parts[1]: parts[2] for parts in found if len(parts) == 4}
    assert len(jobs) == sum(len(parts) == 4 for parts in found), "two jobs of one dataset"
    return jobs if len(jobs) == expected else None


def states_of(cloud: Cloud, names: list[str]) -> dict[str, int]:
    s3 = cloud.endpoint.client("s3")
    found = Counter[str]()
    for name in names:
        key = f"results/{name}/status.json"
        status = json.load(s3.get_object(Bucket=cloud.bucket, Key=key)["Body"])
        found[status["state"]] += 1
    return found


class GatedRun(TrainingRun):
    """A job that lasts until it is stopped."""

    begun: ClassVar[dict[str, float]] = {}
    """Job → when."""

    def run(self) -> Outcome:
        self.begun[self.request["TrainingJobName"]] = time.monotonic()
        self.stop.wait()
        return Outcome("Stopped", "Stopped")


def test_a_waiting_upload_is_trained_within_one_pause_after_a_job_has_made_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(GatedRun, "begun", {})
    pause, deliveries = 4, 15
    with small_cloud(pause, quota=1, training_run=GatedRun) as cloud:
        s3, sagemaker = cloud.endpoint.client("s3"), cloud.endpoint.client("sagemaker")
        for name in ("first", "second", "third"):
            s3.put_object(Bucket=cloud.bucket, Key=f"data/{name}_train.csv", Body=TRAIN)
        for nth in (1, 2, 3):
            eventually(lambda nth=nth: len(GatedRun.begun) >= nth)
            told = waits_in_log(cloud)
            if nth < 3:
                # One of the others has asked in vain since.
                eventually(lambda told=told: waits_in_log(cloud) > told)
                eventually(lambda nth=nth: waiting(cloud) == 3 - nth)
            else:
                eventually(lambda: left_in(cloud, "UploadQueue") == 0)
            assert len(GatedRun.begun) == nth
            job = list(GatedRun.begun)[-1]
            sagemaker.stop_training_job(TrainingJobName=job)
            free = time.monotonic()
            if nth < 3:
                eventually(lambda nth=nth: len(GatedRun.begun) > nth)
                took = list(GatedRun.begun.values())[-1] - free
                assert took < pause + deliveries


def waiting(cloud: Cloud) -> int:
    """How many datasets are told that they wait."""
    s3 = cloud.endpoint.client("s3")
    found = [key for key in keys(cloud, "results/") if key.count("/") == 2]
    texts = [s3.get_object(Bucket=cloud.bucket, Key=k)["Body"].read() for k in found]
    return sum(b'"state": "waiting"' in text for text in texts)


def test_an_upload_waits_for_at_least_ten_days_before_it_is_put_aside() -> None:
    template: dict[str, Any] = yaml_parse((ROOT / "template.yaml").read_text())
    queue = template["Resources"]["UploadQueue"]["Properties"]
    assert queue["VisibilityTimeout"] == {"Ref": "RetrySeconds"}
    pause = template["Parameters"]["RetrySeconds"]["Default"]
    day = 24 * 60 * 60
    tries = queue["RedrivePolicy"]["maxReceiveCount"]
    assert 10 * day <= tries * pause <= queue["MessageRetentionPeriod"]


def test_messages_that_nobody_can_handle_are_put_aside_and_the_others_go_on() -> None:
    key = {"object": {"key": "data/x_train.csv"}}
    poison = [
        "no json",
        "[]",
        "null",
        json.dumps({"Event": "s3:TestEvent"}),
        json.dumps({"detail": None}),
        json.dumps({"detail": {"bucket": {"name": 1}, "object": {"key": None}}}),
        json.dumps({"detail": {"bucket": {"name": "a bucket that is gone"}, **key}}),
        json.dumps({"detail": {"bucket": {"name": "bucket-that-is-gone"}, **key}}),
        json.dumps({"detail": {"bucket": {"name": "gone"}, "object": {"key": "data/misnamed"}}}),
    ]
    with small_cloud(1, quota=10) as cloud:
        s3, sqs = cloud.endpoint.client("s3"), cloud.endpoint.client("sqs")
        url = url_of(cloud, "UploadQueue")
        for at, body in enumerate(poison):
            sqs.send_message(QueueUrl=url, MessageBody=body)
            s3.put_object(Bucket=cloud.bucket, Key=f"data/good{at}_train.csv", Body=TRAIN)
        names = [f"good{at}" for at in range(len(poison))]
        eventually(lambda: left_in(cloud, "UploadQueue") == 0)
        aside = messages_of(cloud, "UploadDeadLetterQueue")
        assert sorted(aside) == sorted(poison)
        eventually(lambda: published_jobs(cloud, len(names)))
        assert states_of(cloud, names) == {"completed": len(names)}


def messages_of(cloud: Cloud, queue_id: str) -> list[str]:
    sqs, url = cloud.endpoint.client("sqs"), url_of(cloud, queue_id)
    found: list[str] = []
    while batch := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        found += [message["Body"] for message in batch]
        for message in batch:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found
