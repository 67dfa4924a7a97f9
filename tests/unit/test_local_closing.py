"""What the local cloud reports of a function that serves while the cloud closes."""

import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from codefree.lambda_service import FunctionConfiguration, FunctionError, LambdaFunction
from codefree.queue_deliveries import batch_delivery, event_delivery, start_poller
from tests.conftest import eventually

HANDLER = """
import os, pathlib, signal, threading

def lambda_handler(event, context):
    pathlib.Path("serves").touch()
    if event.get("die"):
        os.kill(os.getpid(), signal.SIGKILL)
    threading.Event().wait()
"""


class OneMessage:
    """A queue that hands out one message, once."""

    def __init__(self) -> None:
        self.deleted = False
        self._messages = [
            {
                "Body": "{}",
                "MessageId": "1",
                "ReceiptHandle": "1",
                "MD5OfBody": "",
                "Attributes": {"ApproximateReceiveCount": "9"},
            }
        ]

    def receive_message(self, **_: Any) -> dict[str, Any]:
        messages, self._messages = self._messages, []
        return {"Messages": messages}

    def delete_message(self, **_: Any) -> None:
        self.deleted = True


@pytest.fixture
def function(tmp_path: Path) -> LambdaFunction:
    (tmp_path / "work.py").write_text(HANDLER)
    configuration = FunctionConfiguration(
        name="work",
        arn="arn:aws:lambda:us-east-1:123456789012:function:work",
        handler="work.lambda_handler",
        timeout=60,
        memory=128,
        variables={},
        task=tmp_path,
        opt=tmp_path,
        home=tmp_path,
        log=tmp_path / "work.log",
    )
    return LambdaFunction(configuration, cast(Any, SimpleNamespace(environ={}, client=id)))


@pytest.mark.parametrize("kind", ["mapping", "rule"])
def test_function_that_serves_while_the_cloud_closes_is_not_reported_as_failed(
    function: LambdaFunction, kind: str
) -> None:
    warned: list[str] = []
    queue, closing = OneMessage(), threading.Event()
    if kind == "mapping":
        mapping = {"EventSourceArn": "arn:aws:sqs:us-east-1:123456789012:queue"}
        deliver = batch_delivery(queue, "url", mapping, function, warned.append)
    else:
        deliver = event_delivery(queue, "url", function, None, warned.append)
    poller = start_poller(queue, "url", 1, deliver, closing)
    eventually((function.configuration.task / "serves").exists)
    function.close()
    poller.join()
    assert not warned
    assert not queue.deleted
    assert not function.configuration.log.read_text()


def test_function_that_is_killed_while_the_cloud_is_open_is_reported(
    function: LambdaFunction,
) -> None:
    with pytest.raises(FunctionError, match="exit status -9"):
        function.invoke({"die": True})
    function.close()
