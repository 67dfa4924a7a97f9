"""The child process behind an endpoint: /ping and /invocations, as in AWS's AutoGluon container.

Arguments: the model's folder. Reads a secret from stdin and answers only who knows it, because
every page in a browser reaches its port. Prints the port that it listens on. It imports nothing of
this package but the model's own code/inference.py.
"""

import hmac
import importlib
import json
import sys
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

HEARD_BYTES = 1024 * 1024
# More than SageMaker hands to any model.
LARGEST_BODY = 1024 * HEARD_BYTES
PATIENCE_SECONDS = 20.0
TEXT_TYPES = ("text/", "application/json", "application/jsonl")


class Handler(BaseHTTPRequestHandler):
    """One request; `inference`, `model` and `secret` are set before the server starts."""

    secret: str
    inference: Any
    model: Any
    protocol_version = "HTTP/1.1"
    # Headers and body are two writes; waiting to join them costs 40 ms.
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        if self._is_stranger():
            return
        self._answer(200 if self.path == "/ping" else 404, b"", "text/plain")

    def do_POST(self) -> None:
        if self._is_stranger():
            return
        body: Any = self._body(LARGEST_BODY)
        if body is None:
            return
        kind = self.headers.get("Content-Type", "application/json")
        accept = self.headers.get("Accept", "application/json")
        try:
            if kind.startswith(TEXT_TYPES):
                body = body.decode()
            content, given = self.inference.transform_fn(self.model, body, kind, accept)
        except ValueError as error:
            self._answer(400, json.dumps({"detail": str(error)}).encode(), "application/json")
        except Exception:
            traceback.print_exc()
            self._answer(500, b'{"detail": "Internal server error"}', "application/json")
        else:
            content = content.encode() if isinstance(content, str) else content
            self._answer(200, content, given)

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are the caller's business."""

    def _is_stranger(self) -> bool:
        """Whether the request was refused."""
        given = self.headers.get("X-Secret", "")
        if hmac.compare_digest(given.encode(), self.secret.encode()):
            return False
        # Unread, it would reset the connection before the answer is read.
        if self._body(HEARD_BYTES) is not None:
            self.close_connection = True
            self._answer(403, b"", "text/plain")
        return True

    def _body(self, largest: int) -> bytes | None:
        """What the request brings, up to so many bytes; None when it was refused."""
        length = self.headers.get("Content-Length", "0")
        if not (length.isascii() and length.isdigit()):
            self._refuse(400)
            return None
        size = min(int(length), largest)
        self.connection.settimeout(PATIENCE_SECONDS)
        try:
            body = self.rfile.read(size)
        except TimeoutError:
            self._refuse(408)
            return None
        self.connection.settimeout(None)
        if len(body) < size:
            self._refuse(400)
            return None
        return body

    def _refuse(self, status: int) -> None:
        self.close_connection = True
        self._answer(status, b"", "text/plain")

    def _answer(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    """Many connections at once; none of them keeps the process alive."""

    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A client that goes early is no fault of the model.
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def main(model: Path) -> None:
    sys.path.insert(0, str(model / "code"))
    Handler.secret = sys.stdin.readline().strip()
    Handler.inference = importlib.import_module("inference")
    Handler.model = Handler.inference.model_fn(str(model))
    with Server(("127.0.0.1", 0), Handler) as server:
        print(server.server_port, flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
