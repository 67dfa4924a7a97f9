"""Whatever breaks while a dataset is handled: in the end it is as if nothing had."""

import hashlib
import io
import json
import queue
import re
import tarfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from random import Random
from typing import Any, ClassVar, TypeVar
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError, HTTPClientError
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from moto.s3.models import FakeDeleteMarker, s3_backends
from moto.sagemaker.models import sagemaker_backends

from codefree import sagemaker_service
from codefree.aws import ACCOUNT
from codefree.cloud import Cloud, Settings
from codefree.lambda_service import FunctionError
from codefree.s3_files import split_uri
from codefree.training_job import Outcome, TrainingRun
from tests.clouds import own_cloud
from tests.conftest import STUB_TRAINING, eventually
from tests.faults import ATTEMPTS, FAULTS, OUTAGES, Call, Fault, Faulty, alike
from tests.strategies import JSON, KEYS

ROOT = Path(__file__).parents[2]
HEADER, *ROWS = (ROOT / "samples/penguins_train.csv").read_text().splitlines()
TRAIN = "\n".join([HEADER, *ROWS[::5]]).encode()
TEST = "\n".join(line.partition(",")[2] for line in (HEADER, *ROWS[1:4])).encode()
OTHER_TRAIN = "\n".join([HEADER, *ROWS[::4]]).encode()
AT_ONCE = 4
TRIES = 4
# Calls of a later delivery that are made before the files are looked at: two count it, and up to
# three answer the uploader.
BEFORE_READING = 5
Snapshot = dict[str, str]
T = TypeVar("T")


class HeldRun(TrainingRun):
    """A job that has whatever it was given as soon as it starts, and ends when it is told to."""

    held: ClassVar[dict[str, "HeldRun"]] = {}
    told: ClassVar[set[str]] = set()
    fetched: ClassVar[set[str]] = set()

    def run(self) -> Outcome:
        name = self.request["TrainingJobName"]
        self.held[name] = self
        self.enter("Training")
        self._require_inputs()
        self.fetched.add(name)
        self.stop.wait()
        if name not in self.told:
            return Outcome("Stopped", "Stopped")
        self._write_results(name)
        return Outcome("Completed", "Completed")

    @classmethod
    def finish(cls, name: str) -> None:
        cls.told.add(name)
        eventually(lambda: cls.held.pop(name, None)).stop.set()

    def _require_inputs(self) -> None:
        for channel in self.request["InputDataConfig"]:
            source = channel["DataSource"]["S3DataSource"]
            bucket, key = split_uri(source["S3Uri"])
            if source["S3DataType"] == "ManifestFile":
                first, *files = json.load(self.s3.get_object(Bucket=bucket, Key=key)["Body"])
                for file in files:
                    self.s3.head_object(Bucket=bucket, Key=split_uri(first["prefix"])[1] + file)
            else:
                self.s3.head_object(Bucket=bucket, Key=f"{key}sourcedir.tar.gz")

    def _write_results(self, name: str) -> None:
        bucket, folder = split_uri(self.request["CheckpointConfig"]["S3Uri"])
        stem = folder.split("/")[1]
        performance = json.dumps(PERFORMANCE)
        made = {f"{stem}_model_performance.txt": performance, "report.html": "<p>good</p>"}
        made["results_index.json"] = json.dumps(
            {"files": [{"name": name, "bytes": len(text)} for name, text in made.items()]}
        )
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as archive:
            for file, text in made.items():
                member = tarfile.TarInfo(file)
                member.size = len(text)
                archive.addfile(member, io.BytesIO(text.encode()))
        # The live copy has stalled, as it is known to.
        del made["report.html"]
        objects = {
            f"models/{name}/output/model.tar.gz": b"a model",
            f"models/{name}/output/output.tar.gz": packed.getvalue(),
            **{f"{folder}{file}": text.encode() for file, text in made.items()},
        }
        for key, content in objects.items():
            self.s3.put_object(Bucket=bucket, Key=key, Body=content)


