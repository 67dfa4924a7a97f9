"""A stack of which a company demands everything at once: what its jobs and endpoints are then."""

from collections.abc import Iterator
from typing import Any

import pytest
from moto.server import ThreadedMotoServer

from codefree.aws import ACCOUNT, Endpoint
from codefree.cloud import Cloud, Settings, open_cloud
from tests.clouds import own_region
from tests.conftest import STUB_TRAINING, eventually
from tests.translators import answers, upload
from tests.uploads import TRAIN, drop, ended, keys

BUCKET = "company-data-of-jobs"
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/0a1b2c3d-4e5f"
NETWORK = {"SecurityGroupIds": ["sg-0a1b2c3d"], "Subnets": ["subnet-0a1b2c3d", "subnet-1a2b3c4d"]}
PARAMETERS = {
    "SettleSeconds": "0",
    "RetrySeconds": "60",
    "TranslationFallback": "none",
    "SubnetIds": ",".join(NETWORK["Subnets"]),
    "SecurityGroupIds": ",".join(NETWORK["SecurityGroupIds"]),
    "EndpointInstanceType": "ml.m5.large",
    "KmsKeyArn": KEY,
    "PermissionsBoundaryArn": f"arn:aws:iam::{ACCOUNT}:policy/boundary",
    "RolePath": "/teams/data/",
    "ExistingBucket": BUCKET,
    "ResourceTags": "team=data,cost-center=42",
    "DeleteDataWithStack": "true",
}


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with own_region() as region:
        make_bucket(region)
        settings = Settings(
            region=region,
            stack_name="Company-Stack",
            parameters=PARAMETERS,
            training_source=STUB_TRAINING,
        )
        with open_cloud(settings) as cloud:
            yield cloud


def make_bucket(region: str) -> None:
    """The company's, which sends its events to EventBridge and keeps no versions."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    s3 = Endpoint(f"http://127.0.0.1:{server.get_host_and_port()[1]}", region).client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": region})
    s3.put_bucket_notification_configuration(
        Bucket=BUCKET, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    server.stop()


def tags(cloud: Cloud, arn: str) -> dict[str, str]:
    found = cloud.endpoint.client("sagemaker").list_tags(ResourceArn=arn)["Tags"]
    return {tag["Key"]: tag["Value"] for tag in found}


def assert_tagged(cloud: Cloud, arn: str) -> None:
    expected = {"team": "data", "cost-center": "42", "codefree-automl:stack": "Company-Stack"}
    assert expected.items() <= tags(cloud, arn).items()


def test_a_training_job_is_in_the_subnets_encrypted_and_tagged(cloud: Cloud, name: str) -> None:
    assert cloud.bucket == BUCKET
    drop(cloud, f"data/{name}.json", '{"target": "species"}')
    drop(cloud, f"data/{name}_train.csv", TRAIN)
    found = ended(cloud, name)
    assert found["state"] == "completed"
    assert found["files"]["report"] in keys(cloud)
    described: dict[str, Any] = cloud.endpoint.client("sagemaker").describe_training_job(
        TrainingJobName=found["job"]
    )
    assert described["VpcConfig"] == NETWORK
    assert described["ResourceConfig"]["VolumeKmsKeyId"] == KEY
    assert described["OutputDataConfig"]["KmsKeyId"] == KEY
    assert ":role/teams/data/" in described["RoleArn"]
    assert_tagged(cloud, described["TrainingJobArn"])


def test_an_endpoint_and_what_it_is_made_of_are_too(cloud: Cloud) -> None:
    upload(cloud, "firma")
    eventually(lambda: answers(cloud, "firma"))
    sagemaker = cloud.endpoint.client("sagemaker")
    endpoint = sagemaker.describe_endpoint(EndpointName=cloud.endpoint_name("en-de"))
    config = sagemaker.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
    (variant,) = config["ProductionVariants"]
    assert variant["InstanceType"] == "ml.m5.large"
    assert config["KmsKeyId"] == KEY
    model = sagemaker.describe_model(ModelName=variant["ModelName"])
    assert model["VpcConfig"] == NETWORK
    for arn in (endpoint["EndpointArn"], config["EndpointConfigArn"], model["ModelArn"]):
        assert_tagged(cloud, arn)
