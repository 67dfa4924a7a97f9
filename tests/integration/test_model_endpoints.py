"""A model behind its own endpoint: made, asked, replaced, turned off, and deleted when idle."""

import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from contract.layout import MODEL_COLUMNS, live_json_key, model_key
from portable.archive import pack_model, unpack_model
from portable.files import read_files, write_files
from tests.conftest import PATIENCE_SECONDS, eventually
from tests.endpoints import model_endpoint, records
from tests.endpoints import status as endpoint_status
from tests.fault_world import World, open_world
from tests.http import Answer, ask
from tests.live_models import PATIENT_API, live_of, published, trained
from tests.portable_models import guessing_model
from tests.template_facts import ROOT

SERVERLESS = {"serve": "serverless"}
# As code/inference.py answers, in CSV and with other words for labels: probabilities of 0 and 1.
HANDLER = """
import csv, io, json

def model_fn(model_dir):
    return None

def transform_fn(model, body, kind, accept):
    assert accept == "text/csv", accept
    rows = len(list(csv.reader(io.StringIO(body)))) - 1 if kind == "text/csv" else len(
        json.loads(body)["Sex"])
    {behavior}
    lines = ["prediction,probability_0,probability_1", *["{answer}"] * rows]
    return "\\n".join(lines) + "\\n", "text/csv"
"""
SURE = "1,0.125000,0.875000"
COLUMNS = guessing_model("Sex", labels=("0", "1"))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with open_world(tmp_path_factory.mktemp("endpoints"), PATIENT_API) as world:
        yield world


def tarball(behavior: str = "pass", answer: str = SURE) -> bytes:
    written, code = io.BytesIO(), HANDLER.format(behavior=behavior, answer=answer).encode()
    with tarfile.open(fileobj=written, mode="w:gz") as archive:
        member = tarfile.TarInfo("code/inference.py")
        member.size = len(code)
        archive.addfile(member, io.BytesIO(code))
    return written.getvalue()


def columns_only() -> bytes:
    """What the job leaves of a model that is not portable: the same without its members."""
    described, _ = read_files(unpack_model(COLUMNS))
    with tempfile.TemporaryDirectory() as home:
        folder, archive = Path(home) / "model", Path(home) / "model.zip"
        known = {**described, "members": [], "models": []}
        known.pop("format")
        write_files(folder, known, {})
        pack_model(folder, archive)
        return archive.read_bytes()


def served(
    world: World,
    name: str,
    *,
    portable: bool = False,
    behavior: str = "pass",
    answer: str = SURE,
    settings: dict[str, object] | None = None,
) -> str:
    """Train a model that an endpoint is to serve, and publish it; its job."""
    job = trained(world, name, COLUMNS if portable else None, {**SERVERLESS, **(settings or {})})
    if not portable:
        stem = f"models/{job}/checkpoints/{MODEL_COLUMNS}"
        world.put(stem, columns_only())
    world.put(model_key(job), tarball(behavior, answer))
    world.publish(name)
    return job


def endpoint(world: World, job: str) -> str:
    return model_endpoint(world.cloud, job)


def changed(world: World, job: str) -> None:
    """Deliver SageMaker's event of an endpoint, once there is one."""
    name = endpoint(world, job)
    eventually(lambda: endpoint_status(world.cloud, name) in ("InService", "Failed"))
    world.publish_event({"id": "changed", "detail": {"EndpointName": name}}, None, 0)


def followed(world: World, name: str) -> None:
    """Deliver S3's event of a live.json that a command has written."""
    detail = {"object": {"key": live_json_key(name)}}
    world.publish_event({"id": "followed", "detail": detail}, None, 0)


def asked(world: World, name: str, body: object = None, **more: str) -> Answer:
    given = json.dumps(body or {"Sex": "male"}).encode()
    headers = {"Content-Type": "application/json", **more}
    return ask(world.cloud, f"predict/{name}", given, **headers)


def notes(world: World, name: str) -> str:
    return " ".join(world.status(name)["notes"])


def test_a_model_that_needs_autogluon_is_answered_for_by_its_endpoint(world: World) -> None:
    name = world.new_dataset()
    job = served(world, name)
    assert "is being created for the model" in notes(world, name)
    assert "costs nothing" in notes(world, name)
    changed(world, job)
    assert "answers POST /predict" in notes(world, name)
    answer = asked(world, name)
    assert answer.status == 200, answer.text
    assert answer.json == {
        "dataset": name,
        "job": job,
        "target": "Survived",
        "predictions": [{"prediction": "1", "probabilities": {"0": 0.125, "1": 0.875}}],
    }
    assert answer.headers["X-Answered-By"] == "endpoint"
    # It is checked before anything is asked, and described, as every model.
    assert asked(world, name, {"Age": 3}).json["field"] == "Sex"
    described = ask(world.cloud, f"datasets/{name}").json
    assert described["answers_requests"] is True
    assert [column["name"] for column in described["columns"]] == ["Sex"]
    assert ask(world.cloud, f"predict/{name}?reasons=true", b'{"Sex": "male"}').status == 409
    world.forget(name)


def test_a_portable_model_answers_by_itself_until_its_endpoint_is_there(world: World) -> None:
    name = world.new_dataset()
    job = served(world, name, portable=True)
    eventually(lambda: asked(world, name).headers.get("X-Answered-By") == "endpoint")
    world.cloud.endpoint.client("sagemaker").delete_endpoint(EndpointName=endpoint(world, job))
    eventually(lambda: not endpoint_status(world.cloud, endpoint(world, job)))
    answer = asked(world, name)
    assert (answer.status, answer.headers["X-Answered-By"]) == (200, "function")
    assert answer.json["job"] == job
    reasons = ask(world.cloud, f"predict/{name}?reasons=true", b'{"Sex": "male"}')
    assert reasons.status == 200
    world.forget(name)