PERFORMANCE = {
    "metric": "accuracy",
    "score": 0.75,
    "scored_on": "hold-out",
    "rows": 4,
    "best_model": "Held",
}


@dataclass
class World:
    """A stack whose events go nowhere: every delivery is made by a test."""

    cloud: Cloud
    home: Path
    numbers: Iterator[int] = field(default_factory=count)
    _idle: dict[str, "queue.Queue[Faulty]"] = field(default_factory=dict)
    _faulty: list[Faulty] = field(default_factory=list)
    _local: threading.local = field(default_factory=threading.local)

    def __post_init__(self) -> None:
        events = self.cloud.endpoint.client("events")
        for rule in events.list_rules()["Rules"]:
            targets = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
            if targets:
                ids = [target["Id"] for target in targets]
                events.remove_targets(Rule=rule["Name"], Ids=ids)

    @contextmanager
    def function(self, name: str) -> Iterator[Faulty]:
        """One that nobody else uses now."""
        idle = self._idle.setdefault(name, queue.Queue())
        try:
            faulty = idle.get_nowait()
        except queue.Empty:
            faulty = Faulty(self.cloud.functions[name], self.cloud.endpoint, self.home)
            self._faulty.append(faulty)
        try:
            yield faulty
        finally:
            idle.put(faulty)

    def close(self) -> None:
        for faulty in self._faulty:
            faulty.close()

    def client(self, service: str) -> Any:
        """One per thread."""
        if not hasattr(self._local, service):
            setattr(self._local, service, self.cloud.endpoint.client(service))
        return getattr(self._local, service)

    def put(self, key: str, content: bytes) -> None:
        self.client("s3").put_object(Bucket=self.cloud.bucket, Key=key, Body=content)

    def delete(self, key: str) -> None:
        self.client("s3").delete_object(Bucket=self.cloud.bucket, Key=key)

    @property
    def objects(self) -> Any:
        """moto's own memory: asking it as AWS is asked takes half of these tests' time."""
        return s3_backends[ACCOUNT]["aws"].buckets[self.cloud.bucket].keys

    def keys(self, *prefixes: str) -> list[str]:
        return [
            key
            for key, found in list(self.objects.items())
            if key.startswith(prefixes) and not isinstance(found, FakeDeleteMarker)
        ]

    def read(self, key: str) -> bytes:
        content: bytes = self.objects[key].value
        return content

    def status(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.read(f"results/{name}/status.json"))
        return found

    def jobs(self, name: str) -> list[str]:
        jobs = sagemaker_backends[ACCOUNT][self.cloud.endpoint.region].training_jobs
        return sorted(job for job in list(jobs) if job.startswith(f"{name}-"))

    def left_in(self, queue_id: str) -> int:
        """How many messages a queue has."""
        url = self.cloud.resources[queue_id].physical_resource_id
        counts = self.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
        return sum(
            int(count)
            for name, count in counts["Attributes"].items()
            if name.startswith("ApproximateNumberOfMessages")
        )

    def take_from(self, queue_id: str) -> list[str]:
        """What the messages of a queue say, which are gone then."""
        sqs, url = self.client("sqs"), self.cloud.resources[queue_id].physical_resource_id
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        for message in found:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return [message["Body"] for message in found]

    def new_dataset(self) -> str:
        """Names of one length, so that texts and sizes do not depend on them."""
        name = f"set{next(self.numbers):05d}"
        self.put(f"data/{name}_train.csv", TRAIN)
        self.put(f"data/{name}_test.csv", TEST)
        return name

    def snapshot(self, name: str) -> Snapshot:
        """Everything that is there of a dataset, as far as it is alike for every dataset."""
        found = {}
        for key in self.keys(*prefixes(name)):
            content = self.read(key)
            text = "packed" if key.endswith(".tar.gz") else content.decode()
            same = alike(key, name)
            # Of two jobs everything would be there twice.
            found[f"{same} again" if same in found else same] = alike(text, name)
        described = [self.cloud.sagemaker.describe(job) for job in self.jobs(name)]
        given = [(job["TrainingJobStatus"], job["InputDataConfig"]) for job in described]
        return found | {"training jobs": alike(json.dumps(given), name)}

    def start(self, name: str, fault: Fault | None = None, at: int = 0) -> list[Call]:
        """Deliver an upload until it is handled; the calls of the first delivery."""
        return self.deliver(name, self.upload_event(f"data/{name}_train.csv"), fault, at)

    def deliver(
        self,
        name: str,
        event: dict[str, Any],
        fault: Fault | None = None,
        at: int = 0,
        receives: int = 1,
        between: Callable[[], object] = lambda: None,
    ) -> list[Call]:
        """As the queue does: again until it is handled, and never what is handled."""
        (record,) = event["Records"]
        with self.function("StartTrainingFunction") as function:
            if function.source_key:
                self.delete(function.source_key)
            record["attributes"]["ApproximateReceiveCount"] = str(receives)
            handled = self._invoke(function, event, fault, at)
            calls = list(function.proxy.calls)
            harmless = fault is None or fault.meanwhile or (fault.times == 1 and not fault.kills)
            assert handled or not harmless, "a delivery that nothing kept from it is not handled"
            between()
            for again in range(1, TRIES):
                if handled:
                    return calls
                record["attributes"]["ApproximateReceiveCount"] = str(receives + again)
                handled = self._invoke(function, event)
        raise AssertionError(f"not handled within {TRIES} deliveries")

    def _invoke(
        self, function: Faulty, event: dict[str, Any], fault: Fault | None = None, at: int = 0
    ) -> bool:
        try:
            handled: bool = function.invoke(event, fault, at) == {"batchItemFailures": []}
        except FunctionError:
            assert fault and fault.kills, "only a dead function answers nothing"
            handled = False
        require_met(function, fault)
        return handled

    def upload_event(self, key: str) -> dict[str, Any]:
        event: dict[str, Any] = json.loads((ROOT / "events/dataset_uploaded.json").read_text())
        body = json.loads(event["Records"][0]["body"])
        body["detail"]["bucket"]["name"] = self.cloud.bucket
        body["detail"]["object"]["key"] = key
        event["Records"][0]["body"] = json.dumps(body)
        # As in a queue; deliveries of one message have one.
        event["Records"][0]["messageId"] = str(uuid4())
        return event

    def finish(self, name: str) -> None:
        """The dataset's jobs come to their ends; nobody hears of it."""
        for job in self.jobs(name):
            if not self.ended(job):
                HeldRun.finish(job)
            eventually(lambda job=job: self.ended(job))

    def ended(self, job: str) -> bool:
        described = self.cloud.sagemaker.describe(job)
        return described["TrainingJobStatus"] in ("Completed", "Failed")

    def last_look(self, name: str) -> Snapshot:
        found = self.snapshot(name)
        self.forget(name)
        return found

    def forget(self, name: str) -> None:
        """Hundreds of datasets would keep threads, and moto looks through all to list some."""
        for job in self.jobs(name):
            if not self.ended(job):
                self.cloud.sagemaker.stop(job)
        for key in self.keys(*prefixes(name)):
            self.objects.pop(key)

    def publish(self, name: str, fault: Fault | None = None, at: int = 0) -> list[Call]:
        """Deliver the end of each of the dataset's jobs until it is handled, as Lambda does."""
        calls: list[Call] = []
        for job in self.jobs(name):
            calls += self._publish(job, fault, at)
        return calls

    def _publish(self, job: str, fault: Fault | None, at: int) -> list[Call]:
        event = json.loads((ROOT / "events/training_job_completed.json").read_text())
        event["detail"]["TrainingJobName"] = job
        calls: list[Call] = []
        with self.function("PublishResultsFunction") as function:
            for receives in range(1, TRIES):
                given = fault if receives == 1 else None
                try:
                    function.invoke(event, given, at)
                    handled = True
                except FunctionError:
                    handled = False
                require_met(function, given)
                calls = calls or list(function.proxy.calls)
                if handled:
                    return calls
        raise AssertionError(f"not handled within {TRIES} deliveries")


