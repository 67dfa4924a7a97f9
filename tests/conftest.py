"""The deployed template, with a training script that takes no time."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import hypothesis
import pytest
from moto.sagemaker.models import sagemaker_backends

from codefree.aws import ACCOUNT, REGION
from codefree.cloud import Cloud, Settings, open_cloud

# Only what never comes takes so long, also on a machine that is many times slower.
PATIENCE_SECONDS = 600
# A look often asks the embedded AWS, which has the same processor as what is waited for.
SHORTEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.02, 0.3
# An example may take its time on a busy machine.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")
STUB_TRAINING = Path(__file__).parent / "stub_training"
T = TypeVar("T")


def alive(number: int) -> bool:
    """Whether a process runs, or could again."""
    listed = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(number)], capture_output=True, text=True
    )
    return listed.stdout.strip()[:1] not in ("", "Z")


def eventually(look: Callable[[], T | None], progress: Callable[[], object] = bool) -> T:
    """What `look` finds as soon as it finds anything.

    Fails only when nothing has come, and `progress` has not changed, for PATIENCE_SECONDS.
    """
    known, deadline = progress(), time.monotonic() + PATIENCE_SECONDS
    pause = SHORTEST_PAUSE_SECONDS
    while time.monotonic() < deadline:
        if found := look():
            return found
        if (now := progress()) != known:
            known, deadline = now, time.monotonic() + PATIENCE_SECONDS
        time.sleep(pause)
        pause = min(pause * 1.3, LONGEST_PAUSE_SECONDS)
    raise AssertionError(f"nothing came within {PATIENCE_SECONDS} seconds")


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name long bytes by their argument: packed ones differ between the tests' processes."""
    return argname if isinstance(val, bytes) and len(val) > 20 else None


@pytest.fixture(scope="session", autouse=True)
def no_own_account() -> None:
    """No test may reach the AWS account of whoever runs it."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull


@pytest.fixture
def name() -> str:
    """Of a dataset that no other test has."""
    return f"penguins {uuid4().hex[:6]}"


@pytest.fixture(autouse=True)
def no_job_is_left_asleep(request: pytest.FixtureRequest) -> Iterator[None]:
    """A stub that sleeps takes a place of the quota from every later test of its process."""
    if "cloud" not in request.fixturenames:
        yield
        return
    cloud: Cloud = request.getfixturevalue("cloud")
    yield
    # Any other region is a cloud that ends with the test.
    if cloud.endpoint.region == REGION:
        jobs = dict(sagemaker_backends[ACCOUNT][REGION].training_jobs)
        asleep = [name for name in jobs if name.startswith("sleeps")]
        assert [name for name in asleep if jobs[name].training_job_status == "InProgress"] == []


@pytest.fixture(scope="session")
def cloud() -> Iterator[Cloud]:
    """The project's template, up and running."""
    parameters = {
        "SettleSeconds": "0",
        "RetrySeconds": "60",
        "TranslationFallback": "none",
        # One pair per kind of endpoint that the tests put up.
        "TranslatorPairs": "en-de,en-aa,en-bb,en-cc,en-dd,en-ee",
        "ApiRequestsPerSecond": "1000",
        "ApiBurst": "1000",
    }
    with open_cloud(Settings(parameters=parameters, training_source=STUB_TRAINING)) as cloud:
        yield cloud
