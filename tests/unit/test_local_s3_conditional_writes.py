import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.s3.models import S3Backend
from moto.server import ThreadedMotoServer

import codefree.s3_conditional_writes  # noqa: F401


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """moto's S3, in which a write takes so long that others look at the object meanwhile."""
    write = S3Backend.put_object

    def slowly(*args: Any, **kwargs: Any) -> Any:
        time.sleep(0.2)
        return write(*args, **kwargs)

    monkeypatch.setattr(S3Backend, "put_object", slowly)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    client = boto3.client(
        "s3",
        endpoint_url=f"http://{host}:{port}",
        region_name="us-east-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",
    )
    client.create_bucket(Bucket="conditional-writes")
    yield client
    server.stop()


def put(s3: Any, **condition: str) -> int:
    try:
        answer = s3.put_object(Bucket="conditional-writes", Key="key", Body=b"x", **condition)
    except ClientError as error:
        answer = error.response
    status: int = answer["ResponseMetadata"]["HTTPStatusCode"]
    return status


def test_of_those_who_saw_that_nothing_is_there_one_writes(s3: Any) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: put(s3, IfNoneMatch="*"), range(4)))
    assert sorted(answers) == [200, 412, 412, 412]


def test_a_write_without_a_condition_always_succeeds(s3: Any) -> None:
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda _: put(s3), range(4))) == [200] * 4
