"""A stack whose deliveries a test makes itself, so that it can break any call of them."""

import io
import json
import queue
import re
import tarfile
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, ClassVar, TypeVar
from uuid import uuid4

from moto.s3.models import FakeDeleteMarker, s3_backends
from moto.sagemaker.models import sagemaker_backends

from codefree.aws import ACCOUNT
from codefree.cloud import Cloud, Settings
from codefree.lambda_service import FunctionError
from codefree.s3_files import split_uri
from codefree.training_job import Outcome, TrainingRun
from tests.clouds import own_cloud
from tests.conftest import STUB_TRAINING, eventually
from tests.faults import ATTEMPTS, Call, Fault, Faulty, alike

ROOT = Path(__file__).parents[1]
HEADER, *ROWS = (ROOT / "samples/penguins_train.csv").read_text().splitlines()
TRAIN = "\n".join([HEADER, *ROWS[::5]]).encode()
TEST = "\n".join(line.partition(",")[2] for line in (HEADER, *ROWS[1:4])).encode()
AT_ONCE = 4
TRIES = 4
FOLDERS = ("data/", "translation/", "results/", "jobs/", "models/", "source/", "queries/")
Snapshot = dict[str, str]
T = TypeVar("T")


class HeldRun(TrainingRun):
    """A job that fetches its input as soon as it starts, and ends when a test asks it to."""

    held: ClassVar[dict[str, "HeldRun"]] = {}
    told: ClassVar[set[str]] = set()
    fetched: ClassVar[set[str]] = set()
    makes: ClassVar[dict[str, Mapping[str, bytes]]] = {}
    """Job → files that it leaves beside those of every job."""

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
            **{f"{folder}{file}": content for file, content in self.makes.get(name, {}).items()},
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
        """A function that no other delivery uses now."""
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
            text = "packed" if key.endswith((".tar.gz", ".zip", ".parquet")) else content.decode()
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
                eventually(lambda: self.is_fetched(function.source_key))
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

    def deliver_once(
        self, event: dict[str, Any], fault: Fault | None = None, at: int = 0, receives: int = 1
    ) -> list[Call]:
        """Deliver a message that may have to wait, and come again."""
        event["Records"][0]["attributes"]["ApproximateReceiveCount"] = str(receives)
        with self.function("StartTrainingFunction") as function:
            self._invoke(function, event, fault, at)
            return list(function.proxy.calls)

    def is_fetched(self, source_key: str) -> bool:
        """Whether no job that runs still has to fetch this training source."""
        folder = source_key.rpartition("/")[0]
        jobs = sagemaker_backends[ACCOUNT][self.cloud.endpoint.region].training_jobs
        rest = [name for name in list(jobs) if name not in HeldRun.fetched]
        return not any(
            job["TrainingJobStatus"] == "InProgress"
            and folder in json.dumps(job["InputDataConfig"])
            for job in map(self.cloud.sagemaker.describe, rest)
        )

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
        """End the dataset's jobs without an event."""
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
            calls += self.publish_job(job, fault, at)
        return calls

    def publish_job(self, job: str, fault: Fault | None, at: int) -> list[Call]:
        event = json.loads((ROOT / "events/training_job_completed.json").read_text())
        event["detail"]["TrainingJobName"] = job
        return self.publish_event(event, fault, at)

    def publish_event(self, event: dict[str, Any], fault: Fault | None, at: int) -> list[Call]:
        """Deliver it until it is handled, as Lambda does."""
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


@contextmanager
def open_world(folder: Path, parameters: Mapping[str, str] | None = None) -> Iterator[World]:
    """Open a stack of its own; in the end nothing may be put aside or lie in an unknown folder."""
    chosen = Settings(
        parameters=parameters,
        training_source=STUB_TRAINING,
        job_quota=10_000,
        training_run=HeldRun,
        tell=lambda _: None,
    )
    with own_cloud(chosen) as cloud:
        world = World(cloud, folder)
        yield world
        world.close()
        assert world.left_in("UploadDeadLetterQueue") == 0
        assert world.left_in("ResultsDeadLetterQueue") == 0
        assert [key for key in world.keys("") if not key.startswith(FOLDERS)] == []


def faultless_run(world: World) -> Faultless:
    """Train and publish a dataset while nothing breaks."""
    name = world.new_dataset()
    starting = world.start(name)
    started = world.snapshot(name)
    world.finish(name)
    publishing = world.publish(name)
    return Faultless(starting, started, publishing, world.snapshot(name))


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


def places_of(calls: list[Call], pattern: str) -> list[int]:
    return [at for at, call in enumerate(calls) if re.fullmatch(pattern, str(call))]


def place_of(calls: list[Call], pattern: str) -> int:
    (place,) = places_of(calls, pattern)
    return place


def creation(calls: list[Call]) -> int:
    """Which call creates the job."""
    return [call.action for call in calls].index("CreateTrainingJob")
