"""Clients that send nonsense, stop in the middle, or find a model's server killed."""

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from codefree.api_gateway import TRANSLATION_KEY
from codefree.cloud import Cloud
from codefree.front_door import PatientHandler
from tests.conftest import PATIENCE_SECONDS, eventually
from tests.endpoints import endpoint
from tests.http import Answer, get, post


@contextmanager
def connection(url: str) -> Iterator[socket.socket]:
    port = urlsplit(url).port
    assert port
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as opened:
        yield opened


def head(*lines: str) -> bytes:
    return "\r\n".join((*lines, "Host: localhost", "", "")).encode("latin-1")


def status(opened: socket.socket) -> int:
    """Of the answer; the connection has to end after it."""
    answer = b""
    while part := opened.recv(65536):
        answer += part
    return int(answer.split()[1])


def api_url(cloud: Cloud) -> str:
    assert cloud.api is not None
    return cloud.api.url


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PatientHandler, "timeout", 0.5)


def translate(cloud: Cloud, length: int) -> bytes:
    assert cloud.api is not None
    key = f"X-Api-Key: {cloud.api.keys[TRANSLATION_KEY]}"
    return head("POST /translate HTTP/1.1", key, f"Content-Length: {length}")


@pytest.mark.parametrize("key", ["é", "ключ".encode().decode("latin-1"), "\xff", " ", ""])
def test_a_key_of_any_letters_is_only_wrong(
    cloud: Cloud, key: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with connection(api_url(cloud)) as opened:
        opened.sendall(head("POST /translate HTTP/1.1", f"X-Api-Key: {key}", "Content-Length: 0"))
        assert status(opened) == 403
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize("where", ["api", "aws"])
@pytest.mark.usefixtures("impatient")
def test_a_body_that_does_not_come_is_waited_for_only_so_long(
    cloud: Cloud, where: str, capfd: pytest.CaptureFixture[str]
) -> None:
    url = api_url(cloud) if where == "api" else cloud.endpoint.url
    signed = (
        "Authorization: AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/sqs/aws4_request, "
        "SignedHeaders=host, Signature=x"
    )
    asked = head("POST / HTTP/1.1", signed, "Content-Length: 100")
    with connection(url) as opened:
        opened.sendall((translate(cloud, 100) if where == "api" else asked) + b"{}")
        assert status(opened) == 408
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize("part", [b"", b'{"text": "1'])
def test_a_client_that_leaves_early_leaves_no_trace(
    cloud: Cloud, part: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    with connection(api_url(cloud)) as opened:
        opened.sendall(translate(cloud, 100) + part)
        opened.shutdown(socket.SHUT_WR)
        assert status(opened) == 400
    with connection(api_url(cloud)) as opened:
        # Reset, not closed.
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        opened.sendall(translate(cloud, 100) + part)
    assert get(cloud, "").status == 200
    assert capfd.readouterr().err == ""


@pytest.mark.usefixtures("impatient")
def test_a_head_that_does_not_end_holds_nothing(
    cloud: Cloud, capfd: pytest.CaptureFixture[str]
) -> None:
    with connection(api_url(cloud)) as opened:
        opened.sendall(b"GET / HTTP/1.1\r\nX: ")
        assert opened.recv(1) == b""
    assert capfd.readouterr().err == ""


def test_a_model_server_refuses_what_is_not_whole(cloud: Cloud) -> None:
    with endpoint(cloud, "en-bb", "pass", version="whole"):
        (server,) = (one for one in cloud.endpoints.servers if "whole" in one.folder.name)
        request = ("POST /invocations HTTP/1.1", f"X-Secret: {server.secret}")
        with connection(f"http://127.0.0.1:{server.port}") as opened:
            opened.sendall(head(*request, "Content-Length: 9") + b"{}")
            opened.shutdown(socket.SHUT_WR)
            assert status(opened) == 400
        for length in ("-1", "x", "1e3"):
            with connection(f"http://127.0.0.1:{server.port}") as opened:
                opened.sendall(head(*request, f"Content-Length: {length}"))
                assert status(opened) == 400


def asked(cloud: Cloud, pair: str, text: str = "hello") -> Answer:
    return post(cloud, {"text": text, "source": "en", "target": pair})


def test_a_killed_model_server_is_started_again(cloud: Cloud) -> None:
    away = []

    def next_one() -> int | None:
        answer = asked(cloud, "cc")
        if answer.status == 200:
            return int(answer.json["translations"][0]["translation"])
        away.append(answer)
        return None

    with endpoint(cloud, "en-cc", "import os; texts = [str(os.getpid())] * len(texts)"):
        first = int(asked(cloud, "cc").json["translations"][0]["translation"])
        os.kill(first, signal.SIGKILL)
        assert eventually(next_one) != first
    assert {answer.status for answer in away} <= {503}


def test_while_a_model_server_is_away_the_answer_says_when_to_come_back(cloud: Cloud) -> None:
    dies = "import os; 'die' in texts and os.kill(os.getpid(), 9)"
    with endpoint(cloud, "en-dd", dies, version="dies"):
        for _ in range(3):
            answer = asked(cloud, "dd", "die")
            assert (answer.status, answer.headers["Retry-After"]) == (503, "30"), answer.text
            assert answer.json["code"] == "engine.starting"
        eventually(lambda: asked(cloud, "dd", "live").status == 200)
    servers = [one for one in cloud.endpoints.servers if "dies" in one.folder.name]
    assert len(servers) >= 2
    eventually(lambda: all(one.process.poll() is not None for one in servers))
