"""The list of the rehearsal: what was made, what of it was looked up, and what could not be."""

from pathlib import Path

from tests.deployment.creators import COMPLETERS, MAKERS
from tests.deployment.diff import Value
from tests.deployment.not_checkable import NOT_CHECKABLE, reason
from tests.deployment.stacks import Stack

PAGE = Path(__file__).parents[2] / "docs" / "rehearsal.md"
HEAD = """# What the rehearsal of `sam deploy` compares

`make test` packages the build with `sam package`, creates a stack from it in moto (AWS on your
machine) with every resource that a parameter can add, and compares each value of the template
with what the describe calls return. *There* counts the values that match. Values that moto does
not return are listed, with the reason below.

*Made by* names the creator: moto's CloudFormation; moto, plus calls for what it omits; or calls
only, the ones that CloudFormation would make, where moto lacks the type. Calls prove that a value
is valid and arrives, not that AWS's own CloudFormation sends it that way. Every value is also
checked against the schemas that AWS publishes for the resource types.

A test keeps this page up to date. After a change of the template, regenerate it with
`REWRITE=1 .venv/bin/pytest tests/integration/test_deployment.py -k documentation`.

| Logical id | Type | Made by | There | Not returned |
|---|---|---|---|---|
"""


def page(stack: Stack, values: list[Value]) -> str:
    """The page of the documentation, without anything that changes from one run to the next."""
    lines = [_line(stack, name, values) for name in sorted(stack.resources)]
    reasons = [f"- `{kind}` `{path}`: {words}.\n" for (kind, path), words in NOT_CHECKABLE.items()]
    there = sum(value.is_there for value in values)
    total = f"\n{len(lines)} resources, {there} of {len(values)} values there.\n"
    return HEAD + "".join(lines) + total + "\n## Why not\n\n" + "".join(reasons)


def _line(stack: Stack, logical_id: str, values: list[Value]) -> str:
    own = [value for value in values if value.logical_id == logical_id]
    there = sum(value.is_there for value in own)
    missing = {_pattern(value) for value in own if not value.is_there}
    kind = stack.resources[logical_id]["Type"]
    # What comes after the name is a hash of the contents, which every change changes.
    name = _without_hash(logical_id)
    amount = f"{there} of {len(own)}"
    return f"| {name} | {kind} | {_maker(kind)} | {amount} | {', '.join(sorted(missing))} |\n"


def _maker(kind: str) -> str:
    if kind in MAKERS or kind.startswith("Custom::"):
        return "calls"
    return "moto and calls" if kind in COMPLETERS else "moto"


def _pattern(value: Value) -> str:
    lines = (line for line in NOT_CHECKABLE if reason(value, {line: "this one"}))
    return f"`{next(lines)[1]}`"


def _without_hash(logical_id: str) -> str:
    layers = ("NumpyLayer", "TrainingSourceLayer", "TranslationPageLayer")
    for kind in (*layers, "TranslationApiDeployment"):
        if logical_id.startswith(kind):
            return f"{kind}…"
    return logical_id
