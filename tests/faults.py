"""Faults between a function and the embedded AWS, at one exact call.

A function under test talks to a proxy, which counts its calls and spoils the n-th: answers with an
error, drops the connection or kills the function, before or after the call has taken effect; or
lets something else happen meanwhile.
"""

import json
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import uuid4

from codefree.aws import Endpoint
from codefree.lambda_service import FunctionError, LambdaFunction, environment
from tests.conftest import PATIENCE_SECONDS

# An object was to be replaced only if it is still the one that was read.
WRITTEN_MEANWHILE = 412
RUNTIME = Path(__file__).with_name("forking_runtime.py")
READS = ("GetObject", "HeadObject", "ListObjects", "Describe", "GetQueue")
# botocore's own second try takes up to a second of waiting, a fifth would take eight more.
ATTEMPTS = 2
ERRORS_OF_JSON = {
    "throttling": (400, "ThrottlingException"),
    "internal error": (500, "InternalFailure"),
}
ERRORS_OF_SNS = {"throttling": (400, "Throttling"), "internal error": (500, "InternalFailure")}
ERRORS_OF_S3 = {
    "throttling": (503, "SlowDown"),
    "internal error": (500, "InternalError"),
    "access denied": (403, "AccessDenied"),
}


@dataclass(frozen=True)
class Call:
    """One request of a function to AWS."""

    action: str
    about: str
    body: bytes = b""
    service: str = ""

    def __str__(self) -> str:
        return f"{self.action} {self.about}".strip()

    @property
    def is_put(self) -> bool:
        return self.service == "S3" and self.writes

    @property
    def writes(self) -> bool:
        return not self.action.startswith(READS)


@dataclass(frozen=True)
class Fault:
    """What becomes of a call."""

    name: str
    code: str = ""
    drops: bool = False
    kills: bool = False
    after: bool = False
    """The call has taken effect before anything goes wrong."""
    times: int = ATTEMPTS
    """How often; once is hidden by botocore, which tries again."""
    onwards: int = 0
    """So many calls of the same service that follow in this invocation meet the same."""
    meanwhile: Callable[[], object] | None = None
    """Happens in between; then the call goes on as usual."""

    def __str__(self) -> str:
        return self.name

    def fits(self, call: Call) -> bool:
        """A read that took effect before the answer was lost is like one that did not."""
        return call.writes or not self.after or bool(self.code)

    def places(self, calls: list[Call]) -> list[int]:
        """The numbers of the calls that it fits."""
        return [at for at, call in enumerate(calls) if self.fits(call)]


FAULTS = (
    Fault("throttled", code="throttling"),
    Fault("done but answered by an internal error", code="internal error", after=True),
    Fault("not received", drops=True),
    Fault("done but not answered", drops=True, after=True),
    Fault("done but not answered once", drops=True, after=True, times=1),
    Fault("cut short by the function's death", kills=True),
    Fault("the last before the function's death", kills=True, after=True),
)
# As long as an invocation lasts, and for a moment: what comes next is met too, then all is well.
OUTAGES = tuple(
    replace(fault, name=f"{fault.name}, {words}", onwards=calls)
    for words, calls in (("as all that follow", 1000), ("as the next", 1))
    for fault in FAULTS[:3]
)


