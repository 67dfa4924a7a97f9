"""docs/operations.md is followed, command by command, on the embedded AWS."""

import json
import os
import re
import shlex
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import boto3
import pytest
from botocore import xform_name
from samtranslator.yaml_helper import yaml_parse

from codefree.aws import ACCOUNT, STACK_NAME
from codefree.cloud import Cloud, Settings
from pipeline.status import status_from_json
from tests.clouds import own_cloud
from tests.conftest import STUB_TRAINING, eventually
from tests.stack_deletion import running
from tests.uploads import text

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/operations.md").read_text()
PARAMETERS = yaml_parse((ROOT / "template.yaml").read_text())["Parameters"]
TOOLS = ROOT / ".venv-operations/bin"
PROGRAMS = ("aws ", "git ", "make ", ".venv-sam/bin/sam ", ".venv/bin/codefree ", "export ")

# The first command that looks at the job of the uploaded files.
LOOKS_AT_THE_JOB = ".venv/bin/codefree status"
STACK = "aws cloudformation describe-stacks --stack-name codefree-automl"
# How a command begins → what it prints.
RUN = {
    "export AWS_DEFAULT_REGION=": "",
    "aws sts get-caller-identity": '"Account": "123456789012"',
    f"{STACK} --query Stacks[0].Outputs": (r"DatasetBucketName\s+codefree-automl-"),
    f"{STACK} --query Stacks[0].StackStatus": "^CREATE_COMPLETE$",
    "aws cloudformation describe-stack-events": "^$",
    "aws cloudformation describe-stack-resources": r"StartTrainingLogs\s+codefree-automl-",
    "aws sns list-subscriptions-by-topic": "on-call@example.com",
    "aws s3 cp samples/": r"upload: samples/titanic_\w+.csv to s3://",
    ".venv/bin/codefree status": r"titanic\tcompleted",
    "aws s3 cp s3://<bucket>/results/titanic/STATUS.txt": "Dataset titanic, completed, job",
    "aws s3 cp --recursive": "download: .* to results/titanic/STATUS.txt",
    "aws s3 cp s3://<bucket>/results/costs.csv": "titanic",
    "aws s3 rb": "remove_bucket: ",
    "aws logs put-retention-policy": "^$",
    "aws logs filter-log-events --log-group-name <StartTrainingLogs>": "about titanic",
    "aws logs filter-log-events --log-group-name /aws/sagemaker/TrainingJobs": "a line of the job",
    "aws cloudwatch describe-alarms": r"codefree-automl-UploadsPutAside\s+a reason",
    "aws sagemaker describe-training-job": r'"Completed",\s+null,\s+\d+',
    "aws sagemaker list-training-jobs": r"sleeps-\w+-\w+\s+\d",
    "aws sagemaker stop-training-job": "^$",
    # Its role may not read its model here; that is what the command is for.
    "aws sagemaker describe-endpoint": r"Failed\s+.*Forbidden",
    "aws sqs get-queue-attributes": "ApproximateNumberOfMessages",
    "aws sqs receive-message": "an upload that was put aside",
    "aws sqs purge-queue": "^$",
    "aws lambda list-event-source-mappings": ":function:codefree-automl-StartTrainingFunction-",
    "aws lambda update-event-source-mapping": '"State": "Enabl',
}
# Held against AWS's own description of the service; why they cannot be run here.
ONLY_AWS = {
    "aws service-quotas list-service-quotas": "quotas are AWS's",
    "aws service-quotas request-service-quota-increase": "quotas are AWS's",
    "aws lambda get-account-settings": "quotas are AWS's",
    "aws cloudformation continue-update-rollback": "no update fails here",
    "aws cloudformation detect-stack-drift": "nobody changes anything by hand here",
    "aws cloudformation describe-stack-resource-drifts": "nobody changes anything by hand here",
    "aws cloudformation delete-stack": "it would take this stack from the other tests",
    "aws apigateway get-account": "the role for an account's API logs is AWS's",
    "aws sqs start-message-move-task": "moto does not know it; test_putting_back.py plays it",
}


OPTIONS_OF_SAM = """
import json
from samcli.commands.delete.command import cli as delete
from samcli.commands.deploy.command import cli as deploy
options = lambda command: [name for p in command.params for name in (*p.opts, *p.secondary_opts)]
print(json.dumps({"delete": options(delete), "deploy": options(deploy)}))
"""


def commands() -> list[str]:
    """Every command of the page, in its order."""
    blocks = r"^```sh\n(.*?)^```"
    spans = rf"`((?:{'|'.join(map(re.escape, PROGRAMS))})[^`]+)`"
    found = re.finditer(f"{blocks}|{spans}", PAGE, re.MULTILINE | re.DOTALL)
    lines = [line for match in found for line in (match[1] or match[2]).splitlines()]
    return list(dict.fromkeys(lines))


def of(program: str) -> list[str]:
    return [command for command in commands() if command.startswith(program)]


def entry(table: Mapping[str, str], command: str) -> str:
    """The longest beginning of the command that is in the table; nothing where none is."""
    plain = command.replace('"', "")
    return max((key for key in table if plain.startswith(key)), key=len, default="")


