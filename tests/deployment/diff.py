"""What was asked for against what is there, value by value."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from tests.deployment.readers import described
from tests.deployment.stacks import Stack

# AWS gives back lists of named entries in any order.
NAMES = ("PolicyName", "Id", "Key")


@dataclass(frozen=True)
class Value:
    """One value that was asked for."""

    logical_id: str
    kind: str
    path: str
    """Where it is among the properties, with dots."""
    asked: Any
    found: Any

    @property
    def is_there(self) -> bool:
        return text(self.asked) == text(self.found)


def compared(stack: Stack) -> list[Value]:
    """Every value of every resource of a stack."""
    client, physical_ids = cache(stack.endpoint.client), stack.physical_ids()
    values = []
    for logical_id, resource in stack.resources.items():
        asked, kind = stack.asked(logical_id), resource["Type"]
        found = described(client, kind, physical_ids[logical_id], asked)
        for path, one, other in _leaves(asked, found):
            values.append(Value(logical_id, kind, path, one, other))
    return values


def text(value: Any) -> str:
    """CloudFormation knows texts alone: "true" is true and "5" is 5."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def _leaves(asked: Any, found: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    if isinstance(asked, dict):
        for key, value in asked.items():
            inner = found.get(key) if isinstance(found, dict) else None
            yield from _leaves(value, inner, f"{path}.{key}" if path else key)
    elif isinstance(asked, list) and asked and isinstance(asked[0], dict):
        for number, value in enumerate(asked):
            inner = _counterpart(value, number, found if isinstance(found, list) else [])
            yield from _leaves(value, inner, f"{path}.{number}")
    else:
        yield path, asked, found


def _counterpart(value: dict[str, Any], number: int, found: list[Any]) -> Any:
    """The entry of the same name where entries have names, else the one at the same place."""
    for name in NAMES:
        if name in value:
            return next((other for other in found if other.get(name) == value[name]), None)
    return found[number] if number < len(found) else None
