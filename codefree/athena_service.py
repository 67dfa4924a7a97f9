"""Athena's queries: moto's only wait for results that a test has put there, these run.

A query is a process with DuckDB in it. It reads where AWS Glue says that a table is; of a table
that Glue does not know, what lies below tables/<table>/ in the stack's bucket. It reads with the
rights of who asked, stops at the workgroup's limit, writes its rows to several files in no order,
and the event bus hears of it.
"""

import json
import re
import subprocess
import sys
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from moto.athena.models import athena_backends
from moto.athena.responses import AthenaResponse
from moto.core.exceptions import JsonRESTError
from moto.iam.models import iam_backends

from codefree.aws import ACCOUNT, Endpoint
from codefree.folders import temporary_folder
from codefree.layout import layout
from codefree.permissions import PARTITION, Need, PermissionService, Request
from codefree.processes import started
from codefree.s3_files import download_prefix, split_uri

ENGINE = Path(__file__).with_name("query_engine.py")
UNLOAD = re.compile(
    r"UNLOAD \((?P<query>.*)\) TO 's3://(?P<bucket>[^/']+)/(?P<into>[^']*)' "
    r"WITH \(format='PARQUET'\)",
    re.DOTALL,
)
# Athena's own limit for one that reads or writes rows is half an hour.
QUERY_SECONDS = 300.0
THROUGH_ATHENA = {"aws:CalledVia": "athena.amazonaws.com"}


class FailedQueryError(Exception):
    """Raised for a query that ends without rows: a state, and Athena's words."""

    def __init__(self, reason: str, state: str = "FAILED") -> None:
        super().__init__(reason)
        self.state = state


@dataclass
class Execution:
    """One run of a query; all times in seconds since the epoch."""

    id: str
    request: Mapping[str, Any]
    role: str | None
    """None for the key of the run, which may do everything."""
    submitted: float
    state: str = "QUEUED"
    reason: str = ""
    read_bytes: int = 0
    ended: float | None = None

    @property
    def workgroup(self) -> str:
        name: str = self.request["WorkGroup"]
        return name

    def description(self) -> dict[str, Any]:
        """The answer of GetQueryExecution."""
        status: dict[str, Any] = {"State": self.state, "SubmissionDateTime": self.submitted}
        if self.reason:
            status["StateChangeReason"] = self.reason
        if self.ended is not None:
            status["CompletionDateTime"] = self.ended
        return {
            "QueryExecutionId": self.id,
            "Query": self.request["QueryString"],
            "StatementType": "DML",
            "QueryExecutionContext": self.request.get("QueryExecutionContext", {}),
            "Status": status,
            "Statistics": {"DataScannedInBytes": self.read_bytes},
            "WorkGroup": self.workgroup,
        }