@pytest.fixture(scope="module")
def stack() -> Iterator[Cloud]:
    parameters = {"SettleSeconds": "0", "RetrySeconds": "60", "TranslationFallback": "none"}
    chosen = Settings(parameters=parameters, training_source=STUB_TRAINING)
    with own_cloud(chosen) as cloud:
        yield cloud


def set_the_scene(stack: Cloud, found: dict[str, str]) -> None:
    """All that is to be looked at, and what moto leaves out of the template."""
    sqs, logs = stack.endpoint.client("sqs"), stack.endpoint.client("logs")
    for queue in ("UploadDeadLetterQueue", "ResultsDeadLetterQueue"):
        sqs.send_message(QueueUrl=found[queue], MessageBody="an upload that was put aside")
    stack.endpoint.client("sns").subscribe(
        TopicArn=found["ResultsTopic"], Protocol="email", Endpoint="on-call@example.com"
    )
    logs.create_log_group(logGroupName="/aws/sagemaker/TrainingJobs")
    for group, line in (
        ("/aws/sagemaker/TrainingJobs", "a line of the job"),
        (found["StartTrainingLogs"], "about titanic"),
    ):
        logs.create_log_stream(logGroupName=group, logStreamName="titanic-0")
        event = {"timestamp": int(time.time() * 1000), "message": line}
        logs.put_log_events(logGroupName=group, logStreamName="titanic-0", logEvents=[event])
    put_translator(stack)
    raise_alarm(stack)


def put_translator(stack: Cloud) -> None:
    sagemaker = stack.endpoint.client("sagemaker")
    role = f"arn:aws:iam::{ACCOUNT}:role/any"
    image = {"Image": "image", "ModelDataUrl": f"s3://{stack.bucket}/models/x/model.tar.gz"}
    sagemaker.create_model(ModelName="x", ExecutionRoleArn=role, PrimaryContainer=image)
    serverless = {"MemorySizeInMB": 3072, "MaxConcurrency": 5}
    variant = {"VariantName": "main", "ModelName": "x", "ServerlessConfig": serverless}
    sagemaker.create_endpoint_config(EndpointConfigName="x", ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName="codefree-automl-en-de", EndpointConfigName="x")


def raise_alarm(stack: Cloud) -> None:
    cloudwatch = stack.endpoint.client("cloudwatch")
    name = "codefree-automl-UploadsPutAside"
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        MetricName="ApproximateNumberOfMessagesVisible",
        Namespace="AWS/SQS",
        Period=300,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
    )
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a reason")


@pytest.fixture(scope="module")
def placeholders(stack: Cloud) -> dict[str, str]:
    """What an engineer would fill in."""
    cloudformation = stack.endpoint.client("cloudformation")
    listed = cloudformation.describe_stack_resources(StackName=STACK_NAME)["StackResources"]
    found = {
        made["LogicalResourceId"]: made["PhysicalResourceId"]
        for made in listed
        # moto does not say the names of all it has made.
        if {"LogicalResourceId", "PhysicalResourceId"} <= made.keys()
    }
    set_the_scene(stack, found)
    s3 = stack.endpoint.client("s3")
    here = {"LocationConstraint": stack.endpoint.region}
    s3.create_bucket(Bucket="codefree-automl-empty", CreateBucketConfiguration=here)
    mappings = stack.endpoint.client("lambda").list_event_source_mappings()
    return {
        **found,
        "bucket": stack.bucket,
        "region": stack.endpoint.region,
        "empty bucket": "codefree-automl-empty",
        "job": "titanic-",
        "running job": running(stack, "penguins 1"),
        "uuid": mappings["EventSourceMappings"][0]["UUID"],
    }


