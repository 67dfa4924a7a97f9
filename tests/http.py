"""Requests to the API as a client sends them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import urllib3

from codefree.api_gateway import PREDICTION_KEY, TRANSLATION_KEY
from codefree.cloud import Cloud

pool = urllib3.PoolManager(maxsize=32, block=False, retries=False)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


def get(cloud: Cloud, path: str) -> Answer:
    assert cloud.api is not None
    return _answer(pool.request("GET", cloud.api.url + path))


def post(cloud: Cloud, content: object, key: str | None = "", **headers: str) -> Answer:
    """To /translate; `content` as JSON unless it is bytes, the cloud's own key unless given."""
    assert cloud.api is not None
    key = cloud.api.keys[TRANSLATION_KEY] if key == "" else key
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    sent = {"Content-Type": "application/json", **({"X-Api-Key": key} if key else {}), **headers}
    return _answer(pool.request("POST", f"{cloud.api.url}translate", body=body, headers=sent))


def ask(
    cloud: Cloud, path: str, body: bytes | None = None, key: str = PREDICTION_KEY, **headers: str
) -> Answer:
    """GET a path, or POST a body to it, with one of the API's keys by its logical id."""
    assert cloud.api is not None
    sent = {"X-Api-Key": cloud.api.keys[key], **headers}
    method = "GET" if body is None else "POST"
    return _answer(pool.request(method, cloud.api.url + path, body=body, headers=sent))


def _answer(answer: urllib3.BaseHTTPResponse) -> Answer:
    return Answer(answer.status, answer.headers, answer.data.decode())
