"""Every built function under AWS's own runtime, without Docker, with its sample events."""

import platform
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from codefree.lambda_service import FunctionConfiguration
from tests.lambda_emulator import BUILT, PYTHON, built, emulated
from tests.sample_events import FUNCTIONS, SAMPLES, Place, open_place, try_event

pytestmark = [
    pytest.mark.skipif(
        (sys.platform, platform.machine()) != ("linux", "x86_64"),
        reason="AWS's runtime interface emulator for these functions runs on Linux, x86_64",
    ),
    pytest.mark.skipif(not PYTHON.exists(), reason="no Python 3.12: make .venv-lambda/ready"),
]


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with open_place() as place:
        yield place


@pytest.fixture(scope="module")
def functions(place: Place) -> dict[str, FunctionConfiguration]:
    assert BUILT.exists(), "Nothing is built yet: make build"
    return built(place.cloud)


@pytest.mark.parametrize("name", SAMPLES)
def test_the_built_function_does_its_work_under_the_real_runtime(
    name: str, place: Place, functions: dict[str, FunctionConfiguration]
) -> None:
    def invoke(function: str, event: str) -> Any:
        with emulated(functions[function], place.cloud.endpoint.environ) as emulator:
            return emulator.invoke(event)

    try_event(name, place, invoke)


@pytest.mark.parametrize("function", sorted(set(FUNCTIONS.values())))
def test_the_package_is_small_and_leaves_boto3_to_the_runtime(
    function: str, functions: dict[str, FunctionConfiguration]
) -> None:
    task = functions[function].task
    assert not (task / "boto3").exists()
    assert sum(file.stat().st_size for file in task.rglob("*") if file.is_file()) < 20_000_000
