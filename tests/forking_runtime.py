"""Runs a function as `codefree/lambda_runtime.py` does, in a fork that can be killed.

The process that has imported everything, which takes seconds, is not lost then: it forks again for
the next request. Lines in are requests, lines out are answers. Called with `tell`, it writes the
fork's process id before each answer. With a file MORTAL of its handler's name in its home, every
fourth invocation or so dies at some moment, until there are as many DEATHS as the file says.
"""

import importlib.util
import json
import os
import random
import signal
import sys
from pathlib import Path
from typing import IO, Any

RUNTIME = Path(__file__).parents[1] / "codefree" / "lambda_runtime.py"
HOME = Path(os.environ["HOME"])
MORTAL, DEATHS = HOME / f"mortal {os.environ['_HANDLER']}", HOME / "deaths"
DYING, MOST_DEATHS_OF_A_MESSAGE = HOME / "dying", 2
LIVES_SECONDS = 0.2
spec = importlib.util.spec_from_file_location("lambda_runtime", RUNTIME)
assert spec is not None and spec.loader is not None
runtime = importlib.util.module_from_spec(spec)
spec.loader.exec_module(runtime)


def main() -> None:
    requests, answers = runtime._take_over_pipes()
    handler = runtime.load_handler(os.environ["_HANDLER"])
    if os.environ.get("SQL_DATABASES"):
        # In Lambda only the child that reads a query imports it; here each child would do so again.
        importlib.import_module("queries.statement")
    runtime._answer(answers, {"ready": True})
    while (status := served(requests, answers, handler)) != 0:
        with DEATHS.open("a") as deaths:
            deaths.write(".")
        error = {"errorType": "Runtime.ExitError", "errorMessage": f"exit status {status}"}
        runtime._answer(answers, {"error": error})


def served(requests: IO[str], answers: IO[str], handler: Any) -> int:
    """Serve requests in a fork; its status, which is 0 when there are no more."""
    fork = os.fork()
    if fork:
        return os.waitpid(fork, 0)[1]
    for line in requests:
        dies = must_die(line)
        if "tell" in sys.argv:
            runtime._answer(answers, {"process": os.getpid()})
        if dies:
            signal.setitimer(signal.ITIMER_REAL, random.uniform(0.001, LIVES_SECONDS))
        answer = runtime.invoke(handler, json.loads(line))
        signal.setitimer(signal.ITIMER_REAL, 0)
        runtime._answer(answers, answer)
    os._exit(0)


def must_die(request: str) -> bool:
    wanted = int(MORTAL.read_text()) if MORTAL.exists() else 0
    if wanted <= (len(DEATHS.read_text()) if DEATHS.exists() else 0) or random.random() >= 0.25:
        return False
    # A message on which its function dies again and again is put aside, and that is right.
    message = str([one["messageId"] for one in json.loads(request)["event"]["Records"]])
    if DYING.exists() and DYING.read_text().count(message) >= MOST_DEATHS_OF_A_MESSAGE:
        return False
    with DYING.open("a") as dying:
        dying.write(f"{message}\n")
    return True


main()
