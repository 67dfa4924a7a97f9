"""Read the template, and which file of the functions imports which."""

import ast
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).parents[1]
TEMPLATE: dict[str, Any] = yaml_parse((ROOT / "template.yaml").read_text())
RESOURCES: dict[str, dict[str, Any]] = TEMPLATE["Resources"]
FUNCTIONS = {
    name: resource["Properties"]
    for name, resource in RESOURCES.items()
    if resource["Type"] == "AWS::Serverless::Function"
}
# What SageMaker needs to connect its machines to subnets of the account.
NETWORK_ACTIONS = (
    "ec2:CreateNetworkInterface",
    "ec2:CreateNetworkInterfacePermission",
    "ec2:DeleteNetworkInterface",
    "ec2:DeleteNetworkInterfacePermission",
    "ec2:DescribeDhcpOptions",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
)


def statements() -> list[tuple[str, dict[str, Any]]]:
    """Of each role what it may do, in its own policies and in those that a condition adds."""
    policies = [
        (name, policy)
        for name, resource in RESOURCES.items()
        if resource["Type"] == "AWS::IAM::Role"
        for policy in resource["Properties"].get("Policies", [])
    ]
    policies += [
        (resource["Properties"]["RoleName"]["Ref"], resource["Properties"])
        for resource in RESOURCES.values()
        if resource["Type"] == "AWS::IAM::RolePolicy"
    ]
    return [
        (role, statement)
        for role, policy in policies
        for given in policy["PolicyDocument"]["Statement"]
        if (statement := if_asked_for(given))
    ]


def if_asked_for(statement: dict[str, Any]) -> dict[str, Any]:
    """One that a parameter adds stands between its condition and nothing."""
    return dict(statement["Fn::If"][1] if "Fn::If" in statement else statement)


def modules_of(handler: str) -> set[Path]:
    """The handler's file and every file of ours that it imports, directly or not."""
    folder, found = ROOT / "functions", set[Path]()
    waiting = [folder / f"{handler.split('.')[0]}.py"]
    while waiting:
        path = waiting.pop()
        if path in found or not path.exists():
            continue
        found.add(path)
        for name in imported_names(path):
            waiting.append(folder / f"{name.replace('.', '/')}.py")
    return found


def imported_names(path: Path) -> set[str]:
    """Dotted names of the modules, and of what is taken out of them, that a file imports."""
    names = set[str]()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            # A relative import stays in the file's own package.
            module = f"{path.parent.name}.{node.module}" if node.level else node.module
            names |= {module, *(f"{module}.{alias.name}" for alias in node.names)}
    return names
