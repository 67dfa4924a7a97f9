"""A rehearsal of `sam deploy`: packaged, created, looked at, updated and deleted in moto."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from cfnlint import api as cfnlint  # type: ignore[import-untyped]
from cfnlint.config import ManualArgs  # type: ignore[import-untyped]
from moto.s3.models import s3_backends
from moto.server import ThreadedMotoServer
from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]

from codefree.aws import ACCOUNT, REGION, Endpoint
from tests.clouds import own_region
from tests.deployment.bounds import allows, outside, variants
from tests.deployment.clean_ups import answering
from tests.deployment.diff import Value, compared, text
from tests.deployment.not_checkable import NOT_CHECKABLE, NOT_UPDATED, reason
from tests.deployment.packaging import (
    ARTEFACTS,
    BUILT,
    RELEASES,
    ROOT,
    SAM,
    Template,
    cloudformation,
    last_release,
    package,
)
from tests.deployment.stacks import Stack, create, everything_made
from tests.deployment.table import PAGE, page
from tests.deployment.updating import STATEFUL, replaced
from tests.permissions import ODD_NAME

pytestmark = pytest.mark.skipif(
    not (BUILT.exists() and SAM.exists()), reason="nothing is built yet: make build"
)
# Everything that a condition may add is there.
EVERYTHING = {
    "NotificationEmail": "lab@example.com",
    "DeleteDataWithStack": "true",
    "Uploads": "true",
    "SqlDatabases": "sales,logs",
    "SqlSources": "tables-of-sales",
}
# All that a company may demand, but for a bucket of its own, which would take the place of ours.
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/0a1b2c3d-4e5f"
GUARDED = {
    **EVERYTHING,
    "SubnetIds": "subnet-0a1b2c3d,subnet-1a2b3c4d",
    "SecurityGroupIds": "sg-0a1b2c3d",
    "EndpointInstanceType": "ml.m5.large",
    "KmsKeyArn": KEY,
    "PermissionsBoundaryArn": f"arn:aws:iam::{ACCOUNT}:policy/boundary",
    "RolePath": "/teams/data/",
    "ResourceTags": "team=data,cost-center=42",
    "ApiGatewayLogsRoleArn": f"arn:aws:iam::{ACCOUNT}:role/api-gateway-logs",
}
# An upload settles for longer than any test takes.
KEEPING = {**EVERYTHING, "DeleteDataWithStack": "false", "SettleSeconds": "900"}

CHANGED = {
    **KEEPING,
    "SettleSeconds": "60",
    "RetrySeconds": "1200",
    "ApiBurst": "50",
    "Preset": "good",
}


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """An account and region of moto that makes everything that a template asks for."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    with own_region() as region:
        # From an IP address moto would read the name of a bucket.
        endpoint = Endpoint(f"http://localhost:{server.get_host_and_port()[1]}", region)
        with answering(endpoint, tmp_path_factory.mktemp("functions")) as tell:
            with everything_made(endpoint, tell):
                yield endpoint
    server.stop()


