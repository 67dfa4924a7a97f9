"""Delete a stack as CloudFormation does, and listen for the answer."""

import json
from http.server import BaseHTTPRequestHandler
from typing import Any

from codefree.cloud import Cloud
from tests.uploads import TRAIN, drop, status


class Listener(BaseHTTPRequestHandler):
    """Takes what is uploaded to the pre-signed address, as S3 does for CloudFormation."""

    answers: list[dict[str, str]]
    refuse: int

    def do_PUT(self) -> None:
        cls = type(self)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if cls.refuse:
            cls.refuse -= 1
            self.send_error(503)
            return
        # The signature is for a request without a content type.
        assert self.headers.get("Content-Type") == ""
        cls.answers.append(json.loads(body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: pytest shows what matters."""


def running(stack: Cloud, name: str) -> str:
    """A job that would never end."""
    dataset = name.replace("penguins", "sleeps")
    drop(stack, f"data/{dataset}.json", '{"target": "species"}')
    drop(stack, f"data/{dataset}_train.csv", TRAIN)
    job: str = status(stack, f"results/{dataset}/", {"training"})["job"]
    return job
