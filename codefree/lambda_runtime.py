"""The child process that runs one function, as Lambda's runtime does: JSON lines in and out.

It is started with the function's own environment and imports nothing of this package.
"""

import importlib
import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any

Handler = Callable[[Any, Any], Any]


@dataclass(frozen=True)
class Context:
    """What Lambda passes as the second argument."""

    aws_request_id: str
    invoked_function_arn: str
    deadline: float
    """Seconds since the epoch."""

    function_version = "$LATEST"
    function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "")
    memory_limit_in_mb = int(os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "0"))
    log_group_name = f"/aws/lambda/{function_name}"

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self.deadline - time.time()) * 1000))


def main() -> None:
    requests, answers = _take_over_pipes()
    try:
        handler = load_handler(os.environ["_HANDLER"])
    except BaseException as error:
        _answer(answers, failure(error))
        raise
    _answer(answers, {"ready": True})
    for line in requests:
        _answer(answers, invoke(handler, json.loads(line)))


def load_handler(name: str) -> Handler:
    module, _, function = name.rpartition(".")
    handler: Handler = getattr(importlib.import_module(module.replace("/", ".")), function)
    return handler


def invoke(handler: Handler, request: dict[str, Any]) -> dict[str, Any]:
    """The answer to one request: `result`, or `error` in Lambda's form."""
    try:
        result = handler(request["event"], Context(**request["context"]))
        return {"result": json.loads(json.dumps(result))}
    except Exception as error:
        traceback.print_exc()
        return failure(error)


def failure(error: BaseException) -> dict[str, Any]:
    return {
        "error": {
            "errorType": type(error).__name__,
            "errorMessage": str(error),
            "stackTrace": traceback.format_tb(error.__traceback__),
        }
    }


def _take_over_pipes() -> tuple[IO[str], IO[str]]:
    """Keep the pipes for the protocol alone: what a handler prints belongs in its log."""
    requests = os.fdopen(os.dup(0), encoding="utf-8")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    return requests, answers


def _answer(answers: IO[str], answer: dict[str, Any]) -> None:
    sys.stdout.flush()
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


if __name__ == "__main__":
    main()
