"""Forms by which a page puts a file into a bucket: a policy, its signature, and the file.

moto knows them, and neither checks the policy nor tells of the new object as of another; so a form
that is right becomes the PUT that it stands for. Only a page that the bucket's CORS names may send
one, as a browser would see to for what it lets the page read.
"""

import base64
import hmac
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Request, Response

Environ = dict[str, Any]
FORM = "multipart/form-data"
# S3 takes 5 GB; all that the embedded AWS holds is in memory.
LARGEST_FORM = 2_100_000_000
# Fields that no condition has to name.
UNCHECKED = ("x-amz-signature", "policy", "file")
DENIALS = ("AccessDenied", "SignatureDoesNotMatch")


@dataclass(frozen=True)
class PageForms:
    """Which pages may send files to which bucket."""

    origins: dict[str, frozenset[str]] = field(default_factory=dict)
    """Bucket → origins, by the CORS of the bucket."""

    def of(self, environ: Environ) -> frozenset[str]:
        """The origins that may send this request: a form to a bucket, or the question before it."""
        method = environ["REQUEST_METHOD"]
        asks = method == "OPTIONS" and environ.get("HTTP_ACCESS_CONTROL_REQUEST_METHOD") == "POST"
        if asks or is_form(environ):
            return self.origins.get(_bucket(environ), frozenset())
        return frozenset()


class FormError(Exception):
    """Raised when a form is refused; the message is S3's code and why."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason

    @property
    def status(self) -> int:
        return 403 if self.code in DENIALS else 400


def is_form(environ: Environ) -> bool:
    kind = str(environ.get("CONTENT_TYPE", ""))
    return environ["REQUEST_METHOD"] == "POST" and kind.startswith(FORM)


def preflight(origin: str) -> Response:
    """What S3 answers a browser that asks whether a page may send a form."""
    headers = {
        **allowed(origin),
        "Access-Control-Allow-Methods": "POST",
        "Access-Control-Allow-Headers": "*",
        "Access-Control-Max-Age": "600",
    }
    return Response("", 200, headers)


def allowed(origin: str) -> dict[str, str]:
    """What lets a page of that origin read an answer; nothing for a client that is no page."""
    return {"Access-Control-Allow-Origin": origin, "Vary": "Origin"} if origin else {}


def as_put(
    environ: Environ, signature_of: Callable[[Mapping[str, str], str], str | None], now: datetime
) -> Environ:
    """The request for which the form stands.

    `signature_of` gets the fields and the policy, and answers what the signature must be; None when
    there is no such key. Raises FormError.
    """
    request = Request(environ)
    request.max_content_length = LARGEST_FORM
    try:
        fields = {name.lower(): value for name, value in request.form.items()}
        file = request.files.get("file")
    except RequestEntityTooLarge as error:
        raise FormError("EntityTooLarge", "The form is too large.") from error
    if file is None or not fields.get("key"):
        raise FormError("InvalidArgument", "A form has a key, and the file as its last field.")
    policy = fields.get("policy", "")
    expected = signature_of(fields, policy)
    given = fields.get("x-amz-signature", "")
    if expected is None or not hmac.compare_digest(expected.encode(), given.encode()):
        raise FormError("SignatureDoesNotMatch", "The form is not signed with a key of this run.")
    size = file.stream.seek(0, 2)
    file.stream.seek(0)
    bucket = _bucket(environ)
    _require_allowed(policy, {**fields, "bucket": bucket}, size, now)
    kept = {name: value for name, value in environ.items() if not name.startswith("HTTP_")}
    path = f"/{bucket}/{fields['key']}"
    return {
        **kept,
        "HTTP_HOST": environ["HTTP_HOST"],
        "HTTP_X_AMZ_CONTENT_SHA256": "UNSIGNED-PAYLOAD",
        "REQUEST_METHOD": "PUT",
        "PATH_INFO": path.encode().decode("latin-1"),
        "REQUEST_URI": quote(path, safe="/~"),
        "RAW_URI": quote(path, safe="/~"),
        "QUERY_STRING": "",
        "CONTENT_TYPE": fields.get("content-type", "binary/octet-stream"),
        "CONTENT_LENGTH": str(size),
        "wsgi.input": file.stream,
    }


def _bucket(environ: Environ) -> str:
    return str(environ["PATH_INFO"]).strip("/")


def _require_allowed(policy: str, fields: Mapping[str, str], size: int, now: datetime) -> None:
    """Every condition of the policy holds, and every field has a condition."""
    try:
        written = json.loads(base64.b64decode(policy, validate=True))
        expires = datetime.fromisoformat(written["expiration"].replace("Z", "+00:00"))
        conditions = list(_conditions(written["conditions"]))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FormError("InvalidPolicyDocument", "The policy cannot be read.") from error
    if now > expires:
        raise FormError("AccessDenied", "Invalid according to Policy: Policy expired.")
    for operator, name, value in conditions:
        if operator == "content-length-range":
            if size > int(value):
                raise FormError("EntityTooLarge", "The file is larger than the policy allows.")
            if size < int(name):
                raise FormError("EntityTooSmall", "The file is smaller than the policy allows.")
        elif not _holds(operator, fields.get(name, ""), value):
            raise FormError("AccessDenied", f"Invalid according to Policy: {name} is another.")
    named = {name for _, name, _ in conditions}
    for name in fields:
        if name not in (*UNCHECKED, *named) and not name.startswith("x-ignore-"):
            raise FormError("AccessDenied", f"Invalid according to Policy: extra field {name}.")


def _conditions(written: Iterable[Any]) -> Iterable[tuple[str, str, str]]:
    """Operator, name of the field in small letters, and value; of a range its ends."""
    for one in written:
        if isinstance(one, dict):
            ((name, value),) = one.items()
            yield "eq", name.lower(), str(value)
        else:
            operator, name, value = one
            yield operator, str(name).removeprefix("$").lower(), str(value)


def _holds(operator: str, given: str, value: str) -> bool:
    if operator == "starts-with":
        return given.startswith(value)
    return operator == "eq" and given == value