class AthenaService:
    """The queries of one region."""

    def __init__(self, endpoint: Endpoint, permissions: PermissionService) -> None:
        self._endpoint = endpoint
        self._permissions = permissions
        self._backend = athena_backends[ACCOUNT][endpoint.region]
        self._events = endpoint.client("events")
        self._s3, self._glue = endpoint.client("s3"), endpoint.client("glue")
        self._lock = threading.Lock()
        self._tokens: dict[str, str] = {}
        self._threads: list[threading.Thread] = []
        # moto's ListQueryExecutions, and who checks permissions, look here.
        self.executions: dict[str, Any] = self._backend.executions
        _services[endpoint.region] = self

    def start(self, request: Mapping[str, Any], role: str | None) -> str:
        """Start a query and answer what it is called; the same token gets the same answer."""
        if self._backend.get_work_group(request.get("WorkGroup", "primary")) is None:
            raise _invalid("WorkGroup is not found.")
        if not UNLOAD.fullmatch(request["QueryString"]):
            raise _invalid("This computer runs UNLOAD to Parquet only.")
        with self._lock:
            known = self._tokens.get(request["ClientRequestToken"])
            if known and self.executions[known].request != request:
                raise _invalid("Idempotent parameters do not match")
            if known:
                return known
            one = Execution(str(uuid.uuid4()), request, role, datetime.now(UTC).timestamp())
            self.executions[one.id] = one
            self._tokens[request["ClientRequestToken"]] = one.id
        thread = threading.Thread(target=self._run, args=(one,), name=one.id, daemon=True)
        self._threads.append(thread)
        thread.start()
        return one.id

    def describe(self, name: str) -> dict[str, Any]:
        return self._find(name).description()

    def stop(self, name: str) -> None:
        """Cancel a query, as StopQueryExecution does, unless it has ended."""
        self._end(self._find(name), "CANCELLED", "Query has been cancelled by user request")

    def close(self) -> None:
        """Wait for what runs."""
        for thread in self._threads:
            thread.join()
        del _services[self._endpoint.region]

    def _find(self, name: str) -> Execution:
        found: Execution | None = self.executions.get(name)
        if found is None:
            raise _invalid(f"QueryExecution {name} was not found")
        return found

    def _run(self, one: Execution) -> None:
        self._enter(one, "RUNNING")
        try:
            with temporary_folder() as home:
                self._unload(one, home)
        except FailedQueryError as error:
            self._end(one, error.state, str(error))
        except Exception as error:
            # Always end it; otherwise its upload waits for the queue.
            self._end(one, "FAILED", f"GENERIC_INTERNAL_ERROR: {error}")
        else:
            self._end(one, "SUCCEEDED", "")

    def _unload(self, one: Execution, home: Path) -> None:
        found = UNLOAD.fullmatch(one.request["QueryString"])
        assert found is not None
        bucket, into = found["bucket"], found["into"]
        named = _engine({"do": "names", "sql": found["query"]}, home)
        tables = {}
        database = one.request["QueryExecutionContext"]["Database"]
        for name in named["tables"]:
            folder = home / layout.TABLES / name
            source, prefix = self._location(database, name) or (bucket, f"{layout.TABLES}{name}/")
            self._require_rights(one, name, (source, prefix), (bucket, into))
            if download_prefix(self._s3, source, prefix, folder):
                tables[name] = str(folder)
            elif name not in named["own"]:
                raise FailedQueryError(
                    f"TABLE_NOT_FOUND: Table 'awsdatacatalog.{database}.{name}' does not exist. "
                    f"On this computer its files lie in {layout.TABLES}{name}/"
                )
        if self._s3.list_objects_v2(Bucket=bucket, Prefix=into).get("Contents"):
            raise FailedQueryError(
                f"HIVE_PATH_ALREADY_EXISTS: Target directory 's3://{bucket}/{into}' is not empty"
            )
        one.read_bytes = sum(
            file.stat().st_size for file in (home / layout.TABLES).rglob("*") if file.is_file()
        )
        self._require_below_limit(one)
        out = home / "out"
        out.mkdir()
        asked = {"do": "run", "sql": found["query"], "tables": tables, "out": str(out)}
        _engine(asked, home)
        if one.state != "RUNNING":
            return
        for number, file in enumerate(sorted(out.iterdir())):
            # As Athena's names, these say nothing.
            self._s3.upload_file(str(file), bucket, f"{into}{number}_{uuid.uuid4()}")

    def _location(self, database: str, table: str) -> tuple[str, str] | None:
        """Bucket and prefix of the files of a table that Glue knows."""
        try:
            found = self._glue.get_table(DatabaseName=database, Name=table)["Table"]
        except self._glue.exceptions.EntityNotFoundException:
            return None
        return split_uri(found["StorageDescriptor"]["Location"].rstrip("/") + "/")

    def _require_rights(
        self, one: Execution, table: str, source: tuple[str, str], into: tuple[str, str]
    ) -> None:
        if one.role is None:
            return
        reads, writes = ("/".join(place) for place in (source, into))
        database = one.request["QueryExecutionContext"]["Database"]
        glue = f"arn:{PARTITION}:glue:{self._endpoint.region}:{ACCOUNT}"
        needs = (
            Need("glue:GetDatabase", f"{glue}:database/{database}", THROUGH_ATHENA),
            Need("glue:GetTable", f"{glue}:table/{database}/{table}", THROUGH_ATHENA),
            Need("glue:GetPartitions", f"{glue}:table/{database}/{table}", THROUGH_ATHENA),
            *(
                Need(f"s3:{action}", f"arn:{PARTITION}:s3:::{resource}", THROUGH_ATHENA)
                for action, resource in (
                    ("GetBucketLocation", source[0]),
                    ("ListBucket", source[0]),
                    ("GetObject", f"{reads}1"),
                    ("GetBucketLocation", into[0]),
                    ("PutObject", f"{writes}1"),
                )
            ),
        )
        if reason := self._permissions.refusal(Request(one.role, "StartQueryExecution", needs)):
            raise FailedQueryError(f"PERMISSION_DENIED: {reason}")

    def _require_below_limit(self, one: Execution) -> None:
        group = self._backend.get_work_group(one.workgroup)
        limit = int((group or {})["Configuration"].get("BytesScannedCutoffPerQuery", sys.maxsize))
        if one.read_bytes > limit:
            one.read_bytes = limit
            raise FailedQueryError("Bytes scanned limit was exceeded", "CANCELLED")

    def _enter(self, one: Execution, state: str) -> None:
        before, one.state = one.state, state
        self._put_event(one, before)

    def _end(self, one: Execution, state: str, reason: str) -> None:
        with self._lock:
            if one.ended is not None:
                return
            one.ended, one.reason = datetime.now(UTC).timestamp(), reason
        self._enter(one, state)

    def _put_event(self, one: Execution, before: str) -> None:
        detail = {
            "versionId": "0",
            "currentState": one.state,
            "previousState": before,
            "statementType": "DML",
            "queryExecutionId": one.id,
            "workgroupName": one.workgroup,
            "sequenceNumber": "2" if one.ended is None else "3",
        }
        entry = {
            "Source": "aws.athena",
            "DetailType": "Athena Query State Change",
            "Resources": [],
            "Detail": json.dumps(detail),
        }
        self._events.put_events(Entries=[entry])


