"""What anybody may send to the ports of the embedded AWS, and what comes of it."""

import json
import re
from dataclasses import replace

import pytest
import urllib3
from botocore.config import Config
from botocore.exceptions import ClientError

from codefree.cloud import Cloud
from tests.endpoints import endpoint
from tests.http import get, post

pool = urllib3.PoolManager(retries=False)
FOREIGN = {"Origin": "https://foreign.example"}


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
@pytest.mark.parametrize("path", ["", "moto-api/", "moto-api/reset", "?Action=ListRoles"])
def test_aws_answers_nobody_without_a_key(cloud: Cloud, method: str, path: str) -> None:
    answer = pool.request(method, f"{cloud.endpoint.url}/{path}", headers=FOREIGN)
    unsigned = pool.request(method, f"{cloud.endpoint.url}/{path}")

    assert (answer.status, unsigned.status) == (403, 403)
    assert [name for name in answer.headers if name.lower().startswith("access-control")] == []


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("s3", "list_buckets"),
        ("iam", "list_roles"),
        ("sqs", "list_queues"),
        ("sts", "get_caller_identity"),
        ("sagemaker", "list_training_jobs"),
        ("cloudformation", "describe_stacks"),
    ],
)
def test_a_wrong_secret_is_told_so(cloud: Cloud, service: str, operation: str) -> None:
    endpoint = replace(cloud.endpoint, secret_access_key="local")
    ask = getattr(endpoint.client(service), operation)
    with pytest.raises(ClientError, match=r"SignatureDoesNotMatch.*that codefree up has printed"):
        ask()


def test_a_key_that_nobody_has_opens_nothing(cloud: Cloud) -> None:
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        replace(cloud.endpoint, access_key_id="AKIA0000000000000000").client("s3").list_buckets()


def test_keys_that_were_made_in_it_open_it(cloud: Cloud) -> None:
    iam = cloud.endpoint.client("iam")
    iam.create_user(UserName="student")
    made = iam.create_access_key(UserName="student")["AccessKey"]
    student = replace(
        cloud.endpoint,
        access_key_id=made["AccessKeyId"],
        secret_access_key=made["SecretAccessKey"],
    )
    assert student.client("s3").list_buckets()["Buckets"]


def test_every_run_has_another_secret(cloud: Cloud) -> None:
    assert re.fullmatch(r"[\w-]{40}", cloud.endpoint.secret_access_key)
    assert cloud.endpoint.secret_access_key not in {
        "local",
        *cloud.endpoint.in_role(cloud.resources["TrainingJobRole"].arn).environ.values(),
    }


def test_the_api_answers_its_own_page_and_no_other(cloud: Cloud) -> None:
    assert cloud.api is not None
    own = cloud.api.url.rstrip("/")
    assert post(cloud, {"text": "12"}, Origin=own).status == 200
    assert post(cloud, {"text": "12"}, **FOREIGN).status == 403
    assert post(cloud, {"text": "12"}, Host="foreign.example").status == 403
    assert post(cloud, {"text": "12"}, Origin="http://127.0.0.1:1").status == 403
    for header in (FOREIGN, {"Host": "foreign.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert pool.request("GET", cloud.api.url, headers=header).status == 403
    assert get(cloud, "").status == 200


def test_a_model_server_answers_only_who_has_started_it(cloud: Cloud) -> None:
    body = json.dumps({"instances": [{"data": "x"}]})
    with endpoint(cloud, "en-aa", "pass", version="alone"):
        (server,) = (one for one in cloud.endpoints.servers if "alone" in one.folder.name)
        url = f"http://127.0.0.1:{server.port}"
        for headers in ({}, {"X-Secret": "é"}, {"X-Secret": "wrong"}, FOREIGN):
            assert pool.request("GET", f"{url}/ping", headers=headers).status == 403
            answer = pool.request("POST", f"{url}/invocations", body=body, headers=headers)
            assert (answer.status, answer.data) == (403, b"")


TRICKS = {
    "a presigned address": {},
    "another region in the User-Agent": {"User-Agent": "x region/eu-west-9"},
    "another account": {"X-Moto-Account-Id": "999999999999"},
}


@pytest.mark.parametrize("headers", TRICKS.values(), ids=TRICKS)
def test_a_role_may_do_no_more_by_a_presigned_address(
    cloud: Cloud, headers: dict[str, str]
) -> None:
    role = cloud.endpoint.in_role(cloud.resources["TrainingJobRole"].arn)
    config = Config(signature_version="s3v4", s3={"addressing_style": "path"})
    s3 = role.session().client("s3", endpoint_url=cloud.endpoint.url, config=config)
    place = {"Bucket": cloud.bucket, "Key": "data/not_of_the_job.csv"}
    cloud.endpoint.client("s3").put_object(**place, Body=b"x")
    for operation, method in (("get_object", "GET"), ("delete_object", "DELETE")):
        url = s3.generate_presigned_url(operation, place)
        assert pool.request(method, url, headers=headers).status == 403
    assert cloud.endpoint.client("s3").get_object(**place)["Body"].read() == b"x"


def test_a_role_may_do_no_more_in_another_region(cloud: Cloud) -> None:
    role = cloud.endpoint.in_role(cloud.resources["TrainingJobRole"].arn)
    for asked in (role, cloud.endpoint):
        with pytest.raises(ClientError, match=r"signed for the region 'eu-west-9'"):
            replace(asked, region="eu-west-9").client("s3").list_buckets()


def test_a_presigned_address_opens_what_it_names_and_nothing_else(cloud: Cloud) -> None:
    url = cloud.endpoint.presigned_put(cloud.bucket, "answer", cloud.endpoint.url)
    assert pool.request("PUT", url.replace("answer", "other"), body=b"x").status == 403
    assert pool.request("GET", url).status == 403
    assert pool.request("PUT", url, body=b"x").status == 200
    s3 = cloud.endpoint.client("s3")
    assert s3.get_object(Bucket=cloud.bucket, Key="answer")["Body"].read() == b"x"
