"""docs/policies.md: who may do what, and which call needs it."""

import re
from collections.abc import Iterator
from itertools import groupby

from codefree.permissions import allows
from tests.permissions import (
    NOT_RECORDED,
    Permission,
    Recordings,
    permissions,
    written,
)
from tests.template_facts import FUNCTIONS, RESOURCES, ROOT, if_asked_for, modules_of

PAGE = ROOT / "docs/policies.md"
WAYS = {"put": (r"\.upload_fileobj",), "list": (r'f"list_\{',)}
# What Lambda does in the role of a function: with a queue, and when all tries have failed.
BY_LAMBDA = ("ReceiveMessage", "DeleteMessage")
FAILED_EVENTS = "DeadLetterFailedEvents"
# A browser does it, with a signature of the function.
UPLOADS = "LetThePageUpload"
RESOURCE_POLICIES = ("AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy")
HEAD = """# Who may do what, and which call needs it

Every function and every job has a role of its own. The tables list all that the roles allow, and
after it the requests that were made in that role while the whole pipeline ran on the local cloud,
which refuses what a role does not allow. "(stack)" is the name of the stack, "(part)" eight hex
digits of its id. `tests/integration/test_permissions.py` writes the page when it is run with
`REWRITE=1`, and fails when a request is refused, when an action is allowed that no request needs or
that is allowed twice, and when this page is not up to date.

What AWS does in a role by itself has no request on a laptop. Those rows say "not recorded", and why
the action is there.
"""


def page(recordings: Recordings) -> str:
    """The whole text."""
    found = permissions()
    sections = [HEAD]
    for role, own in groupby(found, key=lambda permission: permission.role):
        sections += [f"## {role}\n", *_table(recordings, list(own)), ""]
    return "\n".join([*sections, *_resource_policies()])


def _table(recordings: Recordings, own: list[Permission]) -> Iterator[str]:
    yield "| statement | action | resource | needed by |"
    yield "|---|---|---|---|"
    for permission in own:
        needed = _needed_by(recordings, permission)
        yield f"| {permission.sid} | {permission.action} | `{permission.resource}` | {needed} |"


def _needed_by(recordings: Recordings, permission: Permission) -> str:
    if reason := NOT_RECORDED.get(permission.action):
        return f"not recorded: {reason}"
    operations = {
        r.operation
        for recording in recordings
        for r, need in recording.of(permission.role)
        if allows(recording.alone(permission), need)
    }
    return ", ".join(
        f"{operation} by {_caller(permission, operation)}" for operation in sorted(operations)
    )


def _caller(permission: Permission, operation: str) -> str:
    """The file that makes the request, or the service that makes it in the role."""
    handlers = [
        f["Handler"] for f in FUNCTIONS.values() if f["Role"]["Fn::GetAtt"][0] == permission.role
    ]
    if not handlers:
        return "SageMaker"
    if operation in BY_LAMBDA or permission.sid == FAILED_EVENTS:
        return "Lambda"
    if permission.sid == UPLOADS:
        return "the page"
    files = [p for p in modules_of(handlers[0]) if _calls(p.read_text(), permission, operation)]
    return " and ".join(f"`{path.relative_to(ROOT)}`" for path in sorted(files))


def _calls(code: str, permission: Permission, operation: str) -> bool:
    method = _snake(operation)
    if method == "send_message":
        queue = _snake(permission.resource)
        return any(queue.endswith(name) for name in re.findall(r"\b(\w+_queue)\.send\(", code))
    # Some methods have another name than the operation, or one that is put together.
    ways = [rf"\.{method}\b", f'"{method}"', *WAYS.get(method.partition("_")[0], ())]
    return bool(re.search("|".join(ways), code))


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _resource_policies() -> Iterator[str]:
    yield "## What resources say themselves\n"
    yield "| policy | statement | effect | who | action | on condition |"
    yield "|---|---|---|---|---|---|"
    for name, resource in RESOURCES.items():
        if resource["Type"] in RESOURCE_POLICIES:
            for statement in resource["Properties"]["PolicyDocument"]["Statement"]:
                yield _resource_row(name, if_asked_for(statement))


def _resource_row(name: str, statement: dict[str, object]) -> str:
    who = statement["Principal"]
    who = who["Service"] if isinstance(who, dict) else "everybody"
    condition = statement["Condition"]
    assert isinstance(condition, dict)
    asked = [
        f"{key} is {written(value)}" for keys in condition.values() for key, value in keys.items()
    ]
    cells = (name, statement["Sid"], statement["Effect"], who, statement["Action"], *asked)
    return f"| {' | '.join(str(cell) for cell in cells)} |"