def prefixes(name: str) -> tuple[str, ...]:
    """Everything of a dataset is below these."""
    return (f"data/{name}_", f"results/{name}/", f"jobs/{name}-", f"models/{name}-")


class NotMetError(AssertionError):
    """The function made fewer calls than without faults.

    So it is when another one, of another dataset, has written the costs of both meanwhile.
    """


def require_met(function: Faulty, fault: Fault | None) -> None:
    """A fault that the function did not meet, or that botocore's retries hid, tests nothing."""
    if function.proxy.error:
        raise function.proxy.error
    if fault is None or fault.onwards:
        assert (function.proxy.met >= ATTEMPTS) == (fault is not None)
        return
    if not function.proxy.met:
        raise NotMetError
    expected = 1 if fault.kills or fault.meanwhile else fault.times
    assert function.proxy.met == expected, f"met {function.proxy.met} times"


@dataclass
class Faultless:
    """What everything else is compared with."""

    starting: list[Call]
    started: Snapshot
    publishing: list[Call]
    published: Snapshot


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    chosen = Settings(training_source=STUB_TRAINING, job_quota=10_000, tell=lambda _: None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sagemaker_service, "TrainingRun", HeldRun)
        with own_cloud(chosen) as cloud:
            world = World(cloud, tmp_path_factory.mktemp("faults"))
            yield world
            world.close()