def test_the_model_of_before_answers_until_the_endpoint_of_the_next_is_there(world: World) -> None:
    name = world.new_dataset()
    first = served(world, name, portable=True, settings={"serve": "function"})
    second = served(world, name, answer="0,0.750000,0.250000")
    text = world.read(f"results/{name}/STATUS.txt").decode()
    assert "still answered by the previous model" in text
    assert {asked(world, name, {"Sex": n}).json["job"] for n in "abcdefgh"} == {first}
    changed(world, second)
    live = live_of(world, name)
    assert live.challenger is not None and live.challenger.version.job == second
    found = {asked(world, name, {"Sex": n}).json["job"] for n in "abcdefghijklmnop"}
    assert found == {first, second}
    # The event comes twice: it was decided once.
    changed(world, second)
    assert live_of(world, name) == live
    world.forget(name)


def test_an_endpoint_that_fails_is_told_of_and_the_model_of_before_goes_on(world: World) -> None:
    name = world.new_dataset()
    first = served(world, name, portable=True, settings={"serve": "function"})
    second = served(world, name)
    eventually(lambda: endpoint_status(world.cloud, endpoint(world, second)) == "InService")
    record = records(world.cloud)[endpoint(world, second)]
    record.endpoint_status, record.failure_reason = "Failed", "no capacity"
    changed(world, second)
    assert "AWS says: no capacity" in notes(world, name)
    assert f"codefree deploy {name}" in notes(world, name)
    assert asked(world, name).json["job"] == first
    world.forget(name)


def test_a_model_that_breaks_in_its_endpoint_is_unavailable_and_bad_rows_are_the_callers(
    world: World,
) -> None:
    name = world.new_dataset()
    job = served(world, name, behavior="raise ValueError('this row is odd')")
    changed(world, job)
    refused = asked(world, name)
    assert (refused.status, refused.json["error"]) == (400, "this row is odd")
    other = world.new_dataset()
    job = served(world, other, behavior="raise RuntimeError")
    changed(world, job)
    broken = asked(world, other)
    assert broken.status == 503
    assert broken.headers["Retry-After"]
    third = world.new_dataset()
    job = served(world, third, answer="maybe,0.5,0.5")
    changed(world, job)
    assert asked(world, third).status == 503
    for one in (name, other, third):
        world.forget(one)


def test_a_model_that_is_turned_off_loses_its_endpoint(world: World) -> None:
    name = world.new_dataset()
    job = served(world, name)
    changed(world, job)
    now = datetime.now(UTC)
    world.put(live_json_key(name), live_of(world, name).undeployed(now).to_json())
    followed(world, name)
    eventually(lambda: not endpoint_status(world.cloud, endpoint(world, job)))
    assert asked(world, name).status == 409
    version = live_of(world, name).champion
    assert version is not None
    world.put(live_json_key(name), live_of(world, name).deployed(version, now).to_json())
    assert asked(world, name).status == 503
    followed(world, name)
    changed(world, job)
    assert asked(world, name).status == 200
    world.forget(name)


@pytest.mark.parametrize("replaced", [False, True])
def test_an_endpoint_that_nothing_asks_ends(world: World, replaced: bool) -> None:
    name = world.new_dataset()
    job = served(world, name)
    changed(world, job)
    if replaced:
        published(world, name, COLUMNS, settings={"take_over": "always"})
        world.put(live_json_key(name), only_newest(world, name))
    records(world.cloud)[endpoint(world, job)].last_modified_time = datetime.now(UTC) - timedelta(
        days=2 if replaced else 31
    )
    with world.function("RetireEndpointsFunction") as function:
        assert function.invoke({}) == [endpoint(world, job)]
    eventually(lambda: not endpoint_status(world.cloud, endpoint(world, job)))
    assert ("was deleted because it was not used for 30 days" in notes(world, name)) != replaced
    world.forget(name)


def test_none_answers_nothing_and_another_setting_answers_again(world: World) -> None:
    name = world.new_dataset()
    first = published(world, name, COLUMNS)
    published(world, name, COLUMNS, settings={"serve": "none"})
    refused = asked(world, name)
    assert (refused.status, refused.json["code"]) == (409, "api.not_served")
    assert "No model answers" in world.read(f"results/{name}/STATUS.txt").decode()
    assert ask(world.cloud, f"datasets/{name}").json["answers_requests"] is False
    third = published(world, name, COLUMNS)
    assert asked(world, name).json["job"] == third != first
    world.forget(name)


def test_without_its_columns_a_model_gets_no_endpoint(world: World) -> None:
    """As earlier releases have left them, and models that predict quantiles."""
    name = world.new_dataset()
    job = trained(world, name, None, SERVERLESS)
    world.publish(name)
    assert not endpoint_status(world.cloud, endpoint(world, job))
    assert asked(world, name).status == 409
    world.forget(name)


def only_newest(world: World, name: str) -> bytes:
    live = live_of(world, name)
    assert live.newest is not None
    return live.deployed(live.newest, datetime.now(UTC)).to_json()


def test_the_command_gives_a_model_an_endpoint_without_a_training(world: World) -> None:
    name = world.new_dataset()
    job = served(world, name, settings={"serve": "function"})
    assert asked(world, name).status == 409
    arguments = ("deploy", name, "--serve", "serverless", "--port", world.cloud.endpoint.port)
    done = subprocess.run(
        [sys.executable, "-m", "codefree", *arguments, "--json"],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["live"]["champion"] == job
    followed(world, name)
    changed(world, job)
    assert asked(world, name).headers["X-Answered-By"] == "endpoint"
    assert "codefree deploy" not in notes(world, name)
    world.forget(name)
