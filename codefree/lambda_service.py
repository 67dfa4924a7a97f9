"""Lambda: a function is a pool of warm child processes with the environment of the template."""

import json
import os
import sys
import threading
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE
from typing import Any

from codefree.aws import Endpoint
from codefree.processes import end_group, start
from codefree.words import Message, message

RUNTIME = Path(__file__).with_name("lambda_runtime.py")
# Lambda gives an import 10 seconds; a busy laptop may need more.
INIT_SECONDS = 60
# Lambda's own limit is 1,000; a laptop has few cores, and a process is some 60 MB.
AT_ONCE = 8


class FunctionError(Exception):
    """Raised when an invocation fails; the text is Lambda's own."""


class FunctionClosedError(Exception):
    """Raised when the cloud closes before an invocation ends: not a failure of the function."""


@dataclass(frozen=True)
class FunctionConfiguration:
    """What Lambda knows of a function."""

    name: str
    arn: str
    handler: str
    timeout: int
    """Seconds."""
    memory: int
    """In MB; reported to the function, not enforced."""
    variables: dict[str, str]
    task: Path
    opt: Path
    home: Path
    log: Path


class LambdaFunction:
    """Overlapping invocations get a child process each, up to AT_ONCE; idle ones are used again."""

    def __init__(self, configuration: FunctionConfiguration, aws: Endpoint) -> None:
        self.configuration = configuration
        self.aws = aws
        """In the function's role."""
        self._environ = environment(configuration, aws.environ)
        self._lock = threading.Lock()
        self._idle: list[_Worker] = []
        self._all: set[_Worker] = set()
        self._closed = False
        self._room = threading.BoundedSemaphore(AT_ONCE)

    def invoke(self, event: Any) -> Any:
        """The handler's answer.

        Raises FunctionError as Lambda does, with the reason in the log, and FunctionClosedError
        when the function is closed first.
        """
        with self._room:
            try:
                worker = self._take()
                answer = worker.invoke(event)
            except FunctionError as error:
                if self._closed:
                    raise FunctionClosedError from error
                self._forget_ended()
                self._log(str(error))
                raise
            with self._lock:
                self._idle.append(worker)
        if "error" in answer:
            raise FunctionError("{errorType}: {errorMessage}".format(**answer["error"]))
        return answer["result"]

    def failed(self, error: FunctionError) -> Message:
        """What to say of it."""
        log = self.configuration.log
        return message("local.function_failed", function=log.stem, error=str(error), log=str(log))

    def close(self) -> None:
        with self._lock:
            self._closed = True
            workers = list(self._all)
        for worker in workers:
            worker.end()

    def _take(self) -> "_Worker":
        with self._lock:
            if self._closed:
                raise FunctionClosedError
            if self._idle:
                return self._idle.pop()
            try:
                worker = _Worker(self.configuration, self._environ)
            except OSError as error:
                raise FunctionError(f"Runtime.ExitError: {error}") from error
            self._all.add(worker)
        worker.await_ready()
        return worker

    def _forget_ended(self) -> None:
        with self._lock:
            self._all = {worker for worker in self._all if not worker.ended}

    def _log(self, text: str) -> None:
        # Who called hears of it even when the disk is full.
        with suppress(OSError), self.configuration.log.open("a", encoding="utf-8") as log:
            log.write(f"{text}\n")


class _Worker:
    """One child process; after a failure of the process itself it is of no more use."""

    def __init__(self, configuration: FunctionConfiguration, environ: dict[str, str]) -> None:
        self._configuration = configuration
        with configuration.log.open("a", encoding="utf-8") as log:
            self._process = start(
                # -P: the folder of lambda_runtime.py must not be importable for the function.
                [sys.executable, "-u", "-B", "-P", str(RUNTIME)],
                env=environ,
                cwd=configuration.task,
                stdin=PIPE,
                stdout=PIPE,
                stderr=log,
                text=True,
                encoding="utf-8",
            )

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    def await_ready(self) -> None:
        answer = self._answer(INIT_SECONDS)
        if "error" in answer:
            self.end()
            raise FunctionError(
                "Runtime.ImportModuleError: {errorType}: {errorMessage}".format(**answer["error"])
            )

    def invoke(self, event: Any) -> dict[str, Any]:
        timeout = self._configuration.timeout
        context = {
            "aws_request_id": str(uuid.uuid4()),
            "invoked_function_arn": self._configuration.arn,
            "deadline": time.time() + timeout,
        }
        pipe = self._process.stdin
        assert pipe is not None
        try:
            pipe.write(json.dumps({"event": event, "context": context}) + "\n")
            pipe.flush()
        except BrokenPipeError:
            pass  # the missing answer says it better
        return self._answer(timeout)

    def end(self) -> None:
        end_group(self._process)

    def _answer(self, seconds: float) -> dict[str, Any]:
        expired = threading.Event()

        def expire() -> None:
            expired.set()
            self.end()

        timer = threading.Timer(seconds, expire)
        timer.start()
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        timer.cancel()
        if line:
            answer: dict[str, Any] = json.loads(line)
            return answer
        self.end()
        if expired.is_set():
            raise FunctionError(f"Task timed out after {seconds:.2f} seconds")
        raise FunctionError(f"Runtime.ExitError: exit status {self._process.wait()}")


def environment(configuration: FunctionConfiguration, aws: dict[str, str]) -> dict[str, str]:
    """All variables of the child process: none of the user's own but PATH."""
    variables = {
        name: _moved_to(configuration.opt, value) for name, value in configuration.variables.items()
    }
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        # Lambda's home holds no ~/.aws either.
        "HOME": str(configuration.home),
        "PYTHONPATH": f"{configuration.task}{os.pathsep}{configuration.opt / 'python'}",
        "LAMBDA_TASK_ROOT": str(configuration.task),
        "AWS_LAMBDA_FUNCTION_NAME": configuration.name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(configuration.memory),
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "_HANDLER": configuration.handler,
        **variables,
        **aws,
    }


def _moved_to(opt: Path, value: str) -> str:
    """Layers lie below /opt only in Lambda."""
    return f"{opt}{value.removeprefix('/opt')}" if f"{value}/".startswith("/opt/") else value
