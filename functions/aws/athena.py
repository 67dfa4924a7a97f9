"""Run queries in the stack's workgroup of Athena, once each, and make one file of their rows."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import IO, TYPE_CHECKING, cast

from aws import ledger, objects, stored
from aws.clients import client
from contract.layout import query_rows
from pipeline.errors import RefusedError
from pipeline.files import UploadedFile
from queries.joined import MAGIC, Part, joined_tail, rows_of
from queries.query import (
    EMPTY,
    TOO_LARGE,
    Query,
    Run,
    asked_by,
    failure,
    json_key,
    new_run,
    result_key,
    run_from_json,
    run_name,
    run_to_json,
    runs_again,
    statement,
)
from queries.rules import Rules
from reading.csv_head import HEAD_BYTES
from reading.errors import UnreadableError

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient
    from mypy_boto3_athena.type_defs import QueryExecutionTypeDef

athena: "AthenaClient" = client("athena")
# The function has a minute to copy them.
LARGEST_RESULT, MOST_FILES = 10**9, 1000


ENDED = ("SUCCEEDED", "FAILED", "CANCELLED")
Upload = tuple[str, str]
"""Bucket and key."""


@dataclass(frozen=True)
class Rows:
    """What a query has given."""

    file: UploadedFile
    usd: float
    """What it has cost."""


def rows(
    bucket: str, dataset: str, query: Query, rules: Rules, monthly_budget: float
) -> Rows | None:
    """Return the rows of a query, which is started where it has not been; None while it runs.

    Called again, or at once, it runs once. Raises RefusedError when it has failed, and
    OverBudgetError or RefusedError when the month's budget is too small.
    """
    while True:
        content, etag = stored.read_with_etag(bucket, json_key(query))
        run = run_from_json(content)
        after = _next(bucket, dataset, query, run, rules, monthly_budget)
        if after == run:
            break
        _put(bucket, query, after, etag)
    if run.state:
        billed = 0.0 if run.state == "FAILED" else rules.cost_usd(run.read_bytes)
        raise failure(query, run, billed)
    found = objects.fetch_head(bucket, run.result) if run.result else None
    return Rows(found, rules.cost_usd(run.read_bytes)) if found else None


def settled(execution: str, dataset_of: Callable[[str], str | None], rules: Rules) -> Upload | None:
    """Book what an ended execution has cost, and return its upload; None where it is none of ours.

    The upload may have been replaced meanwhile, and then no other call asks for its rows.
    """
    found = athena.get_query_execution(QueryExecutionId=execution)["QueryExecution"]
    asked = asked_by(found["Query"])
    run = run_from_json(stored.read(asked.bucket, asked.json_key)) if asked else None
    if asked is None or run is None:
        return None
    if found["Status"]["State"] in ENDED:
        dataset = dataset_of(run.key) or run.key
        _book(asked.bucket, asked.name, dataset, found, rules)
    return asked.bucket, run.key


def _next(
    bucket: str,
    dataset: str,
    query: Query,
    run: Run | None,
    rules: Rules,
    monthly_budget: float,
) -> Run:
    """What comes after where a query is; the same while it runs, and at its end."""
    if run is None or runs_again(run, query):
        return new_run(query)
    if run.state:
        return run
    if run.result:
        # Rows expire; the query runs again for who asks for them later.
        return run if stored.exists(bucket, run.result) else new_run(query)
    if not run.execution:
        name = run_name(query.digest, run.token)
        ledger.reserve(bucket, name, rules.worst_case_usd, monthly_budget)
        try:
            asked = athena.start_query_execution(
                QueryString=statement(bucket, query, run),
                ClientRequestToken=run.token,
                QueryExecutionContext={"Database": query.database},
                WorkGroup=rules.workgroup,
            )
        except athena.exceptions.InvalidRequestException as error:
            ledger.release(bucket, name)
            return replace(run, state="FAILED", failed=error.response["Error"]["Message"])
        return replace(run, execution=asked["QueryExecutionId"])
    return _ended(bucket, dataset, query, run, rules)


def _ended(bucket: str, dataset: str, query: Query, run: Run, rules: Rules) -> Run:
    found = athena.get_query_execution(QueryExecutionId=run.execution)["QueryExecution"]
    state = found["Status"]["State"]
    if state not in ENDED:
        return run
    read = _book(bucket, run_name(query.digest, run.token), dataset, found, rules)
    run = replace(run, read_bytes=read)
    if state == "SUCCEEDED":
        return _joined(bucket, query, run)
    return replace(run, state=state, failed=found["Status"].get("StateChangeReason", ""))


def _book(
    bucket: str,
    name: str,
    dataset: str,
    found: "QueryExecutionTypeDef",
    rules: Rules,
) -> int:
    """Put the receipt in the place of the reservation; how many bytes have been read."""
    read, state = found.get("Statistics", {}).get("DataScannedInBytes", 0), found["Status"]["State"]
    # A query that fails is free; one that is cancelled is not.
    usd = 0.0 if state == "FAILED" else rules.cost_usd(read)
    ledger.book_query(bucket, name, dataset, state.lower(), usd)
    return read


def _put(bucket: str, query: Query, run: Run, etag: str | None) -> None:
    """Write it down unless another delivery was faster: then that one's counts."""
    objects.put_if_unchanged(bucket, json_key(query), run_to_json(run), "application/json", etag)


def _joined(bucket: str, query: Query, run: Run) -> Run:
    """Make one file of what Athena has written."""
    sizes = objects.sizes(bucket, query_rows(query.digest, run.token))
    names = sorted(name for name, size in sizes.items() if size)
    if len(names) > MOST_FILES or sum(sizes.values()) > LARGEST_RESULT:
        return replace(run, state=TOO_LARGE)
    parts = [Part(sizes[name], objects.end(bucket, name, HEAD_BYTES)) for name in names]
    try:
        if not sum(map(rows_of, parts)):
            return replace(run, state=EMPTY)
        tail = joined_tail(parts)
    except UnreadableError as error:
        raise RefusedError(error.message) from error
    key = result_key(query, run)
    objects.upload(bucket, key, cast(IO[bytes], _Chained(_chunks(bucket, names, parts, tail))))
    return replace(run, result=key)


def _chunks(bucket: str, names: list[str], parts: list[Part], tail: bytes) -> Iterator[IO[bytes]]:
    yield io.BytesIO(MAGIC)
    for name, part in zip(names, parts, strict=True):
        if part.end > len(MAGIC):
            yield objects.stream(bucket, name, len(MAGIC), part.end)
    yield io.BytesIO(tail)


class _Chained:
    """Streams one after the other, as one."""

    def __init__(self, streams: Iterator[IO[bytes]]) -> None:
        self._streams = streams
        self._stream = next(streams)

    def read(self, size: int = -1) -> bytes:
        """So many bytes, fewer only at the end."""
        found = bytearray()
        while size < 0 or len(found) < size:
            chunk = self._stream.read(size - len(found)) if size >= 0 else self._stream.read()
            found += chunk
            if not chunk:
                following = next(self._streams, None)
                if following is None:
                    break
                self._stream = following
        return bytes(found)
