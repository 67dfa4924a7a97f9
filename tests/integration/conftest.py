"""What several files of tests share, opened once for each of them."""

from collections.abc import Iterator

import pytest

from tests.fault_world import Faultless, World, faultless_run, open_world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Its stack; what all its datasets have left is looked at in the end."""
    with open_world(tmp_path_factory.mktemp("faults")) as world:
        yield world


@pytest.fixture(scope="module")
def faultless(world: World) -> Faultless:
    return faultless_run(world)