@pytest.fixture(scope="module")
def faultless(world: World) -> Faultless:
    name = world.new_dataset()
    starting = world.start(name)
    started = world.snapshot(name)
    world.finish(name)
    publishing = world.publish(name)
    return Faultless(starting, started, publishing, world.snapshot(name))


def for_each_call(
    subtests: pytest.Subtests,
    calls: list[Call],
    fault: Fault,
    case: Callable[[int], Snapshot],
    expected: Snapshot,
) -> None:
    places = [at for at, call in enumerate(calls) if fault.fits(call)]
    for at, found in at_once(case, places):
        with subtests.test(f"call {at}, {calls[at]}, {fault}"):
            assert found() == expected


def at_once(case: Callable[[int], T], places: list[int]) -> Iterator[tuple[int, Callable[[], T]]]:
    assert places

    def until_met(at: int) -> T:
        for _ in range(TRIES):
            with suppress(NotMetError):
                return case(at)
        return case(at)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        for at, future in [(at, pool.submit(until_met, at)) for at in places]:
            yield at, future.result


def place_of(calls: list[Call], pattern: str) -> int:
    (place,) = [at for at, call in enumerate(calls) if re.fullmatch(pattern, str(call))]
    return place


def from_creation(calls: list[Call]) -> list[int]:
    """The calls that are made when there is a job already."""
    return list(range([call.action for call in calls].index("CreateTrainingJob") + 1, len(calls)))


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_dataset_is_trained_as_if_no_call_of_start_training_had_been(
    world: World, faultless: Faultless, fault: Fault, subtests: pytest.Subtests
) -> None:
    def case(at: int) -> Snapshot:
        name = world.new_dataset()
        world.start(name, fault, at)
        return world.last_look(name)

    for_each_call(subtests, faultless.starting, fault, case, faultless.started)


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_job_is_published_as_if_no_call_of_publish_results_had_been(
    world: World, faultless: Faultless, fault: Fault, subtests: pytest.Subtests
) -> None:
    def case(at: int) -> Snapshot:
        name = world.new_dataset()
        world.start(name)
        world.finish(name)
        world.publish(name, fault, at)
        return world.last_look(name)

    for_each_call(subtests, faultless.publishing, fault, case, faultless.published)


