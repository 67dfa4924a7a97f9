"""Which requests may come from a stranger's page, and which signature is the right one."""

import io
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from codefree.front_door import LONGEST_SECONDS, SKEW_SECONDS, FrontDoor, foreign

HERE = "127.0.0.1:5555"
SECRET, REGION = "the secret of this run", "eu-west-1"


def environ(method: str = "GET", host: str = HERE, **variables: str) -> dict[str, Any]:
    named = {f"HTTP_{name.upper()}": value for name, value in variables.items()}
    return {"REQUEST_METHOD": method, "wsgi.url_scheme": "http", "HTTP_HOST": host, **named}


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:5555",
        "localhost:5555",
        "localhost",
        "LOCALHOST:8888",
        "[::1]:5555",
        "bucket.localhost:5555",
        "host.docker.internal:5555",
        "172.17.0.1:5555",
    ],
)
def test_this_machines_own_names_are_known(host: str) -> None:
    assert foreign(environ(host=host), address="172.17.0.1") is None


@pytest.mark.parametrize(
    "host",
    [
        "foreign.example:5555",
        "127.0.0.1.foreign.example",
        "localhost.foreign.example",
        "notlocalhost",
        "127.0.0.2:5555",
        "192.168.1.7:5555",
        "user@foreign.example",
        "[::1",
        "[::ffff:127.0.0.1]",
        "127.0.0.1.",
        "0.0.0.0:5555",
        "2130706433",
        "0x7f000001",
        "127.1",
        "127.0.0.1:80@foreign.example",
        "foreign.example\\@127.0.0.1",
        "foreign.example/@localhost",
        "localhost:foreign.example",
        "127.0.0.1,foreign.example",
        "",
    ],
)
def test_any_other_name_is_foreign(host: str) -> None:
    assert foreign(environ(host=host)) is not None
    assert foreign(environ(host=host, origin=f"http://{host}")) is not None


@pytest.mark.parametrize("origin", ["https://foreign.example", "null", "http://127.0.0.1:8099", ""])
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_a_page_of_another_origin_is_foreign(method: str, origin: str) -> None:
    assert foreign(environ(method, origin=origin)) is not None
    assert foreign(environ(method, origin=origin), origins=["https://own.example"]) is not None


def test_the_page_of_the_port_itself_and_pages_that_are_named_may_ask() -> None:
    assert foreign(environ("POST", origin=f"http://{HERE}", sec_fetch_site="same-origin")) is None
    named = environ("POST", origin="https://own.example", sec_fetch_site="cross-site")
    assert foreign(named, origins=["https://own.example"]) is None
    assert foreign(named, origins=["*"]) is None


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_what_another_page_shows_is_foreign_and_a_link_to_here_is_not(site: str) -> None:
    assert foreign(environ(sec_fetch_site=site, sec_fetch_dest="image")) is not None
    assert foreign(environ("POST", sec_fetch_site=site, sec_fetch_dest="document")) is not None
    assert foreign(environ(sec_fetch_site=site, sec_fetch_dest="document")) is None
    assert foreign(environ(sec_fetch_site="none", sec_fetch_dest="document")) is None


def answered(
    request: AWSRequest,
    secret: str | None = SECRET,
    after: float = 0.0,
    heard: Callable[[dict[str, Any]], object] = id,
) -> int:
    """The status that the door answers with, so many seconds later, to a request as signed.

    `heard` hears what the door lets through.
    """
    asked = urlsplit(request.url)
    body = request.body or b""
    headers = {
        name.upper().replace("-", "_"): str(value) for name, value in request.headers.items()
    }
    kept = ("CONTENT_TYPE", "CONTENT_LENGTH")
    given = environ(request.method, host=asked.netloc) | {
        "REQUEST_URI": asked.path + (f"?{asked.query}" if asked.query else ""),
        "QUERY_STRING": asked.query,
        "wsgi.input": io.BytesIO(body),
        "CONTENT_LENGTH": str(len(body)),
        **{(name if name in kept else f"HTTP_{name}"): value for name, value in headers.items()},
    }

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        assert environ["wsgi.input"].read() == body
        heard(environ)
        start_response("200 OK", [])
        return []

    statuses: list[str] = []
    door = FrontDoor(
        application, "127.0.0.1", REGION, {"local": secret}.get, now=lambda: time.time() + after
    )
    list(door(given, lambda status, headers: statuses.append(status)))
    return int(statuses[0].split()[0])


