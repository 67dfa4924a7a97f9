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
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, unquote
from xml.sax.saxutils import escape

from botocore.utils import normalize_url_path
from werkzeug.exceptions import ClientDisconnected
from werkzeug.serving import WSGIRequestHandler
from werkzeug.wrappers import Response
from werkzeug.wsgi import get_input_stream

# Docker Desktop knows this name; elsewhere `--add-host` teaches it.
CONTAINERS_HOST = "host.docker.internal"
NAMES = ("localhost", CONTAINERS_HOST)
ADDRESSES = ("127.0.0.1", "[::1]")
HOST = re.compile(r"(\[[0-9a-f:.]+\]|[0-9a-z_.-]+)(:[0-9]{1,5})?")
# For each part of a request; a client that sends nothing for so long is gone.
PATIENCE_SECONDS = 20.0
ALGORITHM = "AWS4-HMAC-SHA256"
# As in AWS: how far clocks may differ, and how long a presigned address can be good.
SKEW_SECONDS, LONGEST_SECONDS = 15 * 60, 7 * 24 * 3600
WRONG_KEY = "The secret key is not that of this run; export the line that codefree up has printed."
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
    secret_of: Callable[[str], str | None]
    """Access key id → its secret, None when there is no such key."""
    now: Callable[[], float] = time.time

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        reason, code = foreign(environ, self.address), "AccessDenied"
        if reason is None:
            try:
                reason, code = self._unsigned(environ), "SignatureDoesNotMatch"
            except ClientDisconnected as error:
                return Response(status=cut_off(error))(environ, start_response)
        if reason is None:
            return self.application(environ, start_response)
        return _refusal(environ, code, reason)(environ, start_response)

    def _unsigned(self, environ: Environ) -> str | None:
        signed = _in_header(environ) or _in_query(environ)
        if signed is None:
            return NO_SIGNATURE
        secret = self.secret_of(signed.key)
        if secret is None or not hmac.compare_digest(
            signed.expected(environ, secret).encode(), signed.signature.encode()
        ):
            return WRONG_KEY
        return None if signed.is_good_at(self.now()) else EXPIRED


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
        scope = (self.day, self.region, self.service, "aws4_request")
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        text = "\n".join((ALGORITHM, self.time, "/".join(scope), digest))
        key = f"AWS4{secret}".encode()
        for part in scope:
            key = _hmac(key, part)
        return _hmac(key, text).hex()

    def _path(self, environ: Environ) -> str:
        path = environ["REQUEST_URI"].partition("?")[0]
        return path if self.service == "s3" else quote(normalize_url_path(path), safe="/~")

    def _payload(self, environ: Environ) -> str:
        unsigned = "" if self.seconds is None else "UNSIGNED-PAYLOAD"
        given = str(environ.get("HTTP_X_AMZ_CONTENT_SHA256", unsigned))
        # Words such as UNSIGNED-PAYLOAD stand for a body that is not part of the signature.
        if given and not re.fullmatch("[0-9a-f]{64}", given):
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


def _signed(
    algorithm: str, credential: str, made: str, headers: str, signature: str, seconds: str | None
) -> Signed | None:
    scope = credential.rsplit("/", 4)
    if algorithm != ALGORITHM or len(scope) != 5:
        return None
    key, day, region, service, _ = scope
    names = tuple(headers.split(";"))
    return Signed(key, day, region, service, made, names, signature, seconds)


def _query(environ: Environ) -> str:
    pairs = [pair for pair in environ.get("QUERY_STRING", "").split("&") if pair]
    named = [pair.partition("=")[::2] for pair in pairs]
    return "&".join(f"{name}={value}" for name, value in sorted(named) if name != "X-Amz-Signature")


def _header(environ: Environ, name: str) -> str:
    variable = name.upper().replace("-", "_")
    own = variable in ("CONTENT_TYPE", "CONTENT_LENGTH")
    return " ".join(environ.get(variable if own else f"HTTP_{variable}", "").split())


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