@pytest.mark.parametrize("fault", OUTAGES, ids=str)
def test_an_upload_that_has_waited_long_is_not_put_aside_when_aws_is_out(
    world: World, faultless: Faultless, fault: Fault, subtests: pytest.Subtests
) -> None:
    def case(at: int) -> Snapshot:
        name = world.new_dataset()
        event = world.upload_event(f"data/{name}_train.csv")
        world.deliver(name, event, fault, at, receives=200)
        return world.last_look(name)

    for_each_call(subtests, faultless.starting, fault, case, faultless.started)
    assert world.left_in("UploadDeadLetterQueue") == 0


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_job_may_end_and_be_published_before_its_upload_is_delivered_again(
    world: World, faultless: Faultless, fault: Fault, subtests: pytest.Subtests
) -> None:
    def case(at: int) -> Snapshot:
        name = world.new_dataset()
        event = world.upload_event(f"data/{name}_train.csv")

        def end() -> None:
            world.finish(name)
            world.publish(name)

        world.deliver(name, event, fault, at, between=end)
        return world.last_look(name)

    places = [at for at in from_creation(faultless.starting) if fault.fits(faultless.starting[at])]
    for at, found in at_once(case, places):
        with subtests.test(f"call {at}, {faultless.starting[at]}, {fault}"):
            assert found() == faultless.published


def test_another_delivery_may_do_it_all_between_any_two_calls_of_start_training(
    world: World, faultless: Faultless, subtests: pytest.Subtests
) -> None:
    def case(at: int) -> Snapshot:
        name = world.new_dataset()

        def all_of_it() -> None:
            world.start(name)
            world.finish(name)
            world.publish(name)

        world.start(name, Fault("overtaken", meanwhile=all_of_it), at)
        return world.last_look(name)

    for at, found in at_once(case, list(range(len(faultless.starting)))):
        with subtests.test(f"before call {at}, {faultless.starting[at]}"):
            assert found() == faultless.published


@pytest.mark.parametrize("other", ["publish_results", "start_training"])
def test_another_function_may_run_between_any_two_calls_of_publish_results(
    world: World, faultless: Faultless, other: str, subtests: pytest.Subtests
) -> None:
    def case(at: int) -> Snapshot:
        name = world.new_dataset()
        world.start(name)
        world.finish(name)
        run = world.publish if other == "publish_results" else world.start
        world.publish(name, Fault("overtaken", meanwhile=lambda: run(name)), at)
        return world.last_look(name)

    for at, found in at_once(case, list(range(len(faultless.publishing)))):
        with subtests.test(f"before call {at}, {faultless.publishing[at]}"):
            assert found() == faultless.published


def test_two_functions_that_overtake_each_other_leave_the_last_word_to_the_end_of_the_job(
    world: World, faultless: Faultless
) -> None:
    """«training» is written between publish_results's words for the dataset and for the job."""
    name = world.new_dataset()
    first_word = place_of(faultless.starting, r"PutObject results/[^/]+/STATUS\.txt")
    own_word = place_of(faultless.publishing, r"PutObject results/[^/]+/[^/]+/STATUS\.txt")
    half_way, started = threading.Event(), threading.Event()

    def wait() -> None:
        half_way.set()
        assert started.wait(30)

    def half_publish() -> None:
        world.finish(name)
        publishing.append(pool.submit(world.publish, name, Fault("held", meanwhile=wait), own_word))
        assert half_way.wait(30)

    publishing: list[Future[list[Call]]] = []
    with ThreadPoolExecutor(1) as pool:
        world.start(name, Fault("overtaken", meanwhile=half_publish), first_word)
        assert world.status(name)["state"] == "training"
        started.set()
        publishing[0].result()
    assert world.snapshot(name) == faultless.published


