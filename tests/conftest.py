"""The deployed template, with a training script that takes no time."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from local.cloud import Cloud, Settings, open_cloud

STUB_TRAINING = Path(__file__).parent / "stub_training"
T = TypeVar("T")


def eventually(look: Callable[[], T | None], seconds: float = 30) -> T:
    """What `look` finds as soon as it finds anything; fails when it never does."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.05)
    raise AssertionError(f"nothing came within {seconds} seconds")


@pytest.fixture(scope="session", autouse=True)
def no_own_account() -> None:
    """No test may reach the AWS account of whoever runs it."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull


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