REQUESTS = {
    "keys": ("GET", "/bucket?list-type=2&prefix=a%2Fb%20c&delimiter=", b"", {}),
    "flag": ("GET", "/bucket?versioning", b"", {}),
    "odd key": ("PUT", "/bucket/data//a%20b/%ED%8E%AD%EA%B7%84.csv", b"1,2", {}),
    "dots": ("PUT", "/bucket/a/../b", b"1", {"x-amz-meta-a_b": "c   d"}),
    "json": ("POST", "/", b"{}", {"Content-Type": "application/x-amz-json-1.1"}),
    "form": ("POST", "/", b"Action=A&B=%2F", {"Content-Type": "application/x-www-form-urlencoded"}),
}
# What botocore's signer gives an address that is presigned.
PRESIGNED = S3SigV4QueryAuth.DEFAULT_EXPIRES
SIGNERS = {"s3": S3SigV4Auth, "sqs": SigV4Auth, "presigned": S3SigV4QueryAuth}


def signed(what: str, by: str, secret: str = SECRET) -> AWSRequest:
    method, path, body, headers = REQUESTS[what]
    # What is written to a presigned address is not known when it is signed.
    known = b"" if by == "presigned" else body
    request = AWSRequest(method, f"http://{HERE}{path}", headers, known)
    service = "sqs" if by == "sqs" else "s3"
    SIGNERS[by](Credentials("local", secret), service, REGION).add_auth(request)
    request.data = body
    return request


@pytest.mark.parametrize("by", SIGNERS)
@pytest.mark.parametrize("what", REQUESTS)
def test_a_clients_signature_opens_and_no_other_does(what: str, by: str) -> None:
    assert answered(signed(what, by)) == 200
    assert answered(signed(what, by, secret="local")) == 403
    assert answered(signed(what, by), secret=None) == 403


@pytest.mark.parametrize("by", ["s3", "sqs"])
def test_a_signature_is_for_one_request(by: str) -> None:
    request = signed("json", by)
    request.data = b'{"other": 1}'
    assert answered(request) == 403
    request = signed("keys", "presigned")
    request.url = request.url.replace("list-type=2", "list-type=1")
    assert answered(request) == 403


@pytest.mark.parametrize(
    ("by", "seconds"), [("s3", SKEW_SECONDS), ("sqs", SKEW_SECONDS), ("presigned", PRESIGNED)]
)
def test_a_signature_is_for_its_time(by: str, seconds: int) -> None:
    allowance = 60
    assert answered(signed("keys", by), after=seconds - allowance) == 200
    assert answered(signed("keys", by), after=seconds + allowance) == 403
    assert answered(signed("keys", by), after=allowance - SKEW_SECONDS) == 200
    assert answered(signed("keys", by), after=-allowance - SKEW_SECONDS) == 403


@pytest.mark.parametrize("seconds", [0, -1, LONGEST_SECONDS + 1])
def test_an_address_is_presigned_for_a_week_at_most(seconds: int) -> None:
    request = AWSRequest("GET", f"http://{HERE}/bucket/key")
    S3SigV4QueryAuth(Credentials("local", SECRET), "s3", REGION, seconds).add_auth(request)
    assert answered(request, after=5) == 403


@pytest.mark.parametrize(
    ("service", "region", "status"),
    [
        ("s3", REGION, 200),
        ("s3", "us-east-1", 403),
        ("sqs", "eu-west-11", 403),
        ("sqs", "", 403),
        ("iam", "us-east-1", 200),
        ("iam", "eu-west-2", 403),
        ("Sqs", REGION, 403),
        ("s3/aws4_request", REGION, 403),
    ],
)
def test_a_signature_is_for_the_region_of_this_cloud(
    service: str, region: str, status: int
) -> None:
    request = AWSRequest("GET", f"http://{HERE}/bucket/key")
    SigV4Auth(Credentials("local", SECRET), service, region).add_auth(request)
    assert answered(request) == status