def test_an_upload_on_which_the_function_dies_every_time_is_said_to_wait(world: World) -> None:
    name = world.new_dataset()
    event = world.upload_event(f"data/{name}_train.csv")
    (record,) = event["Records"]
    record["attributes"]["ApproximateReceiveCount"] = "2"
    with world.function("StartTrainingFunction") as function, suppress(FunctionError):
        reading = Fault("killed while it reads", kills=True)
        function.invoke(event, reading, at=BEFORE_READING)
    status = world.status(name)
    assert (status["state"], status["job"]) == ("waiting", None)
    assert status["code"] == "status.waiting_to_retry"
    world.forget(name)


def test_a_message_that_kills_its_function_is_tried_five_times_and_then_put_aside(
    world: World,
) -> None:
    name = world.new_dataset()
    event = world.upload_event(f"data/{name}_train.csv")
    killed = Fault("killed while it reads", kills=True)
    receives = kills(world, event, [killed] * 5)
    assert receives == 6
    assert deliver_once(world, event, receives, None) is True
    status = world.status(name)
    assert (status["state"], status["code"]) == ("failed", "status.killed")
    assert world.take_from("UploadDeadLetterQueue") == [event["Records"][0]["body"]]
    assert world.jobs(name) == []
    world.forget(name)


def test_a_message_that_waits_in_between_has_not_killed_its_function_each_time(
    world: World, faultless: Faultless
) -> None:
    """Waiting for AWS is no death, however often it happens."""
    name = world.new_dataset()
    event = world.upload_event(f"data/{name}_train.csv")
    killed = Fault("killed while it reads", kills=True)
    waits = Fault("throttled", code="throttling")
    receives = kills(world, event, [killed, killed, killed, waits] * 3)
    assert world.take_from("UploadDeadLetterQueue") == []
    assert deliver_once(world, event, receives, None) is True
    assert world.last_look(name) == faultless.started


def kills(world: World, event: dict[str, Any], faults: list[Fault]) -> int:
    """Deliver a message once per fault, none of which lets it be handled; the next delivery."""
    for receives, fault in enumerate(faults, 1):
        assert deliver_once(world, event, receives, fault) is False
    return len(faults) + 1


def deliver_once(world: World, event: dict[str, Any], receives: int, fault: Fault | None) -> bool:
    """Whether a delivery is handled; its fault is met where the files are read."""
    (record,) = event["Records"]
    record["attributes"]["ApproximateReceiveCount"] = str(receives)
    with world.function("StartTrainingFunction") as function:
        try:
            at = BEFORE_READING if receives > 1 else 0
            return bool(function.invoke(event, fault, at) == {"batchItemFailures": []})
        except FunctionError:
            return False


def test_an_upload_that_is_gone_when_it_is_tried_again_waits_for_nothing(world: World) -> None:
    name = world.new_dataset()
    event = world.upload_event(f"data/{name}_train.csv")
    event["Records"][0]["attributes"]["ApproximateReceiveCount"] = "2"
    for part in ("train", "test"):
        world.delete(f"data/{name}_{part}.csv")
    with world.function("StartTrainingFunction") as function:
        assert function.invoke(event) == {"batchItemFailures": []}
    status = world.status(name)
    assert (status["state"], status["job"]) == ("refused", None)
    assert status["code"] == "status.deleted"
    world.forget(name)


def test_a_mail_goes_out_twice_rather_than_never(world: World, faultless: Faultless) -> None:
    (mail,) = [at for at, call in enumerate(faultless.publishing) if call.action == "Publish"]
    marks = [at for at, call in enumerate(faultless.publishing) if call.about.endswith("json")]
    assert mail < max(marks)
    name = world.new_dataset()
    world.start(name)
    world.finish(name)
    killed = FAULTS[-1]
    assert killed.kills and killed.after
    calls = world.publish(name, killed, mail)
    assert str(calls[-1]) == "Publish"
    with world.function("PublishResultsFunction") as function:
        again = [call for call in function.proxy.calls if call.action == "Publish"]
    assert len(again) == 1