@pytest.fixture
def shell(stack: Cloud, tmp_path: Path) -> Callable[[str], str]:
    """Runs a command in the project's folder, as an engineer whose AWS is the embedded one."""
    for name in ("samples", ".venv"):
        (tmp_path / name).symlink_to(ROOT / name)
    environ = {
        **stack.endpoint.environ,
        "PATH": f"{TOOLS}:{os.environ['PATH']}",
        "HOME": "/dev/null",
    }

    def run(command: str) -> str:
        # Version 1 of the command line takes a queue's endpoint from nowhere else.
        here = re.sub("^aws ", f"aws --endpoint-url {stack.endpoint.url} ", command)
        done = subprocess.run(
            ["bash", "-c", here], cwd=tmp_path, env=environ, capture_output=True, text=True
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout

    return run


def filled(command: str, placeholders: Mapping[str, str]) -> str:
    return re.sub(r"<([^<>]+)>", lambda found: placeholders[found[1]], command)


@pytest.mark.skipif(not TOOLS.exists(), reason="no aws command line: make .venv-operations/ready")
def test_every_command_that_the_embedded_aws_can_run_does_what_the_page_says(
    stack: Cloud, placeholders: dict[str, str], shell: Callable[[str], str]
) -> None:
    looked_at = set()
    programs = ("export ", "aws ", ".venv/bin/codefree ")
    for command in [command for command in commands() if command.startswith(programs)]:
        if entry(ONLY_AWS, command):
            continue
        expected = RUN[entry(RUN, command)]
        looked_at.add(entry(RUN, command))
        if command.startswith(LOOKS_AT_THE_JOB):
            placeholders["job"] = eventually(lambda: trained(stack))
        said = shell(filled(command, placeholders))
        assert re.search(expected, said, re.MULTILINE), f"{command}\n{said}"
    assert looked_at == set(RUN), "what the page no longer says"
    assert left_over(stack, placeholders) == {"Stopped", "empty queue", "30 days"}


def trained(stack: Cloud) -> str | None:
    """The job of the dataset that the page uploads, as soon as it is published."""
    listed = stack.endpoint.client("s3").list_objects_v2(Bucket=stack.bucket, Prefix="results/")
    if "results/costs.csv" not in {entry["Key"] for entry in listed.get("Contents", [])}:
        return None
    status = status_from_json(text(stack, "results/titanic/status.json").encode())
    return status.job if status.state == "completed" else None


def left_over(stack: Cloud, placeholders: dict[str, str]) -> set[str]:
    """What the commands that print nothing have done."""
    described = stack.endpoint.client("sagemaker").describe_training_job(
        TrainingJobName=placeholders["running job"]
    )
    letters = stack.endpoint.client("sqs").get_queue_attributes(
        QueueUrl=placeholders["ResultsDeadLetterQueue"],
        AttributeNames=["ApproximateNumberOfMessages"],
    )["Attributes"]
    (group,) = stack.endpoint.client("logs").describe_log_groups(
        logGroupNamePrefix="/aws/sagemaker/TrainingJobs"
    )["logGroups"]
    return {
        # It stops within seconds; that is SageMaker's part.
        described["TrainingJobStatus"].replace("Stopping", "Stopped"),
        "empty queue" if letters["ApproximateNumberOfMessages"] == "0" else "full queue",
        f"{group['retentionInDays']} days",
    }


def test_every_command_for_aws_alone_is_one_that_aws_knows() -> None:
    session = boto3.Session(region_name="us-east-1")
    known = [command for command in of("aws ") if entry(ONLY_AWS, command)]
    assert {entry(ONLY_AWS, command) for command in known} == set(ONLY_AWS)
    for command in known:
        _, service, operation, *words = shlex.split(command)
        model = session.client(service).meta.service_model  # type: ignore[call-overload]
        names = {xform_name(name, "-"): name for name in model.operation_names}
        shape = model.operation_model(names[operation]).input_shape
        options = {word.removeprefix("--") for word in words if word.startswith("--")}
        options -= {"query", "output"}
        members = {xform_name(name, "-"): name for name in shape.members}
        assert options <= members.keys(), command
        assert set(shape.required_members) <= {members[option] for option in options}, command


def test_every_option_of_sam_is_one_that_sam_knows() -> None:
    workflow = (ROOT / ".github/workflows/deploy.yml").read_text()
    used = [*of(".venv-sam/bin/sam "), *re.findall(r"\.venv-sam/bin/sam .*", workflow)]
    python = ROOT / ".venv-sam/bin/python"
    known = json.loads(subprocess.check_output([python, "-c", OPTIONS_OF_SAM]))
    assert {shlex.split(command)[1] for command in used} == known.keys()
    for command in used:
        _, action, *words = shlex.split(command)
        assert {word for word in words if word.startswith("--")} <= set(known[action]), command
    overridden = re.findall(r"--parameter-overrides (\w+)=", PAGE)
    assert overridden and set(overridden) <= set(PARAMETERS)


def test_every_target_that_is_made_is_in_the_makefile() -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {command.split()[1] for command in of("make ")} <= targets


def test_git_brings_another_version_and_keeps_what_was_answered(tmp_path: Path) -> None:
    def git(folder: str, command: str) -> None:
        as_somebody = "-c user.name=Me -c user.email=me@example.com"
        run = ["bash", "-ec", command.replace("git ", f"git {as_somebody} ")]
        subprocess.run(run, cwd=tmp_path / folder, check=True, capture_output=True)

    origin, config = tmp_path / "origin", tmp_path / "clone/samconfig.toml"
    origin.mkdir()
    (origin / "samconfig.toml").write_text("a\n\n\n\nversion = 1\n")
    git("origin", "git init -q; git add .; git commit -qm 1; git tag v1; git clone -q . ../clone")
    (origin / "samconfig.toml").write_text("a\n\n\n\nversion = 2\n")
    git("origin", "git commit -qam 2; git tag v2")
    config.write_text("answered\n\n\n\nversion = 1\n")
    versions = {"tag": "v2", "older tag": "v1"}
    fetch, upgrade, stash, pop, older = (filled(command, versions) for command in of("git "))
    git("clone", f"{fetch}; {stash}; {upgrade}; {pop}")
    assert config.read_text() == "answered\n\n\n\nversion = 2\n"
    git("clone", f"{stash}; {older}; {pop}")
    assert config.read_text() == "answered\n\n\n\nversion = 1\n"
