"""What the endpoints of a stack are called, so that its roles may name them.

SageMaker hands ARNs to IAM in small letters, IAM compares letter by letter, and a template can
make no letter small and no name shorter.
"""

import re

# SageMaker takes 63 characters; a pair such as abc-abcd-xyz-wxyz needs 18 with its hyphen.
LONGEST_STACK_NAME = 45
_SMALL = re.compile(r"[a-z](-*[a-z0-9])*")


def endpoint_prefix(stack: str, stack_part: str) -> str:
    """Return what the names of a stack's endpoints begin with.

    It is the stack's own name where every part of AWS takes that as it is; otherwise one made of
    `stack_part`, the first eight hex digits of the stack's id. The template allows both.
    """
    fits = len(stack) <= LONGEST_STACK_NAME and _SMALL.fullmatch(stack)
    return stack if fits else f"codefree-{stack_part}"


def endpoint_prefixes(stack: str, stack_part: str) -> tuple[str, ...]:
    """Return the beginnings of names that the template allows."""
    return f"{stack}-", f"codefree-{stack_part}-"


def endpoint_name(prefix: str, pair: str) -> str:
    """Return the name of the endpoint for a pair such as `en-zh-TW`."""
    return f"{prefix}-{pair}".lower()
