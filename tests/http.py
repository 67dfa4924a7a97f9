"""Requests to the translation API as a client sends them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import urllib3

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
    key = cloud.api.key if key == "" else key
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    sent = {"Content-Type": "application/json", **({"X-Api-Key": key} if key else {}), **headers}
    return _answer(pool.request("POST", f"{cloud.api.url}translate", body=body, headers=sent))


def _answer(answer: urllib3.BaseHTTPResponse) -> Answer:
    return Answer(answer.status, answer.headers, answer.data.decode())
