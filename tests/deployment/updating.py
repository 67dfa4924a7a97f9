"""What an update would replace, by CloudFormation's own schemas."""

from typing import Any

from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER  # type: ignore[import-untyped]

from tests.deployment.creators import Properties

# Replaced, each would lose what somebody has put there or knows by its name.
STATEFUL = (
    "AWS::ApiGateway::ApiKey",
    "AWS::ApiGateway::RestApi",
    "AWS::Logs::LogGroup",
    "AWS::S3::Bucket",
    "AWS::SNS::Topic",
    "AWS::SQS::Queue",
)


def replaced(before: Properties, after: Properties, region: str) -> list[str]:
    """What holds something and would be deleted or made anew by an update of the template."""
    found = []
    for logical_id, resource in before["Resources"].items():
        if resource["Type"] in STATEFUL:
            found += _lost(logical_id, resource, after["Resources"].get(logical_id), region)
    return found


def _lost(logical_id: str, before: Any, after: Any, region: str) -> list[str]:
    if after is None or after["Type"] != before["Type"]:
        return [f"{logical_id} is gone"]
    one, other = before.get("Properties", {}), after.get("Properties", {})
    return [
        f"{logical_id}.{name} cannot be changed in place"
        for name in create_only(before["Type"], region)
        if one.get(name) != other.get(name)
    ]


def create_only(kind: str, region: str) -> list[str]:
    """Properties that only a new resource of the type can have another value of."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(region, kind).schema
    paths = schema.get("createOnlyProperties", [])
    return [path.removeprefix("/properties/").partition("/")[0] for path in paths]
