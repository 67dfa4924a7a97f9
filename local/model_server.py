"""The child process behind an endpoint: /ping and /invocations, as in AWS's AutoGluon container.

Arguments: the model's folder. Prints the port that it listens on. It imports nothing of this
package but the model's own code/inference.py.
"""

import importlib
import json
import sys
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

TEXT_TYPES = ("text/", "application/json", "application/jsonl")


class Handler(BaseHTTPRequestHandler):
    """One request; `inference` and `model` are set before the server starts."""

    inference: Any
    model: Any
    protocol_version = "HTTP/1.1"
    # Headers and body are two writes; waiting to join them costs 40 ms.
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._answer(200 if self.path == "/ping" else 404, b"", "text/plain")

    def do_POST(self) -> None:
        body: Any = self.rfile.read(int(self.headers.get("Content-Length", 0)))
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

    def _answer(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    """Many connections at once; none of them keeps the process alive."""

    daemon_threads = True
    request_queue_size = 128


def main(model: Path) -> None:
    sys.path.insert(0, str(model / "code"))
    Handler.inference = importlib.import_module("inference")
    Handler.model = Handler.inference.model_fn(str(model))
    with Server(("127.0.0.1", 0), Handler) as server:
        print(server.server_port, flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
