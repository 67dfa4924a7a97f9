"""A server in the place of a service of AWS: each answer is JSON, made by a function."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Reply:
    """What a service says to one request."""

    content: Mapping[str, Any]
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@contextmanager
def json_service(reply: Callable[[Mapping[str, str], bytes], Reply]) -> Iterator[str]:
    """The address of the service; `reply` is given the headers and the body of each request."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            said = reply(self.headers, self.rfile.read(int(self.headers["Content-Length"])))
            body = json.dumps(said.content).encode()
            self.send_response(said.status)
            kind = {"Content-Type": "application/x-amz-json-1.1"}
            for name, value in {**kind, **said.headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
