"""What CloudFormation says of a stack."""

from typing import Any

from aws.clients import client

cloudformation: Any = client("cloudformation")


def stack_status(stack_id: str) -> str:
    """By its id, because another stack may have its name by now."""
    described = cloudformation.describe_stacks(StackName=stack_id)["Stacks"][0]
    return str(described["StackStatus"])