@pytest.fixture(scope="module")
def packaged(account: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Template:
    return package(account, tmp_path_factory.mktemp("packaged"))


@pytest.fixture(scope="module")
def template(account: Endpoint, packaged: Template) -> Template:
    return cloudformation(account, packaged, GUARDED)


@pytest.fixture(scope="module")
def stack(account: Endpoint, template: Template) -> Stack:
    """Under a name of which AWS wants no capital and not so many characters in some places."""
    return create(account, ODD_NAME, template, GUARDED)


@pytest.fixture(scope="module")
def values(stack: Stack) -> list[Value]:
    return compared(stack)


def unresolved(node: Any, path: str = "") -> list[str]:
    """Where something is left that CloudFormation should have put a text for."""
    if isinstance(node, dict):
        found = [f"{path}.{key}" for key in node if re.fullmatch(r"Ref|Fn::\w+", key)]
        return found + [left for k, v in node.items() for left in unresolved(v, f"{path}.{k}")]
    if isinstance(node, list):
        return [left for n, v in enumerate(node) for left in unresolved(v, f"{path}[{n}]")]
    is_text = isinstance(node, str | int | float)
    return [] if is_text and not re.search(r"\$\{(?!!)", str(node)) else [path]


def test_what_is_packaged_lies_in_the_bucket(account: Endpoint, packaged: Template) -> None:
    s3 = account.client("s3")
    keys = set(re.findall(rf"s3://{ARTEFACTS}/(\w+)", str(packaged)))
    assert len(keys) == 4, "the functions, numpy, the layer of training jobs and the page"
    for key in keys:
        assert s3.head_object(Bucket=ARTEFACTS, Key=key)["ContentLength"] > 1000


def test_every_resource_of_the_template_is_made(stack: Stack, template: Template) -> None:
    assert stack.resources.keys() == template["Resources"].keys()
    assert [name for name, made in stack.physical_ids().items() if made is None] == []


def test_no_reference_is_left_in_any_resource_or_output(stack: Stack) -> None:
    for logical_id in stack.resources:
        assert unresolved(stack.asked(logical_id)) == [], logical_id
    assert unresolved(stack.outputs) == []
    assert all(stack.outputs.values())


def test_every_value_is_there_or_known_not_to_be_told(values: list[Value]) -> None:
    missing = [v for v in values if not v.is_there and not reason(v, NOT_CHECKABLE)]
    assert missing == []


def test_nothing_is_excused_that_moto_tells(values: list[Value]) -> None:
    for line in NOT_CHECKABLE:
        excused = [v for v in values if reason(v, {line: "it is this one"})]
        assert excused, f"{line} is of no resource"
        assert [v for v in excused if v.is_there] == [], "moto has learnt it: take it off the list"


def test_the_list_in_the_documentation_is_this_one(stack: Stack, values: list[Value]) -> None:
    if os.environ.get("REWRITE"):
        PAGE.write_text(page(stack, values), encoding="utf-8")
    assert PAGE.read_text("utf-8") == page(stack, values)


def test_the_resolved_template_is_valid_by_cloudformations_own_schemas(stack: Stack) -> None:
    assert complaints(stack) == []


def complaints(stack: Stack) -> list[str]:
    """What cfn-lint has against the properties as the services get them."""
    resources = {
        name: {"Type": resource["Type"], "Properties": stack.asked(name)}
        for name, resource in stack.resources.items()
    }
    resolved = {"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources}
    found = cfnlint.lint(json.dumps(resolved), config=ManualArgs(regions=[stack.endpoint.region]))
    return [f"{match.rule.id} {match.message} {match.path}" for match in found]


def test_the_policies_of_a_role_fit_however_long_the_stacks_name_is(
    account: Endpoint, packaged: Template
) -> None:
    """IAM takes 10,240 characters without white space per role, CloudFormation 128 in a name."""
    stack = create(account, "L" * 128, cloudformation(account, packaged), EVERYTHING)
    roles = [k for k, v in stack.resources.items() if v["Type"] == "AWS::IAM::Role"]
    for role in roles:
        policies = stack.asked(role).get("Policies", [])
        assert len(json.dumps(policies, separators=(",", ":"))) < 10_240, role


# --- What an update and a deletion leave ------------------------------------------------------


def place(stack: Stack) -> dict[str, str]:
    """The physical ids of what holds something."""
    kinds, ids = stack.resources, stack.physical_ids()
    return {name: ids[name] for name in kinds if kinds[name]["Type"] in STATEFUL}


def everything(endpoint: Endpoint) -> set[str]:
    """Names of all that stands in the account and region, but for the artefacts."""
    listed = {
        ("s3", "list_buckets", "Buckets[].Name"),
        ("sqs", "list_queues", "QueueUrls[]"),
        ("sns", "list_topics", "Topics[].TopicArn"),
        ("sns", "list_subscriptions", "Subscriptions[].SubscriptionArn"),
        ("lambda", "list_functions", "Functions[].FunctionArn"),
        ("lambda", "list_layers", "Layers[].LayerArn"),
        ("lambda", "list_event_source_mappings", "EventSourceMappings[].UUID"),
        ("events", "list_rules", "Rules[].Arn"),
        ("logs", "describe_log_groups", "logGroups[].logGroupName"),
        ("iam", "list_roles", "Roles[].RoleName"),
        ("cloudwatch", "describe_alarms", "MetricAlarms[].AlarmName"),
        ("cloudwatch", "list_dashboards", "DashboardEntries[].DashboardName"),
        ("apigateway", "get_rest_apis", "items[].id"),
        ("apigateway", "get_usage_plans", "items[].id"),
        ("apigateway", "get_api_keys", "items[].id"),
    }
    found = {
        f"{service} {name}"
        for service, call, path in listed
        for name in endpoint.client(service).get_paginator(call).paginate().search(path)
    }
    return found - {f"s3 {ARTEFACTS}"}


def put_data(bucket: str) -> None:
    # Past the bucket's policy, whose condition moto does not read: it refuses TLS as well.
    s3_backends[ACCOUNT]["aws"].put_object(bucket, "data/a.csv", b"a\n1\n")


def has_data(bucket: str) -> bool:
    return s3_backends[ACCOUNT]["aws"].head_object(bucket, "data/a.csv") is not None


def messages(account: Endpoint, queue: str) -> int:
    """How many settle."""
    name = "ApproximateNumberOfMessagesDelayed"
    found = account.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=[name])
    return int(found["Attributes"][name])


def test_an_update_from_the_last_release_keeps_what_holds_something(
    account: Endpoint, packaged: Template
) -> None:
    before = cloudformation(account, last_release(packaged), KEEPING)
    after = cloudformation(account, packaged, CHANGED)
    assert replaced(before, after, account.region) == []

    stack = create(account, "updated", before, KEEPING)
    held = place(stack)
    put_data(held["DatasetBucket"])
    account.client("sqs").send_message(QueueUrl=held["UploadQueue"], MessageBody="an upload")
    settling = messages(account, held["UploadQueue"])
    stack.update(after, CHANGED)

    assert held.items() <= place(stack).items()
    assert has_data(held["DatasetBucket"])
    assert messages(account, held["UploadQueue"]) == settling >= 1

    missing = [v for v in compared(stack) if not v.is_there and not reason(v, NOT_CHECKABLE)]
    assert [v for v in missing if not reason(v, NOT_UPDATED)] == []
    for line in NOT_UPDATED:
        assert any(reason(v, {line: "it is this one"}) for v in missing), "moto has learnt it"


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "mine"}}, "QueueName cannot"),
        ({"Type": "AWS::SQS::Queue", "Properties": {"DelaySeconds": 5}}, None),
        ({"Type": "AWS::SNS::Topic"}, "is gone"),
        (None, "is gone"),
    ],
)
def test_an_update_that_would_lose_something_is_noticed(
    changed: Template | None, words: str | None
) -> None:
    before = {"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}}
    found = replaced(before, {"Resources": {"Q": changed} if changed else {}}, REGION)
    assert bool(found) == bool(words)
    assert all(words and words in line for line in found)


def test_each_released_template_is_kept_for_the_next_update() -> None:
    """A clone without tags has the copies; where the tags are, they must be the same."""
    git = ["git", "-C", str(ROOT)]
    tags = subprocess.run([*git, "tag", "--list", "v*"], capture_output=True, text=True).stdout
    for tag in tags.split():
        shown = subprocess.run(
            [*git, "show", f"{tag}:template.yaml"], capture_output=True, text=True
        )
        kept = RELEASES / f"{tag.removeprefix('v')}.yaml"
        assert kept.read_text("utf-8") == shown.stdout, tag
    assert list(RELEASES.glob("*.yaml"))


@pytest.mark.parametrize("delete_data", ["false", "true"])
def test_a_deleted_stack_leaves_what_its_owner_was_promised_and_nothing_else(
    account: Endpoint, packaged: Template, delete_data: str
) -> None:
    parameters = {**EVERYTHING, "DeleteDataWithStack": delete_data}
    before = everything(account)
    stack = create(account, f"gone-{delete_data}", cloudformation(account, packaged), parameters)
    ids = stack.physical_ids()
    put_data(ids["DatasetBucket"])
    stack.delete()

    promised = set[str]()
    if delete_data == "false":
        promised.add(f"s3 {ids['DatasetBucket']}")
        assert has_data(ids["DatasetBucket"])
    assert everything(account) - before == promised


def test_a_first_deployment_that_fails_leaves_nothing(
    account: Endpoint, packaged: Template
) -> None:
    before = everything(account)
    role = account.client("apigateway").get_account().get("cloudwatchRoleArn")
    create(account, "failed", cloudformation(account, packaged), EVERYTHING).roll_back()
    assert everything(account) == before
    assert account.client("apigateway").get_account().get("cloudwatchRoleArn") == role


def test_the_role_of_api_gateway_in_the_account_stays_unless_another_is_named(
    account: Endpoint, packaged: Template
) -> None:
    given = {"ApiGatewayLogsRoleArn": f"arn:aws:iam::{ACCOUNT}:role/another"}
    for parameters, changes in ((EVERYTHING, False), ({**EVERYTHING, **given}, True)):
        api = account.client("apigateway")
        before = api.get_account().get("cloudwatchRoleArn")
        name = f"logs-{str(changes).lower()}"
        made = create(account, name, cloudformation(account, packaged, parameters), parameters)
        assert ("ApiGatewayAccount" in made.resources) == changes
        assert (api.get_account().get("cloudwatchRoleArn") != before) == changes
        made.delete()


def test_everything_that_keeps_data_is_encrypted_with_the_companys_key(stack: Stack) -> None:
    kept = {
        "AWS::SQS::Queue": "KmsMasterKeyId",
        "AWS::SNS::Topic": "KmsMasterKeyId",
        "AWS::Logs::LogGroup": "KmsKeyId",
    }
    for name, resource in stack.resources.items():
        if argument := kept.get(resource["Type"]):
            assert stack.asked(name)[argument] == KEY, name
            assert "SqsManagedSseEnabled" not in stack.asked(name)
    (rule,) = stack.asked("DatasetBucket")["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {
        "SSEAlgorithm": "aws:kms",
        "KMSMasterKeyID": KEY,
    }


def test_every_role_has_the_companys_boundary_and_path(stack: Stack) -> None:
    roles = [k for k, v in stack.resources.items() if v["Type"] == "AWS::IAM::Role"]
    assert len(roles) > 5
    for role in roles:
        made = stack.endpoint.client("iam").get_role(RoleName=stack.physical_ids()[role])["Role"]
        assert made["PermissionsBoundary"]["PermissionsBoundaryArn"].endswith(":policy/boundary")
        assert made["Path"] == "/teams/data/"


def test_a_bucket_of_the_company_is_used_and_left_alone(
    account: Endpoint, packaged: Template
) -> None:
    place = {"LocationConstraint": account.region}
    account.client("s3").create_bucket(Bucket="company-data", CreateBucketConfiguration=place)
    parameters = {**EVERYTHING, "ExistingBucket": "company-data"}
    before = everything(account)
    made = create(account, "guest", cloudformation(account, packaged, parameters), parameters)
    assert not {"DatasetBucket", "DatasetBucketPolicy", "CleanUpMayDeleteData"} & set(
        made.resources
    )
    for logical_id in made.resources:
        assert unresolved(made.asked(logical_id)) == [], logical_id
    assert "company-data" in made.outputs["UploadCommand"]
    assert made.asked("CleanUp")["Bucket"] == "company-data"
    assert made.asked("CleanUp")["DeleteData"] == "false"
    put_data("company-data")
    made.delete()
    assert everything(account) == before
    assert has_data("company-data")


def test_two_stacks_side_by_side_share_no_name(
    account: Endpoint, packaged: Template, stack: Stack
) -> None:
    other = create(account, "another", cloudformation(account, packaged, GUARDED), GUARDED)
    # One per account and region by nature, and a stage is named within its API.
    shared = {"ApiGatewayAccount", "TranslationApiProdStage"}
    one, two = stack.physical_ids(), other.physical_ids()
    names = {name for name in one if one[name] and name not in shared}
    assert {one[name] for name in names}.isdisjoint(two[name] for name in names)
    for logical_id, resource in stack.resources.items():
        if resource["Type"] == "AWS::CloudWatch::Alarm":
            assert dimensions(stack, logical_id).isdisjoint(dimensions(other, logical_id))
        if resource["Type"] == "AWS::Lambda::Function":
            assert service_name(stack, logical_id) != service_name(other, logical_id)


def dimensions(stack: Stack, alarm: str) -> set[str]:
    return set(re.findall(r'"Value": "([^"]+)"', json.dumps(stack.asked(alarm))))


def service_name(stack: Stack, function: str) -> str:
    variables = stack.asked(function)["Environment"]["Variables"]
    return str(variables["POWERTOOLS_SERVICE_NAME"])


# --- Parameters at their bounds -----------------------------------------------------------------
PARAMETERS: dict[str, Any] = yaml_parse((ROOT / "template.yaml").read_text("utf-8"))["Parameters"]
VARIANTS = variants(PARAMETERS)


@pytest.mark.parametrize("number", range(len(VARIANTS)))
def test_with_parameters_at_their_bounds_it_deploys_and_every_function_starts(
    account: Endpoint, packaged: Template, number: int, tmp_path: Path
) -> None:
    chosen = VARIANTS[number]
    assert all(allows(PARAMETERS[name], value) for name, value in chosen.items())
    stack = create(account, f"bounds{number}", cloudformation(account, packaged, chosen), chosen)
    for logical_id, resource in stack.resources.items():
        assert unresolved(stack.asked(logical_id)) == [], logical_id
        if resource["Type"] == "AWS::Lambda::Function":
            variables = stack.asked(logical_id)["Environment"]["Variables"]
            size = sum(len(k.encode()) + len(text(v).encode()) for k, v in variables.items())
            assert size <= 4096, "Lambda takes no more"
    assert complaints(stack) == []
    functions = [k for k, v in stack.resources.items() if v["Type"] == "AWS::Lambda::Function"]
    with ThreadPoolExecutor() as pool:
        assert list(pool.map(lambda name: start_failure(stack, name, tmp_path), functions)) == [
            "" for _ in functions
        ]


def start_failure(stack: Stack, function: str, home: Path) -> str:
    """What a function says that cannot be imported with the environment that it gets."""
    asked = stack.asked(function)
    variables = {name: text(value) for name, value in asked["Environment"]["Variables"].items()}
    own = {"TRAINING_SOURCE_DIR": str(ROOT / "training_src"), "PAGE_DIR": str(ROOT / "web")}
    module = asked["Handler"].partition(".")[0]
    ended = subprocess.run(
        [sys.executable, "-c", f"import {module}"],
        env={**variables, **stack.endpoint.environ, **own},
        cwd=ROOT / "functions",
        capture_output=True,
        text=True,
    )
    return ended.stderr if ended.returncode else ""


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_value_just_outside_is_refused_before_anything_is_made(name: str) -> None:
    for value in outside(name, PARAMETERS[name]):
        assert not allows(PARAMETERS[name], value), value


def test_a_queue_cannot_have_what_its_parameter_does_not_allow(
    account: Endpoint, packaged: Template
) -> None:
    """The bounds are those of AWS: SQS would take none of these."""
    asked = {"SettleSeconds": "901", "RetrySeconds": "43201"}
    stack = create(account, "outside", cloudformation(account, packaged, asked), asked)
    assert {line.split()[0] for line in complaints(stack)} == {"E3034"}