@pytest.mark.parametrize(
    "upload",
    [
        "the train file is replaced",
        "the train file is replaced by one of the same size",
        "the test file is replaced by one of the same size",
        "the test file is deleted",
    ],
)
def test_files_may_change_between_any_two_calls_of_start_training(
    world: World, faultless: Faultless, upload: str, subtests: pytest.Subtests
) -> None:
    part = "test" if "test file" in upload else "train"
    new = {
        "the train file is replaced": OTHER_TRAIN,
        "the train file is replaced by one of the same size": same_size(TRAIN),
        "the test file is replaced by one of the same size": same_size(TEST),
    }.get(upload)

    def case(at: int) -> tuple[dict[str, Any], int, str, list[bytes]]:
        name = world.new_dataset()

        def change() -> None:
            if new:
                world.put(f"data/{name}_{part}.csv", new)
            else:
                world.delete(f"data/{name}_{part}.csv")

        world.start(name, Fault("changed", meanwhile=change), at)
        if part == "train":
            # The next delivery begins with a training source that is missing.
            eventually(lambda: all(job in HeldRun.fetched for job in world.jobs(name)))
            world.start(name)
        world.finish(name)
        world.publish(name)
        if upload.startswith("the test file is replaced"):
            # A model comes first; then its job for the new file, if there has to be one.
            world.start(name)
            world.finish(name)
            world.publish(name)
        text = world.read(f"results/{name}/STATUS.txt").decode()
        status, jobs = world.status(name), world.jobs(name)
        given = [inputs_of(world, job).get(part) for job in jobs]
        world.forget(name)
        return status, len(jobs), text, [content for content in given if content]

    for at, found in at_once(case, list(range(len(faultless.starting)))):
        with subtests.test(f"before call {at}, {faultless.starting[at]}"):
            status, jobs, text, given = found()
            assert text.startswith(status["headline"])
            if new:
                assert status["state"] == "completed", text
                # Each version once at the most, the newer one in any case.
                assert len(given) == len(set(given)) == jobs
                assert new in given
            else:
                assert (status["state"], jobs) in [
                    ("completed", 1),
                    ("failed", 1),
                    ("refused", 0),
                ]


def same_size(content: bytes) -> bytes:
    """Other rows of the same length, as after a correction."""
    first, second, *rows = content.splitlines(keepends=True)
    return b"".join([first, *rows, second if second.endswith(b"\n") else second + b"\n"]).ljust(
        len(content)
    )[: len(content)]


def inputs_of(world: World, job: str) -> dict[str, bytes]:
    """Channel → content of its one file, which must be what job.json says."""
    described = json.loads(world.read(f"jobs/{job}/job.json"))
    found = {}
    for channel in world.cloud.sagemaker.describe(job)["InputDataConfig"]:
        name, source = channel["ChannelName"], channel["DataSource"]["S3DataSource"]
        if name in ("train", "test"):
            start, file = json.loads(world.read(split_uri(source["S3Uri"])[1]))
            key = split_uri(start["prefix"])[1] + file
            found[name] = world.read(key)
            assert key.startswith(f"jobs/{job}/")
            etag = hashlib.md5(found[name]).hexdigest()
            if name == "train":
                assert described[name]["etag"] == etag
    return found


def test_a_file_that_is_replaced_after_its_job_was_created_is_not_what_the_job_gets(
    world: World,
) -> None:
    """SageMaker fetches the files minutes later."""
    name = world.new_dataset()
    world.start(name)
    (job,) = world.jobs(name)
    before = inputs_of(world, job)
    world.put(f"data/{name}_train.csv", same_size(TRAIN))
    world.put(f"data/{name}_test.csv", same_size(TEST))
    assert inputs_of(world, job) == before == {"train": TRAIN, "test": TEST}
    world.forget(name)


