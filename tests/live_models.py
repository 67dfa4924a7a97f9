"""Datasets whose models answer requests, as a test has them trained."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from contract import layout
from contract.layout import PORTABLE_MODEL, live_json_key
from contract.live import Live, live_from_json
from tests.fault_world import HEADER, PERFORMANCE, ROWS, HeldRun, World
from tests.http import Answer, ask
from tests.portable_models import guessing_model

GOOD = guessing_model("Sex")
BETTER = guessing_model("Sex", probability=0.75)
# Sixteen clients that never rest ask more than people do.
PATIENT_API = {
    "ApiRequestsPerSecond": "10000",
    "ApiBurst": "5000",
    "ApiRequestsPerMonth": "1000000000",
}
moments = count()


def live_of(world: World, name: str) -> Live:
    return live_from_json(world.read(live_json_key(name)))


def put_live(world: World, name: str, live: Live) -> None:
    world.put(live_json_key(name), live.to_json())


def end_trial(world: World, name: str) -> None:
    """Let the challenger's time be over."""
    live = live_of(world, name)
    assert live.challenger
    past = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    put_live(world, name, replace(live, challenger=replace(live.challenger, until=past)))


def uploaded(world: World, name: str, settings: Mapping[str, object] | None = None) -> None:
    """A new train file, a minute after the last one."""
    number = next(moments)
    world.put(f"data/{name}_train.csv", "\n".join([HEADER, *ROWS[number % 50 :: 5]]).encode())
    world.put(f"data/{name}_test.csv", f"{HEADER}\n{ROWS[number % 50]}\n".encode())
    chosen = {"target": "species", **(settings or {})}
    world.put(f"data/{name}.json", json.dumps(chosen).encode())
    at = datetime(2026, 11, 30, tzinfo=UTC) + timedelta(minutes=number)
    for key in world.keys(f"data/{name}"):
        world.objects[key].last_modified = at.replace(tzinfo=None)


def trained(
    world: World,
    name: str,
    model: bytes | None = GOOD,
    settings: Mapping[str, object] | None = None,
    **performance: object,
) -> str:
    """Train on a new file, without publishing; the job's name."""
    before = set(world.jobs(name))
    uploaded(world, name, settings)
    world.start(name)
    (job,) = set(world.jobs(name)) - before
    files = {PORTABLE_MODEL: model} if model else {}
    said = {**PERFORMANCE, "score": 0.5, **performance}
    HeldRun.makes[job] = {**files, f"{name}{layout.PERFORMANCE}": json.dumps(said).encode()}
    world.finish(name)
    return job


def published(world: World, name: str, model: bytes | None = GOOD, **more: Any) -> str:
    job = trained(world, name, model, **more)
    world.publish(name)
    return job


def asked(world: World, name: str, number: int = 0) -> Answer:
    body = json.dumps({"Sex": "male", "Number": number}).encode()
    return ask(world.cloud, f"predict/{name}", body, **{"Content-Type": "application/json"})


def answering(world: World, name: str, requests: int = 40) -> Counter[str]:
    """Which job answers how many of some requests; all of them are answered."""
    answers = [asked(world, name, number) for number in range(requests)]
    assert [one.text for one in answers if one.status != 200] == []
    return Counter(one.json["job"] for one in answers)