@pytest.mark.parametrize("by", ["s3", "presigned"])
@pytest.mark.parametrize("header", ["X-Amz-Copy-Source", "X-Amz-Target", "x-amz-security-token"])
def test_what_says_what_to_do_is_signed(by: str, header: str) -> None:
    request = signed("keys", by)
    request.headers[header] = "/bucket/results/secret"
    assert answered(request) == 403
    request = AWSRequest("GET", f"http://{HERE}/bucket/key", {header: "/bucket/results/secret"})
    SIGNERS["s3"](Credentials("local", SECRET), "s3", REGION).add_auth(request)
    assert answered(request) == 200


class SignsWithoutHost(S3SigV4Auth):
    def headers_to_sign(self, request: AWSRequest) -> Any:
        headers = super().headers_to_sign(request)
        del headers["host"]
        return headers


def test_the_name_that_a_request_asks_for_is_signed() -> None:
    request = AWSRequest("GET", f"http://{HERE}/bucket/key")
    SignsWithoutHost(Credentials("local", SECRET), "s3", REGION).add_auth(request)
    assert answered(request) == 403


@pytest.mark.parametrize("by", SIGNERS)
def test_behind_the_door_one_header_alone_says_who_asks(by: str) -> None:
    """moto takes keys, accounts and services from wherever it finds them."""
    given: list[dict[str, Any]] = []
    request = signed("keys", by)
    request.headers["X-Moto-Account-Id"] = "999999999999"
    if by != "presigned":
        request.headers["Authorization"] += ", Other=AKIA0000000000000000/"
    assert answered(request, heard=given.append) == 200
    said = given[0]["HTTP_AUTHORIZATION"]
    day, service = time.strftime("%Y%m%d", time.gmtime()), "sqs" if by == "sqs" else "s3"
    assert said.startswith(f"AWS4-HMAC-SHA256 Credential=local/{day}/{REGION}/{service}/aws4_req")
    assert "AKIA" not in said
    assert "HTTP_X_MOTO_ACCOUNT_ID" not in given[0]


@pytest.mark.parametrize("authorization", ["AWS4-HMAC-SHA257 Credential=local/1/2/iam/5", "x"])
def test_two_signatures_open_nothing(authorization: str) -> None:
    request = signed("keys", "presigned")
    request.headers["Authorization"] = authorization
    assert answered(request) == 403


WORDS = [
    "UNSIGNED-PAYLOAD",
    "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
]


def signed_in_pieces(word: str, secret: str = SECRET) -> AWSRequest:
    class Signer(S3SigV4Auth):
        def payload(self, request: AWSRequest) -> str:
            return word

    headers = {"Content-Encoding": "aws-chunked", "X-Amz-Decoded-Content-Length": "3"}
    body = b"3;chunk-signature=0\r\n1,2\r\n0;chunk-signature=0\r\n\r\n"
    request = AWSRequest("PUT", f"http://{HERE}/bucket/key", headers, body)
    Signer(Credentials("local", secret), "s3", REGION).add_auth(request)
    return request


@pytest.mark.parametrize("word", WORDS)
def test_a_body_that_is_signed_in_pieces_comes_whole_and_its_request_is_signed(word: str) -> None:
    assert answered(signed_in_pieces(word)) == 200
    assert answered(signed_in_pieces(word, secret="local")) == 403
    for header, value in {
        "X-Amz-Decoded-Content-Length": "4",
        "X-Amz-Content-SHA256": WORDS[WORDS.index(word) - 1],
    }.items():
        changed = signed_in_pieces(word)
        changed.headers.replace_header(header, value)
        assert answered(changed) == 403


@pytest.mark.parametrize("word", ["", "UNSIGNED", "STREAMING-PAYLOAD", "F" * 64])
def test_any_other_word_stands_for_no_body(word: str) -> None:
    assert answered(signed_in_pieces(word)) == 403


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/s3/aws4_request, "
        "SignedHeaders=host, Signature=x",
        "AWS4-HMAC-SHA256 Credential=x, SignedHeaders=host, Signature=",
        "AWS4-HMAC-SHA256 Credential=é/1/2/3/4, SignedHeaders=é, Signature=é",
        "AWS local:abc",
        "Bearer x",
    ],
)
def test_anything_else_opens_nothing(authorization: str) -> None:
    headers = {"Authorization": authorization} if authorization else {}
    assert answered(AWSRequest("GET", f"http://{HERE}/moto-api/", headers)) == 403
