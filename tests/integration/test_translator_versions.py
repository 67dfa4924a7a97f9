"""A translator that was replaced is taken back: by a file in the bucket, and by the command."""

import csv
import io
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from codefree.cloud import Cloud, Settings
from contract.layout import live_json_key, results_prefix, version_order_key, versions_key
from tests.clouds import own_cloud
from tests.conftest import PATIENCE_SECONDS, eventually
from tests.http import post
from tests.live_models import PATIENT_API
from tests.messages import codes_in
from tests.translators import PAIR, answers, upload

ROOT = Path(__file__).parents[2]
STUB = ROOT / "tests/stub_training"
NAME = f"translation/{PAIR}"
CLIENTS = 16


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    parameters = {"SettleSeconds": "0", "RetrySeconds": "60", "TranslationFallback": "none"}
    with own_cloud(Settings(parameters=parameters | PATIENT_API, training_source=STUB)) as cloud:
        for word in ("alt", "neu"):
            upload(cloud, word)
            eventually(lambda word=word: answers(cloud, word))  # type: ignore[misc]
            eventually(lambda: says(cloud, "detail.endpoint_serves"))
        yield cloud


def read(cloud: Cloud, key: str) -> bytes:
    found = cloud.endpoint.client("s3").get_object(Bucket=cloud.bucket, Key=key)
    content: bytes = found["Body"].read()
    return content


def status(cloud: Cloud) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(read(cloud, f"{results_prefix(NAME)}status.json"))
    return found


def says(cloud: Cloud, code: str) -> bool:
    return code in codes_in(status(cloud))


def versions(cloud: Cloud) -> list[dict[str, str]]:
    text = read(cloud, versions_key(NAME)).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def states(cloud: Cloud) -> list[tuple[str, str]]:
    return [(one["version"], one["state"]) for one in versions(cloud)]


def order(cloud: Cloud, content: object) -> None:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    cloud.endpoint.client("s3").put_object(
        Bucket=cloud.bucket, Key=version_order_key(PAIR), Body=body
    )


def codefree(cloud: Cloud, *arguments: str) -> "subprocess.CompletedProcess[str]":
    where = ("--port", str(cloud.endpoint.port))
    return subprocess.run(
        [sys.executable, "-m", "codefree", "translator", *arguments, *where],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )


def test_a_file_takes_the_version_of_before_back_and_says_so(cloud: Cloud) -> None:
    assert states(cloud) == [("1", "earlier"), ("2", "champion")]

    order(cloud, {"version": 1})

    eventually(lambda: answers(cloud, "alt"))
    eventually(lambda: says(cloud, "detail.endpoint_serves_other"))
    eventually(lambda: states(cloud) == [("1", "champion"), ("2", "held_back")])
    listed = versions(cloud)[0]
    assert float(listed["bleu"]) == 12.5
    assert listed["job"] in read(cloud, f"{results_prefix(NAME)}STATUS.txt").decode()
    order(cloud, {"version": listed["job"]})
    assert answers(cloud, "alt")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ({"version": 7}, "order.no_version"),
        ({"version": True}, "settings.wrong"),
        ({"version": "../../x"}, "order.no_version"),
        ({"versoin": 1}, "settings.unknown_near"),
        (b"\xff{", "settings.not_text"),
        (b"", "settings.not_json"),
    ],
)
def test_an_order_that_cannot_be_followed_is_refused_in_words(
    cloud: Cloud, content: object, code: str
) -> None:
    before = json.loads(read(cloud, live_json_key(NAME)))

    order(cloud, content)

    eventually(lambda: f'"{code}"' in json.dumps(status(cloud)["messages"]["notes"]))
    assert json.loads(read(cloud, live_json_key(NAME))) == before


def test_an_order_that_is_delivered_after_a_later_decision_changes_nothing(cloud: Cloud) -> None:
    key = live_json_key(NAME)
    live = json.loads(read(cloud, key))
    later = {**live["history"][-1], "when": "2100-01-01T00:00:00+00:00"}
    s3 = cloud.endpoint.client("s3")
    changed = json.dumps({**live, "history": [*live["history"], later]}).encode()
    s3.put_object(Bucket=cloud.bucket, Key=key, Body=changed)
    (other,) = [one["job"] for one in versions(cloud) if one["job"] != live["champion"]["job"]][:1]

    order(cloud, {"version": other})

    eventually(lambda: says(cloud, "order.overtaken"))
    assert read(cloud, key) == changed
    s3.put_object(Bucket=cloud.bucket, Key=key, Body=json.dumps(live).encode())


def test_replaced_and_taken_back_by_the_command_while_16_clients_ask_and_none_fails(
    cloud: Cloud,
) -> None:
    upload(cloud, "mehr")
    eventually(lambda: answers(cloud, "mehr"))
    eventually(lambda: states(cloud)[-1] == ("3", "champion"))
    seen: Counter[tuple[int, str]] = Counter()
    done = False

    def ask_on(_: int) -> None:
        while not done:
            answer = post(cloud, {"text": "anything"})
            seen[answer.status, answer.text] += 1

    with ThreadPoolExecutor(CLIENTS) as pool:
        clients = [pool.submit(ask_on, client) for client in range(CLIENTS)]
        try:
            back = codefree(cloud, "rollback", PAIR)
            assert back.returncode == 0, back.stderr
            eventually(lambda: answers(cloud, "alt"))
            eventually(lambda: says(cloud, "detail.endpoint_serves_other"))
            forth = codefree(cloud, "deploy", PAIR, "--version", "3")
            assert forth.returncode == 0, forth.stderr
            eventually(lambda: answers(cloud, "mehr"))
        finally:
            done = True
        for client in clients:
            client.result()
    assert {status for status, _ in seen} == {200}, seen
    found = json.loads(codefree(cloud, "list", PAIR, "--json").stdout)
    assert [one["state"] for one in found["versions"]][-1] == "champion"
    assert "champion" in codefree(cloud, "list", PAIR).stdout


def test_what_the_command_cannot_do_is_said_in_words(cloud: Cloud) -> None:
    for arguments in (["list", "en-xx"], ["deploy", PAIR, "--version", "9"]):
        refused = codefree(cloud, *arguments)
        assert (refused.returncode, refused.stdout) == (1, ""), refused.stdout
        assert "Traceback" not in refused.stderr