def test_events_that_come_late_or_for_what_is_gone_change_nothing(
    world: World, faultless: Faultless
) -> None:
    name = world.new_dataset()
    world.start(name)
    world.finish(name)
    world.publish(name)
    world.put(f"data/{name}_train.csv", OTHER_TRAIN)
    world.start(name)
    world.finish(name)
    world.publish(name)
    before = world.snapshot(name)
    assert world.status(name)["state"] == "completed"
    world.start(name)
    world.publish(name)
    assert world.snapshot(name) == before
    world.delete(f"data/{name}_train.csv")
    world.start(name)
    assert world.snapshot(name) == {
        key: text for key, text in before.items() if key != "data/NAME_train.csv"
    }


@pytest.mark.parametrize("seed", range(4))
def test_an_upload_delivered_many_times_at_once_to_functions_that_die_makes_one_job(
    world: World, faultless: Faultless, seed: int
) -> None:
    random = Random(seed)
    name = world.new_dataset()
    deaths = [fault for fault in FAULTS if fault.kills]
    chosen = [(random.choice(deaths), random.randrange(len(faultless.starting))) for _ in range(6)]

    def deliver(fault: Fault, at: int) -> None:
        # A death that would come at a call that is not made does not come.
        with suppress(AssertionError):
            world.start(name, fault, at)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        for future in [pool.submit(deliver, *death) for death in chosen]:
            future.result()
    world.start(name)
    assert world.snapshot(name) == faultless.started
    world.finish(name)
    world.publish(name)
    assert world.snapshot(name) == faultless.published


def test_a_bucket_that_is_not_ours_is_left_alone_and_its_message_put_aside(world: World) -> None:
    """As the function's role would have it; moto knows no rights."""
    event = world.upload_event("data/x_train.csv")
    (record,) = event["Records"]
    record["body"] = record["body"].replace(world.cloud.bucket, "another-bucket")
    record["attributes"]["ApproximateReceiveCount"] = "5"
    world.client("s3").create_bucket(
        Bucket="another-bucket",
        CreateBucketConfiguration={"LocationConstraint": world.cloud.endpoint.region},
    )
    with world.function("StartTrainingFunction") as function:
        denied = Fault("denied", code="access denied", onwards=1000)
        assert function.invoke(event, denied) == {"batchItemFailures": []}
    assert "Contents" not in world.client("s3").list_objects_v2(Bucket="another-bucket")
    assert world.take_from("UploadDeadLetterQueue") == [record["body"]]


@given(KEYS, st.sampled_from([None, b"", TRAIN, TEST]))
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_an_upload_under_any_key_is_answered_and_leaves_nothing_outside_its_folders(
    world: World, key: str, content: bytes | None
) -> None:
    assume(len(key.encode(errors="replace")) <= 1024)
    if content is not None:
        with suppress(ClientError, UnicodeEncodeError, HTTPClientError):
            world.put(key, content)
    with world.function("StartTrainingFunction") as function:
        answer = function.invoke(world.upload_event(key))
        written = [call.about for call in function.proxy.calls if call.is_put]
    assert answer == {"batchItemFailures": []}
    assert all(key.startswith(("results/", "jobs/", "source/")) for key in written)
    assert not any(part in ("", ".", "..") for key in written for part in key.split("/"))


@given(JSON.map(json.dumps) | st.text())
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_message_is_answered_or_goes_back_and_leaves_nothing(world: World, body: str) -> None:
    event = world.upload_event("")
    (record,) = event["Records"]
    record["body"] = body
    with world.function("StartTrainingFunction") as function:
        answer = function.invoke(event)
        assert function.proxy.calls == []
    assert answer == {"batchItemFailures": [{"itemIdentifier": record["messageId"]}]}


def test_nothing_was_put_aside_and_nothing_written_elsewhere(world: World) -> None:
    """The last of this module: what all its datasets have left."""
    assert world.left_in("UploadDeadLetterQueue") == world.left_in("ResultsDeadLetterQueue") == 0
    folders = ("data/", "translation/", "results/", "jobs/", "models/", "source/")
    assert [key for key in world.keys("") if not key.startswith(folders)] == []
