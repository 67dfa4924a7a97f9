"""A real MLflow server, and what it says over HTTP."""

import json
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

from tests.conftest import PATIENCE_SECONDS, eventually

ROOT = Path(__file__).parents[1]
PYTHON = ROOT / ".venv-mlflow/bin/python"
API = "/api/2.0/mlflow/"


@dataclass(frozen=True)
class MlflowServer:
    """One that runs."""

    url: str

    def ask(self, what: str, **question: object) -> Any:
        """POST a question, and read the answer."""
        body = json.dumps(question).encode()
        sent = Request(f"{self.url}{API}{what}", body, {"Content-Type": "application/json"})
        with urlopen(sent, timeout=PATIENCE_SECONDS) as answer:
            return json.load(answer)

    def runs(self, experiment: str) -> list[dict[str, Any]]:
        """All runs of an experiment, the first to begin before the others."""
        found = self.ask("experiments/search", max_results=100, filter=f"name = '{experiment}'")
        ids = [one["experiment_id"] for one in found.get("experiments", [])]
        if not ids:
            return []
        runs = self.ask("runs/search", experiment_ids=ids, order_by=["attributes.start_time"])
        return list(runs.get("runs", []))


def pairs(of_run: dict[str, Any], kind: str) -> dict[str, Any]:
    """The params, metrics, or tags of a run by their names."""
    return {one["key"]: one["value"] for one in of_run["data"].get(kind, [])}


@contextmanager
def mlflow_server(folder: Path) -> Iterator[MlflowServer]:
    """As `mlflow ui` serves the store in a folder."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    store = ("--backend-store-uri", "sqlite:///mlflow.db", "--workers", "1")
    environ = {
        "PATH": f"{PYTHON.parent}{os.pathsep}{os.environ['PATH']}",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }
    log = folder / "server.log"
    with log.open("wb") as written:
        process = subprocess.Popen(
            [PYTHON, "-m", "mlflow", "ui", *store, "--port", str(port)],
            cwd=folder,
            env=environ,
            stdout=written,
            stderr=written,
            start_new_session=True,
        )
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        assert process.poll() is None, log.read_text()
        try:
            with urlopen(f"{url}/health", timeout=5) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    try:
        eventually(answers)
        yield MlflowServer(url)
    finally:
        # The server's own children are of its group.
        os.killpg(process.pid, 15)
        process.wait(PATIENCE_SECONDS)
