"""The values that each parameter of the template may have at most, and those just outside."""

import re
from typing import Any

Parameter = dict[str, Any]
# What no other attribute of a parameter tells: its longest or oddest text, and one that is wrong.
TEXTS = {
    "TargetColumn": ("목" * 256, "x" * 257),
    "InstanceType": ("ml.p4de.24xlarge", "m5.xlarge"),
    "NotificationEmail": (f"{'a' * 242}@example.com", f"{'a' * 243}@example.com"),
    "AutoGluonImageTag": ("a" * 128, "a" * 129),
    "TranslatorPairs": (",".join(["en-de"] * 133), ",".join(["en-de"] * 134)),
    "SubnetIds": (",".join([f"subnet-{'a' * 17}"] * 16), ",".join([f"subnet-{'a' * 17}"] * 17)),
    "SecurityGroupIds": (",".join([f"sg-{'a' * 17}"] * 5), ",".join([f"sg-{'a' * 17}"] * 6)),
    "EndpointInstanceType": ("ml.p4de.24xlarge", "m5.xlarge"),
    "KmsKeyArn": (f"arn:aws:kms:us-east-1:123456789012:key/{'a' * 64}", "alias/mine"),
    "PermissionsBoundaryArn": (f"arn:aws:iam::123456789012:policy/{'a' * 512}", "boundary"),
    "RolePath": (f"/{'a' * 62}/", "teams/data"),
    "ExistingBucket": ("a" * 63, "a" * 64),
    "ResourceTags": (f"{'k' * 128}={'v' * 171}", "team"),
    "ApiGatewayLogsRoleArn": (f"arn:aws:iam::123456789012:role/{'a' * 512}", "role"),
    "SqlDatabases": (",".join(["d" * 5] * 20), ",".join(["d"] * 21)),
    "SqlSources": (",".join(["b" * 19] * 20), ",".join(["b" * 3] * 21)),
    "AllowedOrigin": (f"https://{'a' * 240}.example.com:8443", "www.example.com"),
}


def inside(name: str, parameter: Parameter) -> list[str]:
    """The values at the bounds."""
    if "AllowedValues" in parameter:
        return list(parameter["AllowedValues"])
    if parameter["Type"] == "Number":
        return [str(parameter["MinValue"]), str(parameter["MaxValue"])]
    return [parameter["Default"], TEXTS[name][0]]


def outside(name: str, parameter: Parameter) -> list[str]:
    """Values that are just not allowed."""
    if "AllowedValues" in parameter:
        return ["", f"{parameter['AllowedValues'][0]}x"]
    if parameter["Type"] == "Number":
        return [str(parameter["MinValue"] - 0.01), str(parameter["MaxValue"] + 1)]
    return [TEXTS[name][1]]


def allows(parameter: Parameter, value: str) -> bool:
    """CloudFormation's own check, which moto leaves out."""
    if parameter["Type"] == "Number":
        return bool(parameter["MinValue"] <= float(value) <= parameter["MaxValue"])
    return (
        value in parameter.get("AllowedValues", [value])
        and len(value) <= parameter.get("MaxLength", 4096)
        and re.fullmatch(parameter.get("AllowedPattern", ".*"), value) is not None
    )


def variants(parameters: dict[str, Parameter]) -> list[dict[str, str]]:
    """As few deployments as have every bound of every parameter in them."""
    values = {name: inside(name, parameter) for name, parameter in parameters.items()}
    count = max(len(found) for found in values.values())
    return [{name: v[n % len(v)] for name, v in values.items()} for n in range(count)]
