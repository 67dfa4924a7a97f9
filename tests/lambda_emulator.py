"""Built functions under AWS's own runtime: its interface emulator, its client, its Python."""

import json
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import urllib3

from codefree.cloud import Cloud
from codefree.lambda_service import FunctionConfiguration, FunctionError, environment
from codefree.processes import end_group
from codefree.template import load_template
from tests.conftest import PATIENCE_SECONDS

ROOT = Path(__file__).parents[1]
BUILT = ROOT / ".aws-sam" / "build" / "template.yaml"
PYTHON = ROOT / ".venv-lambda" / "bin" / "python"
EMULATOR = "lib/python3.*/site-packages/samcli/local/rapid/aws-lambda-rie-x86_64"


def built(cloud: Cloud) -> dict[str, FunctionConfiguration]:
    """Logical id → the function as it is deployed in the cloud, with the code of `sam build`."""
    folders = load_template(BUILT, cloud.endpoint.session()).functions
    return {
        logical_id: replace(
            function.configuration,
            task=folders[logical_id].task.resolve(),
            # No function has two layers.
            opt=next(iter(folders[logical_id].layers), function.configuration.opt).resolve(),
        )
        for logical_id, function in cloud.functions.items()
    }


@dataclass(frozen=True)
class Emulator:
    """One function, waiting; the first event is a cold start."""

    port: int
    log: Path

    def invoke(self, event: str) -> Any:
        """The handler's answer; raises FunctionError with what the function says."""
        url = f"http://127.0.0.1:{self.port}/2015-03-31/functions/function/invocations"
        # The emulator breaks on two requests at a time; urllib3 must not try again by itself.
        answer = urllib3.request("POST", url, body=event, retries=False, timeout=PATIENCE_SECONDS)
        result = json.loads(answer.data) if answer.status == 200 else answer.data.decode()
        if answer.status != 200 or (isinstance(result, dict) and "errorType" in result):
            raise FunctionError(f"{result}\n{self.log.read_text('utf-8')}")
        return result


@contextmanager
def emulated(configuration: FunctionConfiguration, aws: Mapping[str, str]) -> Iterator[Emulator]:
    """A function until closed; `aws` is what its process needs to find the embedded AWS."""
    (program,) = (ROOT / ".venv-sam").glob(EMULATOR)
    outer, inner = _free_ports()
    environ = environment(configuration, dict(aws))
    with tempfile.TemporaryDirectory(prefix="codefree-emulator-") as home:
        log = Path(home) / "log"
        with log.open("w", encoding="utf-8") as output:
            process = subprocess.Popen(
                [
                    *(program, "--log-level", "error"),
                    *("--runtime-interface-emulator-address", f"127.0.0.1:{outer}"),
                    *("--runtime-api-address", f"127.0.0.1:{inner}"),
                    # Lambda mounts the code where nothing can be written, compiled modules neither.
                    *(PYTHON, "-B", "-m", "awslambdaric", configuration.handler),
                ],
                cwd=configuration.task,
                env={**environ, "AWS_LAMBDA_FUNCTION_TIMEOUT": str(configuration.timeout)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
        try:
            _await_port(outer)
            yield Emulator(outer, log)
        finally:
            end_group(process)


def _free_ports() -> tuple[int, int]:
    """Two that nobody listens on; the emulator takes no 0 for any."""
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]


def _await_port(port: int) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if not probe.connect_ex(("127.0.0.1", port)):
                return
        time.sleep(0.01)
    raise FunctionError("The emulator does not start")
