"""SageMaker's endpoints: moto's answer anything without a model, these run the model's own code.

A new version is started beside the old one, takes over when it answers, and the old one ends after
its last request, as with SageMaker's blue/green update. While an endpoint is changed, nothing else
can be done with it; one that has failed can only be deleted. The event bus hears of every state.
"""

import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
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

from codefree.archives import unpack
from codefree.aws import ACCOUNT, Endpoint
from codefree.processes import end_group, start
from codefree.s3_files import split_uri
from codefree.words import Tell, message

IN_PROGRESS = ("Creating", "Updating", "Deleting")
# SageMaker waits this long for an answer.
ANSWER_SECONDS = 60.0
# A killed process answers no more before it counts as ended.
ENDS_SECONDS = 1.0
# One that ends again and again is started again after longer and longer pauses.
STEADY_SECONDS, LONGEST_PAUSE_SECONDS = 10.0, 60.0


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
    secret: str
    pool: urllib3.HTTPConnectionPool = field(init=False)
    running: int = 0
    replaced: bool = False

    def __post_init__(self) -> None:
        self.pool = urllib3.HTTPConnectionPool(
            "127.0.0.1",
            self.port,
            maxsize=32,
            timeout=ANSWER_SECONDS,
            retries=False,
            headers={"X-Secret": self.secret},
        )

    def ends_soon(self) -> bool:
        """Whether the process is gone, or on its way."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(ENDS_SECONDS)
        return self.process.poll() is not None

    def end(self) -> None:
        end_group(self.process)
        self.pool.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class EndpointService:
    """The endpoints of one region."""

    def __init__(self, endpoint: Endpoint, home: Path, logs: Path, tell: Tell) -> None:
        self._endpoint = endpoint
        self._home = home
        self._logs = logs
        self._tell = tell
        self._lock = threading.Lock()
        self._servers: dict[str, ModelServer] = {}
        self._changing: list[threading.Thread] = []
        self._loading: list[subprocess.Popen[str]] = []
        self._all: list[ModelServer] = []
        self._count = 0
        self._watching: list[threading.Thread] = []
        self._closing = threading.Event()
        self._backend: Any = sagemaker_backends[ACCOUNT][endpoint.region]
        _services[endpoint.region] = self

    @property
    def servers(self) -> list["ModelServer"]:
        """All that have been started, ended ones too."""
        return [*self._all]

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
            record = self._settled(name)
            if record.endpoint_status == "Failed":
                arn = self._arn(name)
                raise ValidationError(f"Cannot update endpoint '{arn}' in Failed state.")
            self._backend.describe_endpoint_config(config)
            record.pending_deployment_summary = {"EndpointConfigName": config}
        self._start(record, "Updating")
        return str(record.arn)

    def delete(self, name: str) -> None:
        """Take an endpoint out of service; its name is free once its server has ended."""
        with self._lock:
            record = self._settled(name)
            record.endpoint_status = "Deleting"
            server = self._servers.pop(name, None)
        self._in_background(self._end, record, server)

    def invoke(self, name: str, body: bytes, kind: str, accept: str) -> tuple[bytes, str]:
        """The model's answer and its type; raises InvokeError as the runtime does."""
        with self._lock:
            server = self._servers.get(name)
            if server is None:
                message = f"Endpoint {name} of account {ACCOUNT} not found."
                raise InvokeError(400, "ValidationError", message)
            if server.process.poll() is not None:
                raise _not_ready()
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
        with self._lock:
            self._closing.set()
        # A model that is still loading would be waited for.
        for process in list(self._loading):
            end_group(process)
        for thread in [*self._changing]:
            thread.join()
        for server in [*self._all]:
            server.end()
        for thread in [*self._watching]:
            thread.join()
        del _services[self._endpoint.region]

    def _ask(self, server: ModelServer, body: bytes, kind: str, accept: str) -> tuple[bytes, str]:
        headers = {**server.pool.headers, "Content-Type": kind, "Accept": accept}
        try:
            answer = server.pool.request("POST", "/invocations", body=body, headers=headers)
        except urllib3.exceptions.HTTPError as error:
            if server.ends_soon():
                raise _not_ready() from error
            raise _model_error(500, f"the model server gave no answer ({error})") from error
        if answer.status != 200:
            raise _model_error(answer.status, answer.data.decode("utf-8", "replace"))
        return answer.data, answer.headers.get("Content-Type", "application/json")

    def _settled(self, name: str) -> Any:
        """The record of an endpoint with which something can be done; raises ValidationError."""
        record = self._backend.endpoints.get(name)
        if record is None:
            raise ValidationError(f"Could not find endpoint '{self._arn(name)}'.")
        if record.endpoint_status in IN_PROGRESS:
            raise ValidationError(f"Cannot update in-progress endpoint '{self._arn(name)}'.")
        return record

    def _start(self, record: Any, status: str) -> None:
        record.endpoint_status = status
        self._in_background(self._serve, record)

    def _in_background(self, work: Callable[..., None], *given: Any) -> None:
        thread = threading.Thread(target=work, args=given, daemon=True)
        self._changing.append(thread)
        thread.start()

    def _end(self, record: Any, server: ModelServer | None) -> None:
        if server:
            server.end()
        self._backend.endpoints.pop(record.endpoint_name, None)

    def _serve(self, record: Any) -> None:
        """Start the server of a record's next configuration and let it take over."""
        self._put_event(record)
        self._take_over(record)
        self._put_event(record)

    def _take_over(self, record: Any) -> None:
        name = record.endpoint_name
        pending = getattr(record, "pending_deployment_summary", None) or {}
        config = pending.get("EndpointConfigName", record.endpoint_config_name)
        try:
            server = self._started(name, config)
        except Exception as error:
            # An update that fails leaves the present version in service, and no reason.
            is_first = name not in self._servers
            record.failure_reason = str(error) if is_first else None
            record.pending_deployment_summary = None
            record.endpoint_status = "Failed" if is_first else "InService"
            self._tell(message("local.endpoint_failed", endpoint=name, error=str(error)))
            return
        with self._lock:
            before = self._servers.get(name)
            self._servers[name] = server
            record.endpoint_config_name = config
            record.pending_deployment_summary = None
            record.endpoint_status = "InService"
            record.last_modified_time = datetime.now(UTC)
            if before:
                before.replaced = True
                idle = not before.running
        if before and idle:
            before.end()
        self._watch(name, config, server)
        self._tell(message("local.endpoint_serves", endpoint=name))

    def _put_event(self, record: Any) -> None:
        status = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", record.endpoint_status).upper()
        detail = {
            "EndpointName": record.endpoint_name,
            "EndpointArn": record.arn,
            "EndpointConfigName": record.endpoint_config_name,
            "EndpointStatus": status,
            "Tags": {tag["Key"]: tag["Value"] for tag in record.tags},
        }
        self._endpoint.client("events").put_events(
            Entries=[
                {
                    "Source": "aws.sagemaker",
                    "DetailType": "SageMaker Endpoint State Change",
                    "Resources": [record.arn],
                    "Detail": json.dumps(detail),
                }
            ]
        )

    def _watch(self, name: str, config: str, server: ModelServer, failures: int = 0) -> None:
        """Start a server again that ends while it is the endpoint's."""
        thread = threading.Thread(
            target=self._restart,
            args=(name, config, server, failures),
            daemon=True,
            name=f"watch {name}",
        )
        self._watching.append(thread)
        thread.start()

    def _restart(self, name: str, config: str, server: ModelServer, failures: int) -> None:
        """`failures` is how often one after the other has ended soon."""
        began = time.monotonic()
        server.process.wait()
        failures = 0 if time.monotonic() - began > STEADY_SECONDS else failures + 1
        while self._is_wanted(name, server):
            pause = min(2.0**failures, LONGEST_PAUSE_SECONDS) if failures > 1 else 0.0
            if self._closing.wait(pause):
                return
            self._tell(message("local.endpoint_restarts", endpoint=name))
            try:
                new = self._started(name, config)
            except Exception as error:
                self._tell(message("local.endpoint_failed", endpoint=name, error=str(error)))
                failures += 1
                continue
            with self._lock:
                wanted = self._servers.get(name) is server and not self._closing.is_set()
                if wanted:
                    self._servers[name] = new
            server.end()
            if wanted:
                self._watch(name, config, new, failures)
            else:
                new.end()
            return

    def _is_wanted(self, name: str, server: ModelServer) -> bool:
        with self._lock:
            return self._servers.get(name) is server and not self._closing.is_set()

    def _started(self, name: str, config: str) -> ModelServer:
        folder = self._unpacked(config)
        log = self._logs / f"endpoint-{name}.log"
        with log.open("a", encoding="utf-8") as errors:
            process = start(
                [sys.executable, "-P", str(Path(__file__).with_name("model_server.py")), folder],
                # A container has no AWS credentials of ours and no home.
                env={"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        assert process.stdin is not None and process.stdout is not None
        self._loading.append(process)
        secret = secrets.token_hex(20)
        # One that has ended says so by the port that it does not print.
        with suppress(BrokenPipeError), process.stdin as pipe:
            pipe.write(f"{secret}\n")
        port = process.stdout.readline().strip()
        self._loading.remove(process)
        if not port:
            end_group(process)
            raise RuntimeError(f"The model does not load, see {log}")
        server = ModelServer(process, folder, int(port), secret)
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
        unpack(archive, folder)
        archive.unlink()
        return folder

    def _arn(self, name: str) -> str:
        return f"arn:aws:sagemaker:{self._endpoint.region}:{ACCOUNT}:endpoint/{name}"


def _model_error(status: int, message: str) -> InvokeError:
    text = f'Received error ({status}) from primary with message "{message}".'
    return InvokeError(424, "ModelError", text, OriginalStatusCode=status, OriginalMessage=message)


def _not_ready() -> InvokeError:
    """As SageMaker answers while it starts a model."""
    message = "Model is not ready for inference yet. Please wait and try your request again later."
    return InvokeError(429, "ModelNotReadyException", message)


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