def _engine(asked: Mapping[str, Any], home: Path) -> dict[str, Any]:
    """What the engine answers; raises FailedQueryError in its words."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with started([sys.executable, "-I", ENGINE], cwd=home, text=True, **pipes) as process:
        try:
            said, complaint = process.communicate(json.dumps(asked), timeout=QUERY_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise FailedQueryError("Query timeout on this computer") from error
    if process.returncode:
        raise FailedQueryError(f"GENERIC_INTERNAL_ERROR: {complaint[-300:]}")
    answer: dict[str, Any] = json.loads(said)
    if "error" in answer:
        raise FailedQueryError(answer["error"])
    return answer


def _invalid(message: str) -> JsonRESTError:
    error = JsonRESTError("InvalidRequestException", message)
    error.code = 400
    return error


# Region → service. moto's own actions are replaced for the whole process, once.
_services: dict[str, AthenaService] = {}


def _start_query_execution(self: AthenaResponse) -> str:
    key = iam_backends[ACCOUNT][PARTITION].access_keys.get(self.access_key)
    role = key.role_arn.rpartition("/")[2] if key and key.role_arn else None
    started = _services[self.region].start(json.loads(self.body), role)
    return json.dumps({"QueryExecutionId": started})


def _get_query_execution(self: AthenaResponse) -> str:
    found = _services[self.region].describe(json.loads(self.body)["QueryExecutionId"])
    return json.dumps({"QueryExecution": found})


def _stop_query_execution(self: AthenaResponse) -> str:
    _services[self.region].stop(json.loads(self.body)["QueryExecutionId"])
    return "{}"


for action in (_start_query_execution, _get_query_execution, _stop_query_execution):
    setattr(AthenaResponse, action.__name__.removeprefix("_"), action)
