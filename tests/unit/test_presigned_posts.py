"""Forms by which a page puts a file into a bucket: which are taken, and as which request."""

import base64
import io
import json
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from hypothesis import given
from hypothesis import strategies as st
from urllib3.filepost import encode_multipart_formdata

from codefree.front_door import FrontDoor
from codefree.presigned_posts import PageForms

SECRET, REGION, BUCKET, KEY = "the secret of this run", "eu-west-1", "bucket", "data/a b_train.csv"
ORIGIN = "http://127.0.0.1:5556"
SECONDS, MOST = 600, 1000


def signed(**more: Any) -> dict[str, str]:
    """The fields of a form, as a function makes them with boto3."""
    s3 = boto3.client(
        "s3",
        REGION,
        aws_access_key_id="local",
        aws_secret_access_key=SECRET,
        config=Config(signature_version="s3v4"),
    )
    conditions = [["content-length-range", 1, MOST], *more.pop("conditions", [])]
    made = s3.generate_presigned_post(
        BUCKET, KEY, Conditions=conditions, ExpiresIn=SECONDS, Fields=more or None
    )
    fields: dict[str, str] = made["fields"]
    return fields


class Door:
    """The embedded AWS, which hears what is let through."""

    def __init__(self, after: float = 0) -> None:
        self.heard: list[dict[str, Any]] = []
        self._door = FrontDoor(
            self._application,
            "127.0.0.1",
            REGION,
            {"local": SECRET}.get,
            now=lambda: time.time() + after,
            forms=PageForms({BUCKET: frozenset([ORIGIN])}),
        )

    def _application(self, environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        environ["content"] = environ["wsgi.input"].read()
        self.heard.append(environ)
        start_response("200 OK", [])
        yield b""

    def post(
        self, fields: dict[str, str], content: bytes = b"a\n1\n", origin: str | None = ORIGIN
    ) -> int:
        """The status of the answer to a form with a file."""
        body, kind = encode_multipart_formdata({**fields, "file": ("own.csv", content)})
        return self.ask(body, kind, origin)

    def ask(self, body: bytes, kind: str, origin: str | None) -> int:
        environ = {
            "REQUEST_METHOD": "POST",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "HTTP_HOST": "127.0.0.1:5555",
            "PATH_INFO": f"/{BUCKET}",
            "REQUEST_URI": f"/{BUCKET}",
            "QUERY_STRING": "",
            "CONTENT_TYPE": kind,
            "CONTENT_LENGTH": str(len(body)),
            **({"HTTP_ORIGIN": origin} if origin is not None else {}),
        }
        said: list[str] = []
        list(self._door(environ, lambda status, headers, _=None: said.append(status)))
        return int(said[0].split()[0])


def test_a_form_becomes_the_put_that_it_stands_for() -> None:
    door = Door()
    assert door.post(signed()) == 204
    (put,) = door.heard
    assert (put["REQUEST_METHOD"], put["PATH_INFO"]) == ("PUT", f"/{BUCKET}/{KEY}")
    assert put["content"] == b"a\n1\n"
    assert "Credential=local/" in put["HTTP_AUTHORIZATION"]


@pytest.mark.parametrize(
    "name", ["key", "policy", "x-amz-date", "x-amz-credential", "x-amz-signature"]
)
@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=40))
def test_no_field_of_a_form_can_be_another(name: str, value: str) -> None:
    fields = signed()
    if value == fields[name]:
        return
    door = Door()
    assert door.post({**fields, name: value}) in (400, 403)
    assert door.heard == []


@given(st.text(st.characters(codec="ascii", categories=["Ll"]), min_size=1, max_size=12))
def test_no_field_can_be_added(name: str) -> None:
    if name in signed() or name in ("file", "bucket"):
        return
    door = Door()
    assert door.post({**signed(), name: "x"}) == 403
    assert door.heard == []


@pytest.mark.parametrize("after", [SECONDS + 5, 10 * SECONDS])
def test_a_form_expires(after: float) -> None:
    door = Door(after)
    assert door.post(signed()) == 403
    assert door.heard == []


@pytest.mark.parametrize(("size", "status"), [(0, 400), (1, 204), (MOST, 204), (MOST + 1, 400)])
def test_a_file_has_the_size_that_the_form_allows(size: int, status: int) -> None:
    assert Door().post(signed(), b"x" * size) == status


@pytest.mark.parametrize("origin", ["https://foreign.example", "null", "http://127.0.0.1:5557"])
def test_a_page_of_another_origin_sends_nothing(origin: str) -> None:
    door = Door()
    assert door.post(signed(), origin=origin) == 403
    assert door.heard == []


def test_a_beginning_of_a_value_may_be_all_that_is_asked() -> None:
    fields = signed(conditions=[["starts-with", "$content-type", "text/"]])
    assert Door().post({**fields, "content-type": "text/csv"}) == 204
    assert Door().post({**fields, "content-type": "image/png"}) == 403


@given(st.binary(max_size=200))
def test_what_is_no_form_is_refused(body: bytes) -> None:
    door = Door()
    assert door.ask(body, "multipart/form-data; boundary=a", ORIGIN) in (400, 403)
    assert door.heard == []


def test_the_policy_names_the_key_and_the_size() -> None:
    """What a function signs, so that the rest means something."""
    policy = json.loads(base64.b64decode(signed()["policy"]))
    assert {"key": KEY} in policy["conditions"]
    assert ["content-length-range", 1, MOST] in policy["conditions"]
