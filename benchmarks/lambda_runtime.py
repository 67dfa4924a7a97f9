"""Cold and warm starts of the built functions under AWS's own runtime, against bare handlers.

Beside each function runs a bare handler in the same rounds: boto3, the clients of the same
services, and an answer at once. `init` is the processor's time for importing the handler, which
a busy machine does not change; `cold` is the wall clock from the first request to its answer, with
the start of Python, the init and the work; `warm` are the requests after it.

    make build .venv-lambda/ready && .venv/bin/python benchmarks/lambda_runtime.py
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
ROUNDS, WARM_REQUESTS = 9, 90
EVENTS = (
    "dataset_uploaded",
    "training_job_completed",
    "translation_requested",
    "columns_file_uploaded",
    "day_passed",
    "stack_deleted",
)
BARE = """
import boto3

clients = [boto3.client(service) for service in {services}]

def lambda_handler(event, context):
    return "done"
"""
INIT = """
import time
before = time.process_time()
import {module}
print((time.process_time() - before) * 1000)
"""
SERVICES = """
import boto3
asked, make = [], boto3.client
boto3.client = lambda service, **given: asked.append(service) or make(service, **given)
import {module}
print(sorted(set(asked)))
"""

sys.path.insert(0, str(ROOT))

from codefree.lambda_service import FunctionConfiguration, environment
from tests.lambda_emulator import PYTHON, built, emulated
from tests.sample_events import FUNCTIONS, Place, open_place, try_event


@dataclass
class Measured:
    """One handler; all times in milliseconds."""

    init: list[float] = field(default_factory=list)
    cold: list[float] = field(default_factory=list)
    warm: list[float] = field(default_factory=list)


def main() -> None:
    table = Table(
        *("function", "init ms", "bare", "ratio", "cold ms", "bare", "ratio"),
        *("warm p50 ms", "p95", "package MB"),
    )
    print("Starting the local cloud …")
    with open_place() as place, tempfile.TemporaryDirectory() as folder:
        aws = place.cloud.endpoint.environ
        functions = built(place.cloud)
        for name in EVENTS:
            ours = functions[FUNCTIONS[name]]
            bare = bare_handler(ours, aws, Path(folder) / name)
            measured, compared = compare(name, place, ours, bare)
            table.add_row(FUNCTIONS[name], *cells(measured, compared), f"{megabytes(ours):.1f}")
    Console(width=110).print(table)


def compare(
    name: str, place: Place, ours: FunctionConfiguration, bare: FunctionConfiguration
) -> tuple[Measured, Measured]:
    """Both in turns, with a sample event; what comes of the event is looked at, too."""
    measured, compared = Measured(), Measured()
    aws = place.cloud.endpoint.environ

    def invoke(function: str, event: str) -> Any:
        answers = []
        for _ in range(ROUNDS):
            answers.append(measure(ours, aws, event, measured))
            measure(bare, aws, event, compared)
        # Only the first one finds everything as the event has it.
        return answers[0]

    try_event(name, place, invoke)
    return measured, compared


def bare_handler(
    ours: FunctionConfiguration, aws: dict[str, str], folder: Path
) -> FunctionConfiguration:
    """What one would write by hand for the same services, before it does anything."""
    services = run(SERVICES, ours, aws)
    folder.mkdir()
    (folder / "bare.py").write_text(BARE.format(services=services), "utf-8")
    return replace(ours, task=folder, handler="bare.lambda_handler")


def measure(
    function: FunctionConfiguration, aws: dict[str, str], event: str, into: Measured
) -> Any:
    """One round: an import in a new process, a cold start, warm requests; the first answer."""
    into.init.append(float(run(INIT, function, aws)))
    with emulated(function, aws) as emulator:
        answer = timed(lambda: emulator.invoke(event), into.cold)
        for _ in range(WARM_REQUESTS // ROUNDS):
            timed(lambda: emulator.invoke(event), into.warm)
    return answer


def run(code: str, function: FunctionConfiguration, aws: dict[str, str]) -> str:
    """What some Python prints in a process as the function's own."""
    module = function.handler.rpartition(".")[0]
    return subprocess.run(
        [PYTHON, "-B", "-c", code.format(module=module)],
        cwd=function.task,
        env=environment(function, aws),
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


def timed(call: Callable[[], Any], into: list[float]) -> Any:
    began = time.perf_counter()
    answer = call()
    into.append((time.perf_counter() - began) * 1000)
    return answer


def cells(ours: Measured, bare: Measured) -> list[str]:
    found = []
    for mine, other in ((ours.init, bare.init), (ours.cold, bare.cold)):
        one, two = statistics.median(mine), statistics.median(other)
        found += [f"{one:.0f}", f"{two:.0f}", f"{one / two:.2f}"]
    cuts = statistics.quantiles(ours.warm, n=20)
    return [*found, f"{cuts[9]:.0f}", f"{cuts[18]:.0f}"]


def megabytes(function: FunctionConfiguration) -> float:
    return sum(file.stat().st_size for file in function.task.rglob("*") if file.is_file()) / 1e6


if __name__ == "__main__":
    main()
