"""Who may ask the ports on this machine: every page that a browser shows can reach them, too.

A page has its origin, or a name that was made to lead here (DNS rebinding), and no secret. A
client has the secret of the run, and proves it by AWS's signature, version 4.
"""

import hashlib
import hmac
import io
import json
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, unquote
from xml.sax.saxutils import escape

from botocore.utils import normalize_url_path
from werkzeug.exceptions import ClientDisconnected
from werkzeug.serving import WSGIRequestHandler
from werkzeug.wrappers import Response
from werkzeug.wsgi import get_input_stream

from codefree.presigned_posts import FormError, PageForms, allowed, as_put, is_form, preflight

# Docker Desktop knows this name; elsewhere `--add-host` teaches it.
CONTAINERS_HOST = "host.docker.internal"
NAMES = ("localhost", CONTAINERS_HOST)
ADDRESSES = ("127.0.0.1", "[::1]")
HOST = re.compile(r"(\[[0-9a-f:.]+\]|[0-9a-z_.-]+)(:[0-9]{1,5})?")
# For each part of a request; a client that sends nothing for so long is gone.
PATIENCE_SECONDS = 20.0
ALGORITHM, SCOPE_END = "AWS4-HMAC-SHA256", "aws4_request"
# A body that is signed not at all, or in pieces, by words in the place of its hash.
NOT_SIGNED_AS_A_WHOLE = re.compile(
    "UNSIGNED-PAYLOAD|STREAMING-(UNSIGNED|AWS4-HMAC-SHA256)-PAYLOAD(-TRAILER)?"
)
# Services that have one region for all.
GLOBAL_REGIONS = {"iam": ("us-east-1",)}
# As in AWS: how far clocks may differ, and how long a presigned address can be good.
SKEW_SECONDS, LONGEST_SECONDS = 15 * 60, 7 * 24 * 3600
WRONG_KEY = "The secret key is not that of this run; export the line that codefree up has printed."
TWO_SIGNATURES = "The request has a signature in a header, and one in its address."
NO_SIGNATURE = "The request is not signed with AWS's signature, version 4."
EXPIRED = (
    "Request has expired: its signature is of another time, or the clock that signed is wrong."
)

Environ = dict[str, Any]


def foreign(environ: Environ, address: str = "", origins: Iterable[str] = ()) -> str | None:
    """Why a request may come from a foreign page; None when it does not.

    `address` is one more that clients know this machine by; pages of `origins` may ask.
    """
    host = environ.get("HTTP_HOST", "")
    if not _is_here(host, address):
        return f"The host {host!r} is not this machine's own name."
    origin = environ.get("HTTP_ORIGIN")
    if origin is not None and {origin, "*"} & {*origins}:
        return None
    if origin is not None and origin != f"{environ['wsgi.url_scheme']}://{host}":
        return f"A page of {origin!r} may not ask this port."
    # The user follows a link to here; the page with the link cannot read the answer.
    follows_link = (
        environ["REQUEST_METHOD"] == "GET" and environ.get("HTTP_SEC_FETCH_DEST") == "document"
    )
    if environ.get("HTTP_SEC_FETCH_SITE", "none") in ("none", "same-origin") or follows_link:
        return None
    return "A page of another origin may not ask this port."


def _is_here(host: str, address: str) -> bool:
    """A bucket's name may stand before a name, where S3's clients put it; any port is right."""
    read = HOST.fullmatch(host.lower())
    if read is None:
        return False
    name = read[1]
    return name in (*ADDRESSES, address) or any(
        name == own or name.endswith(f".{own}") for own in NAMES
    )


def cut_off(error: ClientDisconnected) -> int:
    """The status for a request whose body does not come to its end."""
    return 408 if isinstance(error.__context__, TimeoutError) else 400


class PatientHandler(WSGIRequestHandler):
    """Gives up clients that stop in the middle, and says nothing of them in the terminal."""

    timeout = PATIENCE_SECONDS

    def setup(self) -> None:
        super().setup()
        self.rfile = _Incoming(self.rfile)

    def log_error(self, format: str, *args: Any) -> None:
        pass


class _Incoming(io.BufferedReader):
    """A socket's file; after a timeout it is closed, not broken."""

    def __init__(self, file: io.BufferedIOBase) -> None:
        assert isinstance(file, io.BufferedReader)
        super().__init__(file.detach())

    def read(self, size: int | None = -1) -> bytes:
        try:
            return super().read(size)
        except TimeoutError:
            raise
        except OSError as error:
            raise ConnectionAbortedError(str(error)) from error


