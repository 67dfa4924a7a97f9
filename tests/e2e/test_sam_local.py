"""`sam local`: the built functions in Docker containers, against the stack on this machine."""

import json
import os
import platform
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import urllib3

from codefree.containers import ADD_HOST, NoDockerError, environments, gateway_address
from codefree.front_door import CONTAINERS_HOST as HOST
from codefree.processes import end_group
from tests.conftest import PATIENCE_SECONDS
from tests.console import start
from tests.lambda_emulator import BUILT, PYTHON, ROOT
from tests.sample_events import DONE, SAMPLES, Place, open_place, try_event

pytestmark = pytest.mark.docker

AWS_IMAGE = "public.ecr.aws/lambda/python:3.12-x86_64"
STAND_IN = "codefree/lambda-python:3.12"
BUILD_IMAGE = ROOT / "tests" / "lambda_image.sh"


@dataclass(frozen=True)
class SamLocal:
    """`sam local`, with the options that every call needs."""

    place: Place
    options: list[str]

    def command(self, *call: str) -> list[str]:
        return [str(ROOT / ".venv-sam/bin/sam"), "local", *call, *self.options]

    @property
    def environ(self) -> dict[str, str]:
        """It hands the credentials that it finds to the functions."""
        return {**os.environ, **self.place.cloud.endpoint.credentials, "SAM_CLI_TELEMETRY": "0"}

    def invoke(self, function: str, event: str) -> Any:
        done = subprocess.run(
            self.command("invoke", function, "-e", "-"),
            input=event,
            capture_output=True,
            text=True,
            env=self.environ,
            cwd=ROOT,
        )
        assert done.returncode == 0 and "timed out" not in done.stderr, done.stderr
        answer = json.loads(done.stdout)
        # It ends with 0 also when the function has raised.
        assert not (isinstance(answer, dict) and "errorType" in answer), done.stdout + done.stderr
        return answer


@pytest.fixture(scope="module")
def gateway() -> str | None:
    try:
        return gateway_address()
    except NoDockerError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def image(gateway: str | None) -> str:
    """AWS's own base image where it has been pulled, else a stand-in, made when there is none."""
    if docker("image", "inspect", AWS_IMAGE, "-f", "{{len .RepoDigests}}") not in ("", "0"):
        return AWS_IMAGE
    if not docker("image", "inspect", STAND_IN, "-f", "{{.Id}}"):
        build_stand_in()
    return STAND_IN


def docker(*call: str) -> str:
    """What the command prints; nothing when it fails."""
    return subprocess.run(["docker", *call], capture_output=True, text=True).stdout.strip()


def build_stand_in() -> None:
    pull = f"no base image: docker pull {AWS_IMAGE}"
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    if not (root and shutil.which("debootstrap") and PYTHON.exists()):
        pytest.skip(f"{pull} (a stand-in is made by root with debootstrap and Python 3.12)")
    if platform.machine() != "x86_64":
        pytest.skip(f"{pull} (a stand-in is made on x86_64 only)")
    done = subprocess.run([BUILD_IMAGE, STAND_IN], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"{pull} (no stand-in could be made: {done.stderr[-300:]})")


@pytest.fixture(scope="module")
def sam(
    gateway: str | None, image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SamLocal]:
    assert BUILT.exists(), "Nothing is built yet: make build"
    env_vars = tmp_path_factory.mktemp("sam") / "env.json"
    with open_place(HOST, gateway) as place:
        env_vars.write_text(environments(place.cloud), "utf-8")
        options = ["--env-vars", str(env_vars), "--add-host", ADD_HOST]
        yield SamLocal(place, [*options, "--skip-pull-image", "--invoke-image", image])


@pytest.mark.parametrize("name", SAMPLES)
def test_every_sample_event_is_handled_in_a_container(name: str, sam: SamLocal) -> None:
    try_event(name, sam.place, sam.invoke)


@pytest.fixture
def api(sam: SamLocal, tmp_path: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            sam.command("start-api", "--port", str(port), "--warm-containers", "LAZY"),
            env=sam.environ,
            cwd=ROOT,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        await_port(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        # It removes its containers when it is asked to end.
        process.terminate()
        process.wait(PATIENCE_SECONDS)
        end_group(process)


def await_port(port: int) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if not probe.connect_ex(("127.0.0.1", port)):
                return
        time.sleep(0.1)
    raise AssertionError("sam local start-api does not listen")


def test_the_api_translates_and_serves_its_page_from_a_container(api: str) -> None:
    request = {"sentences": [{"query": "I love you."}], "source": "en", "target": "de"}
    answer = urllib3.request("POST", f"{api}/translate", json=request, timeout=PATIENCE_SECONDS)
    assert answer.status == 200, answer.data
    assert answer.json()["translations"][0]["translation"] == "Ich liebe dich."
    for path in ("/", "/page/page.js", "/page/page.css"):
        page = urllib3.request("GET", f"{api}{path}", timeout=PATIENCE_SECONDS)
        file = ROOT / "web" / (path.rpartition("/")[2] or "index.html")
        assert (page.status, page.data.decode()) == (200, file.read_text("utf-8"))


def test_what_codefree_up_tells_to_type_runs_a_function(image: str, tmp_path: Path) -> None:
    env_vars = tmp_path / "env.json"
    process = start(tmp_path, "up", "--port", "0", "--api-port", "0", "--env-vars", env_vars)
    assert process.stdout is not None
    printed = ""
    while "Logs of functions" not in printed:
        line = process.stdout.readline()
        assert line, "it ended"
        printed += line
    (export,) = re.findall(r"^  (export .*)$", printed, re.MULTILINE)
    (invoke,) = re.findall(r"^  (\S+sam local invoke .* \\\n .*)$", printed, re.MULTILINE)
    # Nothing of a dataset has been uploaded yet, so there is nothing to train.
    invoke = invoke.replace("-e ", f"-e {tmp_path}/")
    script = f"{export}\n{invoke} --skip-pull-image --invoke-image {image}"
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, cwd=ROOT)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=PATIENCE_SECONDS)
    assert json.loads(done.stdout or "null") == DONE, done.stderr
    assert '"dataset":"titanic"' in done.stderr