class Proxy:
    """Between one function and AWS; one invocation at a time."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.process: queue.Queue[int] = queue.Queue()
        self._target = urlsplit(endpoint.url).netloc
        self._lock = threading.Lock()
        # There is a thread per connection of the function; each has one of its own to AWS.
        self._own = threading.local()
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                proxy.handle(self)

            do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = handle_any

            def log_message(self, format: str, *args: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.expect(None, 0)

    def expect(self, fault: Fault | None, at: int) -> None:
        """Spoil the call of this number, the first is 0, of what comes next."""
        self.calls: list[Call] = []
        self.met = 0
        self.error: BaseException | None = None
        """What went wrong meanwhile."""
        self._fault, self._at = fault, at
        self._spoilt: Call | None = None
        self._times = 0
        while not self.process.empty():
            self.process.get()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def handle(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length", 0)))
        call = _call(request, body)
        fault = self._fault_for(call)
        if fault is None:
            answer = self._forward(request, body)
            if answer[0] == WRITTEN_MEANWHILE:
                self._forget_try(call)
            self._answer(request, *answer)
            return
        if fault.meanwhile:
            try:
                fault.meanwhile()
            except BaseException as error:
                self.error = error
            self._answer(request, *self._forward(request, body))
            return
        if fault.after:
            self._forward(request, body)
        if fault.kills:
            os.kill(self.process.get(timeout=PATIENCE_SECONDS), signal.SIGKILL)
        if fault.kills or fault.drops:
            request.close_connection = True
            return
        self._answer(request, *_error(request, fault.code))

    def _fault_for(self, call: Call) -> Fault | None:
        """A retry of the spoilt call is spoilt too, and is no call of its own."""
        with self._lock:
            if self._spoilt != call:
                self._spoilt = None
                self.calls.append(call)
            at, fault = len(self.calls) - 1, self._fault
            if fault is None or not self._at <= at <= self._at + fault.onwards:
                return None
            if self._spoilt != call:
                self._times = 0
            if self._times >= fault.times or call.service != self.calls[self._at].service:
                return None
            self._spoilt = call
            self._times += 1
            self.met += 1
            return fault

    def _forget_try(self, call: Call) -> None:
        """Reading and writing begin again: other datasets must not change a call's number."""
        with self._lock:
            if not self.met:
                reads = [n for n, c in enumerate(self.calls) if c.about == call.about]
                del self.calls[reads[-2] :]

    def _forward(
        self, request: BaseHTTPRequestHandler, body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        headers = {k: v for k, v in request.headers.items() if k.lower() not in ("expect",)}
        if not hasattr(self._own, "connection"):
            self._own.connection = HTTPConnection(self._target)
        self._own.connection.request(request.command, request.path, body, headers)
        answer = self._own.connection.getresponse()
        return answer.status, answer.getheaders(), answer.read()

    def _answer(
        self,
        request: BaseHTTPRequestHandler,
        status: int,
        headers: list[tuple[str, str]],
        body: bytes,
    ) -> None:
        given = {name.title(): value for name, value in headers}
        given.pop("Transfer-Encoding", None)
        given["Connection"] = "keep-alive"
        if request.command != "HEAD":
            given["Content-Length"] = str(len(body))
        head = "".join(f"{name}: {value}\r\n" for name, value in given.items())
        # In one piece: in two the second waits for the first's acknowledgement.
        request.wfile.write(f"HTTP/1.1 {status} -\r\n{head}\r\n".encode("latin-1") + body)


def _call(request: BaseHTTPRequestHandler, body: bytes) -> Call:
    address = urlsplit(request.path)
    if target := request.headers.get("X-Amz-Target"):
        return Call(target.rpartition(".")[2], "", body, target.partition(".")[0])
    if request.command == "POST" and body.startswith(b"Action="):
        return Call(parse_qs(body.decode())["Action"][0], "", body, "SNS")
    key = unquote(address.path).partition("/")[2].partition("/")[2]
    if "list-type" in parse_qs(address.query):
        return Call("ListObjects", parse_qs(address.query)["prefix"][0], service="S3")
    return Call(f"{request.command.capitalize()}Object", key, service="S3")


def _error(request: BaseHTTPRequestHandler, code: str) -> tuple[int, list[tuple[str, str]], bytes]:
    """As the service would put it."""
    says = "made by a test"
    if "X-Amz-Target" in request.headers:
        status, kind = ERRORS_OF_JSON[code]
        text = json.dumps({"__type": kind, "message": says})
        return status, [("Content-Type", "application/x-amz-json-1.1")], text.encode()
    if request.command == "POST":
        status, kind = ERRORS_OF_SNS[code]
        inner = f"<Type>Sender</Type><Code>{kind}</Code><Message>{says}</Message>"
        text = f"<ErrorResponse><Error>{inner}</Error></ErrorResponse>"
    else:
        status, kind = ERRORS_OF_S3[code]
        text = f"<Error><Code>{kind}</Code><Message>{says}</Message></Error>"
    if request.command == "HEAD":
        return status, [("Content-Length", "0")], b""
    return status, [("Content-Type", "application/xml")], text.encode()


class Faulty:
    """A function of the stack behind a proxy of its own."""

    def __init__(self, function: LambdaFunction, endpoint: Endpoint, home: Path) -> None:
        self.proxy = Proxy(endpoint)
        own = home / uuid4().hex
        shutil.copytree(function.configuration.opt, own)
        # A training source of its own, which can be missing without another function's minding.
        (own / "own.txt").write_text(own.name)
        self._configuration = replace(function.configuration, opt=own)
        aws = {**function.aws.environ, "AWS_ENDPOINT_URL": self.proxy.url}
        with function.configuration.log.open("a") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-u", "-B", "-P", str(RUNTIME), "tell"],
                env=environment(self._configuration, {**aws, "AWS_MAX_ATTEMPTS": str(ATTEMPTS)}),
                cwd=function.configuration.task,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        self._ready = False
        self.source_key = ""
        """Where this function puts the training source, once it is known."""

    def invoke(self, event: Any, fault: Fault | None = None, at: int = 0) -> Any:
        """The handler's answer; raises FunctionError as Lambda does."""
        if not self._ready:
            assert self._line() == {"ready": True}
            self._ready = True
        self.proxy.expect(fault, at)
        context = {
            "aws_request_id": str(uuid4()),
            "invoked_function_arn": self._configuration.arn,
            "deadline": time.time() + self._configuration.timeout,
        }
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"event": event, "context": context}) + "\n")
        self._process.stdin.flush()
        self.proxy.process.put(self._line()["process"])
        answer = self._line()
        for call in self.proxy.calls:
            if call.about.startswith("source/"):
                self.source_key = call.about
        if "error" in answer:
            raise FunctionError("{errorType}: {errorMessage}".format(**answer["error"]))
        return answer["result"]

    def close(self) -> None:
        # Waiting for the fork to be gone is waiting for the first process to collect it.
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self.proxy.close()

    def _line(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line: dict[str, Any] = json.loads(self._process.stdout.readline())
        return line


# Times, versions, digests, seconds and what they cost differ from one run to the next.
DIFFERS = (
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?(\+00:00|Z)?"), "TIME"),
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "VERSION"),
    (re.compile(r"source/[0-9a-f]{64}"), "source/DIGEST"),
    (re.compile(r"\d+ billed seconds"), "N billed seconds"),
    (re.compile(r'("billed_seconds"|"seconds"|"usd"): [\d.e-]+'), r"\1: N"),
    (re.compile(r"Cost: (about|less than) \$[\d.]+"), "Cost: N"),
    # In the table and on the page of a dataset's runs.
    (re.compile(r"[\d.e-]+,\d+,ml\."), "N,N,ml."),
    (re.compile(r"<p>\$[\d.]+</p><p class=small>(\S+), \d+ s"), r"\1"),
)


def alike(text: str, name: str) -> str:
    """A text with whatever differs from run to run and from dataset to dataset replaced."""
    text = re.sub(rf"{name}-[0-9a-f]{{12}}", "JOB", text).replace(name, "NAME")
    for pattern, instead in DIFFERS:
        text = pattern.sub(instead, text)
    return text