@dataclass(frozen=True)
class FrontDoor:
    """The embedded AWS, for clients alone that know a secret key."""

    application: Callable[[Environ, Any], Iterable[bytes]]
    address: str
    region: str
    secret_of: Callable[[str], str | None]
    """Access key id → its secret, None when there is no such key."""
    now: Callable[[], float] = time.time
    forms: PageForms = field(default_factory=PageForms)

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        origins = self.forms.of(environ)
        reason, code = foreign(environ, self.address, origins), "AccessDenied"
        if reason is None and origins:
            origin = environ.get("HTTP_ORIGIN", "")
            return self._of_page(environ, origin)(environ, start_response)
        if reason is None:
            try:
                reason, code = self._unsigned(environ), "SignatureDoesNotMatch"
            except ClientDisconnected as error:
                return Response(status=cut_off(error))(environ, start_response)
        if reason is None:
            return self.application(environ, start_response)
        return _refusal(environ, code, reason)(environ, start_response)

    def _of_page(self, environ: Environ, origin: str) -> Response:
        """Answer a form, or the question before it; a page of that origin may read the answer."""
        if not is_form(environ):
            return preflight(origin)
        signed: list[Signed] = []

        def signature_of(fields: Mapping[str, str], policy: str) -> str | None:
            found = _in_form(fields)
            secret = self.secret_of(found.key) if found else None
            if not found or secret is None or not self._is_for_here(found):
                return None
            signed.append(found)
            return found.signature_of(policy, secret)

        try:
            put = as_put(environ, signature_of, datetime.fromtimestamp(self.now(), UTC))
        except ClientDisconnected as error:
            return Response(status=cut_off(error))
        except FormError as error:
            answer = _refusal({}, error.code, error.reason)
            answer.status_code = error.status
        else:
            put["HTTP_AUTHORIZATION"] = signed[0].authorization
            answer = Response.from_app(self.application, put)
            if answer.status_code == HTTPStatus.OK:
                answer = Response(status=HTTPStatus.NO_CONTENT)
        answer.headers.update(allowed(origin))
        return answer

    def _is_for_here(self, signed: "Signed") -> bool:
        return signed.region in (self.region, *GLOBAL_REGIONS.get(signed.service, ()))

    def _unsigned(self, environ: Environ) -> str | None:
        """Why it is not signed; else the request says in one place, and only there, by whom."""
        in_header, in_query = _in_header(environ), _in_query(environ)
        signed = in_header or in_query
        if signed is None or not signed.is_whole:
            return NO_SIGNATURE
        if environ.get("HTTP_AUTHORIZATION") and in_query:
            return TWO_SIGNATURES
        if unsigned := signed.unsigned(environ):
            return f"These headers are not signed: {', '.join(unsigned)}."
        if not self._is_for_here(signed):
            return (
                f"The request is signed for the region {signed.region!r}, and this cloud is in "
                f"{self.region!r}; export the line that codefree up has printed."
            )
        secret = self.secret_of(signed.key)
        if secret is None or not hmac.compare_digest(
            signed.expected(environ, secret).encode(), signed.signature.encode()
        ):
            return WRONG_KEY
        if not signed.is_good_at(self.now()):
            return EXPIRED
        # moto looks for keys and accounts in more places, and for a service in an address's body.
        environ["HTTP_AUTHORIZATION"] = signed.authorization
        environ.pop("HTTP_X_MOTO_ACCOUNT_ID", None)
        return None


