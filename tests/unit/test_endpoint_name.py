"""Endpoints are called so that SageMaker takes the name and the template's roles allow it."""

import re
from fnmatch import fnmatchcase

import pytest

from contract.endpoint_name import LONGEST_STACK_NAME, endpoint_name, endpoint_prefix
from tests.template_facts import statements

PART = "51af3dc0"
# CloudFormation takes letters, digits and hyphens, a letter first, 128 at the most.
STACKS = [
    *("codefree-automl", "a", "MyTeam-AutoML", "myteam-automl-", "a--b", "A" * 60, "a" * 128),
    *("a" * LONGEST_STACK_NAME, "a" * (LONGEST_STACK_NAME + 1), "b" * 50 + "-c"),
]
PAIRS = ["en-de", "en-zh-TW", "abc-Latn-xyz-CYRL"]
OF_ENDPOINTS = [
    statement
    for _, statement in statements()
    if "endpoint/" in str(statement["Resource"]).replace("endpoint/*", "")
]


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("pair", PAIRS)
def test_every_stack_has_names_that_sagemaker_takes_and_its_roles_allow(
    stack: str, pair: str
) -> None:
    name = endpoint_name(endpoint_prefix(stack, PART), pair)
    assert re.fullmatch(r"[a-z0-9](-*[a-z0-9]){0,62}", name)
    assert len(OF_ENDPOINTS) >= 5
    for statement in OF_ENDPOINTS:
        patterns = re.findall(r"endpoint/(\S+-\*)", str(statement["Resource"]))
        resolved = [
            pattern.replace("${AWS::StackName}", stack).replace("${StackPart}", PART)
            for pattern in patterns
        ]
        assert any(fnmatchcase(name, pattern) for pattern in resolved), statement["Sid"]


def test_a_stack_that_has_endpoints_already_keeps_their_names() -> None:
    assert endpoint_name(endpoint_prefix("codefree-automl", PART), "en-de") == (
        "codefree-automl-en-de"
    )


def test_two_stacks_whose_names_differ_in_capitals_or_at_the_end_share_no_endpoint() -> None:
    one, other = "51af3dc0", "9b2e44f1"
    for first, second in (("MyTeam", "myteam"), ("a" * 60, "a" * 61)):
        assert endpoint_prefix(first, one) != endpoint_prefix(second, other)
