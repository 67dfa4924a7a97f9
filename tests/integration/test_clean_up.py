"""What the deletion of a stack takes along, with the listener that CloudFormation would be."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import HTTPServer
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError
from moto.cloudformation.models import cloudformation_backends
from moto.sagemaker.exceptions import SagemakerClientError, ValidationError
from moto.sagemaker.responses import SageMakerResponse

from codefree.aws import ACCOUNT
from codefree.cloud import Cloud, Settings
from tests.clouds import own_cloud
from tests.conftest import STUB_TRAINING, eventually
from tests.stack_deletion import Listener, running
from tests.uploads import drop, ended

OTHER = "codefree-automl-b"


@pytest.fixture(scope="module")
def stack() -> Iterator[Cloud]:
    parameters = {
        "SettleSeconds": "0",
        "RetrySeconds": "60",
        "TranslationFallback": "none",
        "DeleteDataWithStack": "true",
    }
    chosen = Settings(parameters=parameters, training_source=STUB_TRAINING)
    with own_cloud(chosen) as cloud:
        yield cloud


@pytest.fixture
def name() -> str:
    return f"penguins {uuid4().hex[:6]}"


class CloudFormation:
    """Sends requests to the function of the custom resource, and keeps its answers."""

    def __init__(self, stack: Cloud) -> None:
        self._stack = stack
        described = stack.endpoint.client("cloudformation").describe_stacks(
            StackName=stack.stack_name
        )
        self.stack_id: str = described["Stacks"][0]["StackId"]
        self.listener = type("Own", (Listener,), {"answers": [], "refuse": 0})
        self.server = HTTPServer(("127.0.0.1", 0), self.listener)
        self.port = self.server.server_port

    def send(
        self, kind: str, stack_status: str, delete_data: str = "false", **more: str
    ) -> dict[str, str]:
        record = cloudformation_backends[ACCOUNT][self._stack.endpoint.region].stacks[self.stack_id]
        before, record.status = record.status, stack_status
        event = {
            "RequestType": kind,
            "ResponseURL": f"http://127.0.0.1:{self.port}/answer?signature=x",
            "StackId": self.stack_id,
            "RequestId": uuid4().hex,
            "LogicalResourceId": "CleanUp",
            "PhysicalResourceId": "CleanUp",
            "ResourceProperties": {
                "Stack": self._stack.stack_name,
                "Bucket": self._stack.bucket,
                "DeleteData": delete_data,
            },
            **more,
        }
        try:
            self._stack.functions["CleanUpFunction"].invoke(event)
        finally:
            record.status = before
        assert self.listener.answers[-1]["RequestId"] == event["RequestId"]
        return dict(self.listener.answers[-1])


@contextmanager
def answered(stack: Cloud) -> Iterator[CloudFormation]:
    """With a listener for what the function answers."""
    sender = CloudFormation(stack)
    thread = threading.Thread(target=sender.server.serve_forever, daemon=True)
    thread.start()
    try:
        yield sender
    finally:
        sender.server.shutdown()
        sender.server.server_close()


@pytest.fixture
def cloudformation(stack: Cloud) -> Iterator[CloudFormation]:
    with answered(stack) as sender:
        yield sender


def serve(stack: Cloud, owner: str, job: str) -> str:
    """A model, its configuration and an endpoint, as a finished translator gets them."""
    sagemaker = stack.endpoint.client("sagemaker")
    tags = [{"Key": "codefree-automl:stack", "Value": owner}]
    role = f"arn:aws:iam::{ACCOUNT}:role/any"
    model = {"Image": "image", "ModelDataUrl": f"s3://{stack.bucket}/models/{job}/model.tar.gz"}
    sagemaker.create_model(ModelName=job, ExecutionRoleArn=role, PrimaryContainer=model, Tags=tags)
    variant = {
        "VariantName": "main",
        "ModelName": job,
        "ServerlessConfig": {"MemorySizeInMB": 3072, "MaxConcurrency": 5},
    }
    sagemaker.create_endpoint_config(
        EndpointConfigName=job, ProductionVariants=[variant], Tags=tags
    )
    suffix = job[-4:]
    endpoint = stack.endpoint_name(suffix) if owner == stack.stack_name else f"{owner}-{suffix}"
    sagemaker.create_endpoint(EndpointName=endpoint, EndpointConfigName=job, Tags=tags)
    return endpoint


def served(stack: Cloud) -> set[str]:
    """The names of all endpoints, configurations and models that there are."""
    sagemaker = stack.endpoint.client("sagemaker")
    return {
        *(e["EndpointName"] for e in sagemaker.list_endpoints()["Endpoints"]),
        *(c["EndpointConfigName"] for c in sagemaker.list_endpoint_configs()["EndpointConfigs"]),
        *(m["ModelName"] for m in sagemaker.list_models()["Models"]),
    }


def state(stack: Cloud, job: str) -> str:
    described = stack.endpoint.client("sagemaker").describe_training_job(TrainingJobName=job)
    return str(described["TrainingJobStatus"])


def test_what_the_stack_made_goes_and_what_others_made_and_all_data_stay(
    stack: Cloud, cloudformation: CloudFormation, name: str
) -> None:
    job = running(stack, name)
    own = serve(stack, stack.stack_name, "translation-en-de-1-xx")
    other = serve(stack, OTHER, "translation-en-de-2-yy")
    answer = cloudformation.send("Delete", "DELETE_IN_PROGRESS")
    assert answer["Status"] == "SUCCESS", answer
    assert state(stack, job) == "Stopped"
    assert eventually(lambda: served(stack) == {other, "translation-en-de-2-yy"})
    assert own not in served(stack)
    assert state_of_dataset(stack, name) == "stopped"
    drop(stack, "data/still_there.txt", "yes")


def state_of_dataset(stack: Cloud, name: str) -> str:
    """The job's end was published, so that nobody waits for it for ever."""
    return str(ended(stack, name.replace("penguins", "sleeps"))["state"])


