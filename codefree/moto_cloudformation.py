"""What CloudFormation does to lists and names, and moto does not.

It leaves AWS::NoValue out of a list, where moto puts None, and makes the names that it gives
things fit into 64 characters, however long the stack's is.
"""

from typing import Any

from moto.cloudformation import parsing

LONGEST_NAME = 64
# Of the names of stack and resource; a suffix of 12 characters follows.
LONGEST_PART = 24
_moto_clean_json = parsing.clean_json
_moto_resource_name = parsing.generate_resource_name


def clean_json(node: Any, resources: Any) -> Any:
    """What CloudFormation makes of a part of a template, every reference resolved."""
    cleaned = _moto_clean_json(node, resources)
    if not isinstance(cleaned, list):
        return cleaned
    return [value for value in cleaned if value is not None]


def _resource_name(kind: str, stack: str, logical_id: str) -> str:
    name = _moto_resource_name(kind, stack, logical_id)
    if len(name) <= LONGEST_NAME:
        return name
    return _moto_resource_name(kind, stack[:LONGEST_PART].rstrip("-"), logical_id[:LONGEST_PART])


# moto calls itself by these names.
parsing.clean_json = clean_json  # type: ignore[assignment]
parsing.generate_resource_name = _resource_name  # type: ignore[assignment]