@dataclass(frozen=True)
class Signed:
    """What a request says of its own signature."""

    key: str
    day: str
    region: str
    service: str
    time: str
    headers: tuple[str, ...]
    signature: str
    seconds: str | None
    """How long a presigned address is good; None where headers hold the signature."""
    end: str
    """Of the scope."""

    @property
    def is_whole(self) -> bool:
        return (
            self.end == SCOPE_END
            and "host" in self.headers
            and re.fullmatch("[a-z0-9.-]+", self.service) is not None
        )

    @property
    def authorization(self) -> str:
        """The same as one header, whatever else stood beside it."""
        scope = "/".join((self.key, self.day, self.region, self.service, SCOPE_END))
        names = ";".join(self.headers)
        return f"{ALGORITHM} Credential={scope}, SignedHeaders={names}, Signature={self.signature}"

    def unsigned(self, environ: Environ) -> list[str]:
        """The headers of a request that say what AWS is to do and are not signed."""
        signed = {_variable(name) for name in self.headers}
        return sorted(
            name.removeprefix("HTTP_").replace("_", "-").lower()
            for name in environ
            if name.startswith("HTTP_X_AMZ_") and name not in signed
        )

    def is_good_at(self, now: float) -> bool:
        try:
            made = datetime.strptime(self.time, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            seconds = SKEW_SECONDS if self.seconds is None else int(self.seconds)
        except ValueError:
            return False
        age = now - made.timestamp()
        return self.time.startswith(self.day) and (
            -SKEW_SECONDS <= age <= seconds <= LONGEST_SECONDS
        )

    def expected(self, environ: Environ, secret: str) -> str:
        """The signature that this request has when it is signed with that secret."""
        canonical = "\n".join(
            (
                environ["REQUEST_METHOD"],
                self._path(environ),
                _query(environ),
                *(f"{name}:{_header(environ, name)}" for name in self.headers),
                "",
                ";".join(self.headers),
                self._payload(environ),
            )
        )
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        return self.signature_of(
            "\n".join((ALGORITHM, self.time, "/".join(self._scope), digest)), secret
        )

    def signature_of(self, text: str, secret: str) -> str:
        """How that secret signs a text."""
        key = f"AWS4{secret}".encode()
        for part in self._scope:
            key = _hmac(key, part)
        return _hmac(key, text).hex()

    @property
    def _scope(self) -> tuple[str, ...]:
        return self.day, self.region, self.service, SCOPE_END

    def _path(self, environ: Environ) -> str:
        path = environ["REQUEST_URI"].partition("?")[0]
        return path if self.service == "s3" else quote(normalize_url_path(path), safe="/~")

    def _payload(self, environ: Environ) -> str:
        unsigned = "" if self.seconds is None else "UNSIGNED-PAYLOAD"
        given = str(environ.get("HTTP_X_AMZ_CONTENT_SHA256", unsigned))
        # Words such as UNSIGNED-PAYLOAD stand for a body that is not part of the signature.
        if NOT_SIGNED_AS_A_WHOLE.fullmatch(given):
            return given
        body = get_input_stream(environ).read()
        environ["wsgi.input"] = io.BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        return hashlib.sha256(body).hexdigest()


def _in_header(environ: Environ) -> Signed | None:
    algorithm, _, rest = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    parts = dict(part.strip().partition("=")[::2] for part in rest.split(","))
    return _signed(
        algorithm,
        parts.get("Credential", ""),
        environ.get("HTTP_X_AMZ_DATE", ""),
        parts.get("SignedHeaders", ""),
        parts.get("Signature", ""),
        None,
    )


def _in_query(environ: Environ) -> Signed | None:
    """As in an address that was signed for another client."""
    pairs = (pair.partition("=")[::2] for pair in environ.get("QUERY_STRING", "").split("&"))
    parts = {name: unquote(value) for name, value in pairs}
    return _signed(
        parts.get("X-Amz-Algorithm", ""),
        parts.get("X-Amz-Credential", ""),
        parts.get("X-Amz-Date", ""),
        parts.get("X-Amz-SignedHeaders", ""),
        parts.get("X-Amz-Signature", ""),
        parts.get("X-Amz-Expires", ""),
    )


def _in_form(fields: Mapping[str, str]) -> Signed | None:
    """As in a form that was signed for another client; its policy has the time."""
    found = _signed(
        fields.get("x-amz-algorithm", ""),
        fields.get("x-amz-credential", ""),
        fields.get("x-amz-date", ""),
        "host",
        fields.get("x-amz-signature", ""),
        None,
    )
    return found if found and found.is_whole and found.service == "s3" else None


def _signed(
    algorithm: str, credential: str, made: str, headers: str, signature: str, seconds: str | None
) -> Signed | None:
    scope = credential.rsplit("/", 4)
    if algorithm != ALGORITHM or len(scope) != 5:
        return None
    key, day, region, service, end = scope
    names = tuple(headers.split(";"))
    return Signed(key, day, region, service, made, names, signature, seconds, end)


def _query(environ: Environ) -> str:
    pairs = [pair for pair in environ.get("QUERY_STRING", "").split("&") if pair]
    named = [pair.partition("=")[::2] for pair in pairs]
    return "&".join(f"{name}={value}" for name, value in sorted(named) if name != "X-Amz-Signature")


def _header(environ: Environ, name: str) -> str:
    return " ".join(environ.get(_variable(name), "").split())


def _variable(header: str) -> str:
    name = header.upper().replace("-", "_")
    return name if name in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{name}"


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def _refusal(environ: Environ, code: str, reason: str) -> Response:
    """In the form that the client of the service reads."""
    if environ.get("HTTP_X_AMZ_TARGET") or "json" in environ.get("CONTENT_TYPE", ""):
        body = json.dumps({"__type": code, "message": reason})
        return Response(body, 403, content_type="application/x-amz-json-1.1")
    error = f"<Error><Code>{code}</Code><Message>{escape(reason)}</Message></Error>"
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        error = f"<ErrorResponse>{error}</ErrorResponse>"
    return Response(error, 403, content_type="application/xml")
