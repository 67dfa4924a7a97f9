"""SageMaker's endpoints: moto's answer anything without a model, these run the model's own code.

A new version is started beside the old one, takes over when it answers, and the old one ends after
its last request, as with SageMaker's blue/green update.
"""

import json
import os
import shutil
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import urllib3
from moto.core.responses import ActionResult, EmptyResult
from moto.sagemaker.exceptions import ValidationError
from moto.sagemaker.models import sagemaker_backends
from moto.sagemaker.responses import SageMakerResponse
from moto.sagemakerruntime.responses import SageMakerRuntimeResponse

from local.aws import ACCOUNT, Endpoint
from local.processes import end_group
from local.s3_files import split_uri

# SageMaker waits this long for an answer.
ANSWER_SECONDS = 60.0


class InvokeError(Exception):
    """Raised when an endpoint gives no answer: an HTTP status and AWS's error."""

    def __init__(self, status: int, kind: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.body = {"message": message, "Message": message, **more}


@dataclass
class ModelServer:
    """One process that serves one version of a model."""

    process: subprocess.Popen[str]
    folder: Path
    port: int
    pool: urllib3.HTTPConnectionPool = field(init=False)
    running: int = 0
    replaced: bool = False

    def __post_init__(self) -> None:
        self.pool = urllib3.HTTPConnectionPool(
            "127.0.0.1", self.port, maxsize=32, timeout=ANSWER_SECONDS, retries=False
        )

    def end(self) -> None:
        end_group(self.process)
        self.pool.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class EndpointService:
    """The endpoints of one region."""

    def __init__(
        self, endpoint: Endpoint, home: Path, logs: Path, tell: Callable[[str], None]
    ) -> None:
        self._endpoint = endpoint
        self._home = home
        self._logs = logs
        self._tell = tell
        self._lock = threading.Lock()
        self._servers: dict[str, ModelServer] = {}
        self._starting: list[threading.Thread] = []
        self._all: list[ModelServer] = []
        self._count = 0
        self._backend: Any = sagemaker_backends[ACCOUNT][endpoint.region]
        _services[endpoint.region] = self

    def create(self, name: str, config: str, tags: list[dict[str, str]]) -> str:
        """Start an endpoint and answer its ARN; it is in service when its model has loaded."""
        with self._lock:
            if name in self._backend.endpoints:
                raise ValidationError(f"Cannot create already existing endpoint {self._arn(name)}.")
            record = self._backend.create_endpoint(name, config, tags)
        self._start(record, "Creating")
        return str(record.arn)

    def update(self, name: str, config: str) -> str:
        """Bring another version into service; the present one answers until then."""
        with self._lock:
            record = self._backend.endpoints.get(name)
            if record is None:
                raise ValidationError(f"Could not find endpoint '{self._arn(name)}'.")
            if record.endpoint_status in ("Creating", "Updating"):
                raise ValidationError(f"Cannot update in-progress endpoint '{self._arn(name)}'.")
            self._backend.describe_endpoint_config(config)
            record.next_config_name = config
        self._start(record, "Updating")
        return str(record.arn)

    def delete(self, name: str) -> None:
        self._backend.delete_endpoint(name)
        with self._lock:
            server = self._servers.pop(name, None)
        if server:
            server.end()

    def invoke(self, name: str, body: bytes, kind: str, accept: str) -> tuple[bytes, str]:
        """The model's answer and its type; raises InvokeError as the runtime does."""
        with self._lock:
            server = self._servers.get(name)
            if server is None:
                message = f"Endpoint {name} of account {ACCOUNT} not found."
                raise InvokeError(400, "ValidationError", message)
            server.running += 1
        try:
            return self._ask(server, body, kind, accept)
        finally:
            with self._lock:
                server.running -= 1
                done = server.replaced and not server.running
            if done:
                server.end()

    def close(self) -> None:
        for thread in self._starting:
            thread.join()
        for server in self._all:
            server.end()
        del _services[self._endpoint.region]

    def _ask(self, server: ModelServer, body: bytes, kind: str, accept: str) -> tuple[bytes, str]:
        headers = {"Content-Type": kind, "Accept": accept}
        try:
            answer = server.pool.request("POST", "/invocations", body=body, headers=headers)
        except urllib3.exceptions.HTTPError as error:
            raise _model_error(500, f"the model server gave no answer ({error})") from error
        if answer.status != 200:
            raise _model_error(answer.status, answer.data.decode("utf-8", "replace"))
        return answer.data, answer.headers.get("Content-Type", "application/json")

    def _start(self, record: Any, status: str) -> None:
        record.endpoint_status = status
        thread = threading.Thread(target=self._serve, args=(record,), daemon=True)
        self._starting.append(thread)
        thread.start()

    def _serve(self, record: Any) -> None:
        """Start the server of a record's next configuration and let it take over."""
        name = record.endpoint_name
        config = getattr(record, "next_config_name", record.endpoint_config_name)
        try:
            server = self._started(name, config)
        except Exception as error:
            record.failure_reason = str(error)
            # An update that fails leaves the present version in service.
            record.endpoint_status = "InService" if name in self._servers else "Failed"
            self._tell(f"endpoint {name}: {error}")
            return
        with self._lock:
            before = self._servers.get(name)
            self._servers[name] = server
            record.endpoint_config_name = config
            record.endpoint_status = "InService"
            record.last_modified_time = datetime.now(UTC)
            if before:
                before.replaced = True
                idle = not before.running
        if before and idle:
            before.end()
        self._tell(f"endpoint {name} is in service")

    def _started(self, name: str, config: str) -> ModelServer:
        folder = self._unpacked(config)
        log = self._logs / f"endpoint-{name}.log"
        with log.open("a", encoding="utf-8") as errors:
            process = subprocess.Popen(
                [sys.executable, "-P", str(Path(__file__).with_name("model_server.py")), folder],
                # A container has no AWS credentials of ours and no home.
                env={"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,
            )
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        if not port:
            end_group(process)
            raise RuntimeError(f"The model does not load, see {log}")
        server = ModelServer(process, folder, int(port))
        self._all.append(server)
        return server

    def _unpacked(self, config: str) -> Path:
        described = self._backend.describe_endpoint_config(config)
        model = self._backend.describe_model(described["ProductionVariants"][0]["ModelName"])
        # moto answers with its own object here and with a dictionary elsewhere.
        model = getattr(model, "response_object", model)
        bucket, key = split_uri(model["PrimaryContainer"]["ModelDataUrl"])
        self._count += 1
        folder = self._home / f"{config}-{self._count}"
        folder.mkdir(parents=True)
        archive = folder.with_suffix(".tar.gz")
        aws = self._endpoint.in_role(model["ExecutionRoleArn"])
        aws.client("s3").download_file(bucket, key, str(archive))
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
        archive.unlink()
        return folder

    def _arn(self, name: str) -> str:
        return f"arn:aws:sagemaker:{self._endpoint.region}:{ACCOUNT}:endpoint/{name}"


def _model_error(status: int, message: str) -> InvokeError:
    text = f'Received error ({status}) from primary with message "{message}".'
    return InvokeError(424, "ModelError", text, OriginalStatusCode=status, OriginalMessage=message)


# Region → service. moto's own actions are replaced for the whole process, once.
_services: dict[str, EndpointService] = {}


def _create_endpoint(self: SageMakerResponse) -> ActionResult:
    request = json.loads(self.body)
    arn = _services[self.region].create(
        request["EndpointName"], request["EndpointConfigName"], request.get("Tags", [])
    )
    return ActionResult({"EndpointArn": arn})


def _update_endpoint(self: SageMakerResponse) -> ActionResult:
    request = json.loads(self.body)
    arn = _services[self.region].update(request["EndpointName"], request["EndpointConfigName"])
    return ActionResult({"EndpointArn": arn})


def _delete_endpoint(self: SageMakerResponse) -> EmptyResult:
    _services[self.region].delete(json.loads(self.body)["EndpointName"])
    return EmptyResult()


def _invoke_endpoint(self: SageMakerRuntimeResponse) -> tuple[int, dict[str, str], Any]:
    name = self.path.split("/")[2]
    body = self.body if isinstance(self.body, bytes) else self.body.encode()
    kind = self.headers.get("Content-Type", "application/json")
    accept = self.headers.get("Accept", "application/json")
    try:
        answer, given = _services[self.region].invoke(name, body, kind, accept)
    except InvokeError as error:
        # moto takes the status from the headers.
        headers = {"x-amzn-errortype": error.kind, "status": str(error.status)}
        return error.status, headers, json.dumps(error.body)
    return 200, {"Content-Type": given}, answer


for action in (_create_endpoint, _update_endpoint, _delete_endpoint):
    setattr(SageMakerResponse, action.__name__.removeprefix("_"), action)
SageMakerRuntimeResponse.invoke_endpoint = _invoke_endpoint  # type: ignore[method-assign]
