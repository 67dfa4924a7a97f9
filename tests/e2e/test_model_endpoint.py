"""A real model, trained here, behind its endpoint: the same answers as by the function."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from codefree.cloud import Cloud, Settings
from contract.layout import live_json_key
from contract.live import Live, live_from_json
from tests.clouds import own_cloud
from tests.conftest import eventually
from tests.http import Answer, ask
from tests.opt_ml import SAMPLES

NAME, KEY = "penguins", live_json_key("penguins")
SETTINGS = {"target": "species", "training_minutes": 0.5, "serve": "serverless"}
TEXT = (SAMPLES / "penguins_test.csv").read_text("utf-8")
ROWS = list(csv.DictReader(io.StringIO(TEXT)))[:60]


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with own_cloud(Settings(parameters={"SettleSeconds": "0"})) as cloud:
        s3 = cloud.endpoint.client("s3")
        train = (SAMPLES / "penguins_train.csv").read_bytes()
        settings = json.dumps(SETTINGS).encode()
        for key, content in ((f"{NAME}.json", settings), (f"{NAME}_train.csv", train)):
            s3.put_object(Bucket=cloud.bucket, Key=f"data/{key}", Body=content)
        yield cloud


def asked(cloud: Cloud, content: str, kind: str, accept: str) -> Answer:
    return ask(
        cloud, f"predict/{NAME}", content.encode(), **{"Content-Type": kind, "Accept": accept}
    )


def by(cloud: Cloud, what: str) -> bool:
    answer = asked(cloud, json.dumps(ROWS[0]), "application/json", "application/json")
    return answer.status == 200 and answer.headers["X-Answered-By"] == what


def live_json(cloud: Cloud) -> Live:
    found = cloud.endpoint.client("s3").get_object(Bucket=cloud.bucket, Key=KEY)
    return live_from_json(found["Body"].read())


REQUESTS: dict[str, tuple[str, str, str]] = {
    "rows in JSON": (json.dumps(ROWS), "application/json", "application/json"),
    "odd cells": (
        json.dumps([{**row, "body_mass_g": "1e9", "island": "Ünï"} for row in ROWS]),
        "application/json",
        "application/json",
    ),
    "a CSV": (TEXT, "text/csv", "application/json"),
    "a CSV into a CSV": (TEXT, "text/csv", "text/csv"),
    "no row": ("[]", "application/json", "application/json"),
    "a column that lacks": (json.dumps({"island": "Biscoe"}), "application/json", "text/csv"),
}


def test_endpoint_and_function_answer_alike(cloud: Cloud) -> None:
    eventually(lambda: by(cloud, "endpoint"))
    answers = {name: asked(cloud, *request) for name, request in REQUESTS.items()}
    assert answers["rows in JSON"].status == 200
    assert answers["rows in JSON"].headers["X-Answered-By"] == "endpoint"
    live = live_json(cloud)
    assert live.champion is not None
    version = replace(live.champion, serve="function")
    moved: Any = live.deployed(version, datetime.now(UTC)).to_json()
    cloud.endpoint.client("s3").put_object(Bucket=cloud.bucket, Key=KEY, Body=moved)
    eventually(lambda: by(cloud, "function"))
    for name, request in REQUESTS.items():
        found = asked(cloud, *request)
        assert (found.status, found.text) == (answers[name].status, answers[name].text), name