def test_another_stacks_running_job_is_not_stopped(
    stack: Cloud, cloudformation: CloudFormation, name: str
) -> None:
    job = running(stack, name)
    sagemaker = stack.endpoint.client("sagemaker")
    arn = sagemaker.describe_training_job(TrainingJobName=job)["TrainingJobArn"]
    tag = {"Key": "codefree-automl:stack", "Value": OTHER}
    sagemaker.delete_tags(ResourceArn=arn, TagKeys=[tag["Key"]])
    sagemaker.add_tags(ResourceArn=arn, Tags=[tag])
    assert cloudformation.send("Delete", "DELETE_IN_PROGRESS")["Status"] == "SUCCESS"
    assert state(stack, job) == "InProgress"
    sagemaker.stop_training_job(TrainingJobName=job)


@pytest.mark.parametrize("gone", ["GONE", "FORBIDDEN"])
def test_what_others_made_never_fails_the_clean_up(
    stack: Cloud,
    cloudformation: CloudFormation,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    gone: str,
) -> None:
    """It may vanish after it is listed, and the stack may not be allowed to describe it."""
    foreign = serve(stack, OTHER, f"translation-en-de-3-{gone.lower()}")
    job = running(stack, name)
    answer_tags = SageMakerResponse.list_tags

    def list_tags(self: SageMakerResponse) -> Any:
        arn = self._get_param("ResourceArn")
        if arn.endswith((foreign, f"3-{gone.lower()}")):
            if gone == "GONE":
                raise ValidationError("Resource does not exist.")
            raise SagemakerClientError("AccessDeniedException", "explicit deny in a policy")
        return answer_tags(self)

    monkeypatch.setattr(SageMakerResponse, "list_tags", list_tags)
    answer = cloudformation.send("Delete", "DELETE_IN_PROGRESS")
    assert answer["Status"] == "SUCCESS", answer
    assert state(stack, job) == "Stopped"
    assert foreign in served(stack)


def test_a_job_with_capitals_in_its_name_is_stopped_too(
    stack: Cloud, cloudformation: CloudFormation, name: str
) -> None:
    job = running(stack, name.replace("penguins", "penguins-ABC"))
    assert job != job.lower()
    assert cloudformation.send("Delete", "DELETE_IN_PROGRESS")["Status"] == "SUCCESS"
    assert state(stack, job) == "Stopped"


def test_jobs_are_stopped_even_if_something_else_cannot_be_cleaned_up(
    stack: Cloud, cloudformation: CloudFormation, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = running(stack, name)

    def broken(self: SageMakerResponse) -> Any:
        raise SagemakerClientError("InternalFailure", "try later")

    monkeypatch.setattr(SageMakerResponse, "list_endpoints", broken)
    assert cloudformation.send("Delete", "DELETE_IN_PROGRESS")["Status"] == "FAILED"
    assert state(stack, job) == "Stopped"


@pytest.mark.parametrize(
    ("kind", "stack_status"),
    [("Delete", "UPDATE_ROLLBACK_IN_PROGRESS"), ("Create", "CREATE_IN_PROGRESS")],
)
def test_a_stack_that_lives_on_keeps_everything_even_with_delete_data(
    stack: Cloud, cloudformation: CloudFormation, name: str, kind: str, stack_status: str
) -> None:
    key = f"data/{name}.txt"
    drop(stack, key, "precious")
    before = served(stack) | {serve(stack, stack.stack_name, f"translation-{name[-4:]}")}
    answer = cloudformation.send(kind, stack_status, delete_data="true")
    assert answer["Status"] == "SUCCESS"
    assert before <= served(stack)
    stack.endpoint.client("s3").head_object(Bucket=stack.bucket, Key=key)


def test_what_goes_wrong_is_answered_too(stack: Cloud, cloudformation: CloudFormation) -> None:
    gone = cloudformation.stack_id.replace("stack/codefree", "stack/never")
    answer = cloudformation.send("Delete", "DELETE_IN_PROGRESS", StackId=gone)
    assert answer["Status"] == "FAILED"
    assert "Not everything could be cleaned up" in answer["Reason"]


def test_an_answer_that_is_lost_on_its_way_is_sent_again(
    stack: Cloud, cloudformation: CloudFormation
) -> None:
    cloudformation.listener.refuse = 2
    assert cloudformation.send("Create", "CREATE_IN_PROGRESS")["Status"] == "SUCCESS"


def test_with_delete_data_the_bucket_goes_with_every_version(
    stack: Cloud, cloudformation: CloudFormation, name: str
) -> None:
    s3 = stack.endpoint.client("s3")
    for number in range(3):
        drop(stack, f"models/{name}", f"version {number}")
    drop(stack, f"models/{name} gone", "deleted by its owner")
    s3.delete_object(Bucket=stack.bucket, Key=f"models/{name} gone")
    listed = s3.list_object_versions(Bucket=stack.bucket, Prefix="models/")
    assert len(listed["Versions"]) >= 4 and listed["DeleteMarkers"]
    answer = cloudformation.send("Delete", "DELETE_IN_PROGRESS", delete_data="true")
    assert answer["Status"] == "SUCCESS", answer
    with pytest.raises(ClientError, match=r"404|NoSuchBucket"):
        s3.head_bucket(Bucket=stack.bucket)
    again = cloudformation.send("Delete", "DELETE_IN_PROGRESS", delete_data="true")
    assert again["Status"] == "SUCCESS", "a second sam delete finds nothing to do"
