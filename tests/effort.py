"""How much is tried of what takes minutes: a part each time, all of it with TEST_EFFORT=all."""

import os
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")
ALL = os.environ.get("TEST_EFFORT") == "all"


def part_of(cases: Sequence[T], every: int, turn: int = 0) -> list[T]:
    """Every second, third, … case; tests that take turns try each case in one of them."""
    assert cases
    return list(cases) if ALL else list(cases[turn % every :: every])


def examples(most: int, usual: int) -> int:
    """How many examples a property is tried on."""
    return most if ALL else usual
