"""Whatever breaks while a dataset is handled: in the end it is as if nothing had."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import zip_longest
from random import Random
from typing import Any

import pytest

from codefree.lambda_service import FunctionError
from tests.effort import part_of
from tests.fault_world import (
    AT_ONCE,
    Faultless,
    Snapshot,
    World,
    at_once,
    creation,
)
from tests.faults import FAULTS, OUTAGES, Fault

# Calls of a later delivery that are made before the files are looked at: two count it, and up to
# three answer the uploader.
BEFORE_READING = 5


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_dataset_is_trained_and_published_as_if_no_call_had_met_a_fault(
    world: World, faultless: Faultless, fault: Fault, subtests: pytest.Subtests
) -> None:
    """One call of start_training, and later one of publish_results."""
    starting, publishing = (fault.places(c) for c in (faultless.starting, faultless.publishing))
    pairs = part_of(list(zip_longest(starting, publishing)), 3, FAULTS.index(fault))

    def case(number: int) -> tuple[Snapshot, Snapshot]:
        at, later = pairs[number]
        name = world.new_dataset()
        world.start(name, None if at is None else fault, at or 0)
        started = world.snapshot(name)
        world.finish(name)
        world.publish(name, None if later is None else fault, later or 0)
        return started, world.last_look(name)

    for number, found in at_once(case, list(range(len(pairs)))):
        at, later = pairs[number]
        with subtests.test(f"calls {at} and {later}, {fault}"):
            assert found() == (faultless.started, faultless.published)


@pytest.mark.parametrize("fault", OUTAGES, ids=str)
def test_an_upload_that_has_waited_long_is_not_put_aside_when_aws_is_out(
    world: World, faultless: Faultless, fault: Fault, subtests: pytest.Subtests
) -> None:
    def case(at: int) -> Snapshot:
        name = world.new_dataset()
        event = world.upload_event(f"data/{name}_train.csv")
        world.deliver(name, event, fault, at, receives=200)
        return world.last_look(name)

    places = part_of(fault.places(faultless.starting), 3, OUTAGES.index(fault))
    for at, found in at_once(case, places):
        with subtests.test(f"call {at}, {faultless.starting[at]}, {fault}"):
            assert found() == faultless.started
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

    places = [at for at in fault.places(faultless.starting) if at > creation(faultless.starting)]
    for at, found in at_once(case, part_of(places, 2, FAULTS.index(fault))):
        with subtests.test(f"call {at}, {faultless.starting[at]}, {fault}"):
            assert found() == faultless.published


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
