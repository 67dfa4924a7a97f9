"""Whatever happens between any two calls of a function, and in whatever order events come."""

import hashlib
import json
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from botocore.exceptions import ClientError, HTTPClientError
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from codefree.s3_files import split_uri
from tests.conftest import eventually
from tests.effort import part_of
from tests.fault_world import (
    HEADER,
    ROWS,
    TEST,
    TRAIN,
    Faultless,
    HeldRun,
    Snapshot,
    World,
    at_once,
    place_of,
)
from tests.faults import Call, Fault
from tests.strategies import JSON, KEYS

OTHER_TRAIN = "\n".join([HEADER, *ROWS[::4]]).encode()


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

    for at, found in at_once(case, part_of(range(len(faultless.starting)), 3)):
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

    for at, found in at_once(case, part_of(range(len(faultless.publishing)), 3)):
        with subtests.test(f"before call {at}, {faultless.publishing[at]}"):
            assert found() == faultless.published


def test_two_functions_that_overtake_each_other_leave_the_last_word_to_the_end_of_the_job(
    world: World, faultless: Faultless
) -> None:
    """The state training is written between the two statuses of publish_results."""
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

    for at, found in at_once(case, part_of(range(len(faultless.starting)), 3)):
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
