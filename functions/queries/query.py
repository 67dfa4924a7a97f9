"""One uploaded query: what is asked of Athena for it, and what came of it."""

import json
import re
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING
from uuid import uuid4

from contract.layout import QUERY_ENDING, digest, query_json_key, query_result_key, query_rows
from contract.messages import Message, message
from pipeline.errors import QueryFailedError, RefusedError
from pipeline.failures import LONGEST_QUOTE, plain
from pipeline.files import UploadedFile
from queries.rules import Rules
from reading.bounded import bounded
from reading.errors import UnreadableError

if TYPE_CHECKING:
    from queries.statement import Statement

# No job of SageMaker can have a colon in its name.
KIND = "query:"
# What became of a run, beside the states of Athena.
EMPTY, TOO_LARGE = "EMPTY", "TOO_LARGE"
# By its state, where Athena's words are not known.
USUAL = {
    "FAILED": "query.failed",
    "CANCELLED": "query.cancelled",
    EMPTY: "query.no_rows",
    TOO_LARGE: "query.rows_too_large",
}
# A quarter of what Athena takes; the rest is for the text around it.
LONGEST_TEXT = 64_000
# Where rows go, at the end of a statement.
ASKED = re.compile(
    r"\) TO 's3://([a-z0-9.-]+)/queries/([0-9a-f]+)/([0-9a-f]+)/rows/' WITH \(format='PARQUET'\)$"
)
# What Athena says → what happened; the first that matches counts.
FAILURES = (
    (r"lake ?formation", "query.lake_formation"),
    (r"bytes scanned limit", "query.too_much_read"),
    (r"not authorized|access denied|permission_denied|insufficient permissions", "query.denied"),
    (r"duplicate column|duplicate key", "query.same_names_failed"),
    (r"timestamp.* with time zone|unsupported (hive )?type", "query.type"),
    (r"exhausted resources|exceeded .*limit|query timeout", "query.too_large"),
    (r"^not_supported on this computer", "query.only_athena"),
)


@dataclass(frozen=True)
class Query:
    """A query that may run, and the upload of it."""

    key: str
    version: str
    text: str
    """As it was uploaded."""
    sql: str
    """As it runs."""
    database: str
    """Of tables that are named without one."""
    may_differ: tuple[str, ...]
    """What in it can give other rows each time."""

    @property
    def digest(self) -> str:
        """The same for the same text under the same name: it runs once."""
        return digest(json.dumps([self.key, self.text, self.database]))


@dataclass(frozen=True)
class Run:
    """The content of query.json: one run of a query."""

    key: str
    """Of the upload."""
    version: str
    """Of the upload that asked for it first."""
    token: str
    """By it Athena knows a request that it has had already."""
    execution: str = ""
    """What Athena calls it; empty until it has been asked."""
    result: str = ""
    """The key of its rows, once they are there."""
    read_bytes: int = 0
    """What Athena bills for."""
    failed: str = ""
    """What Athena says, once it has failed."""
    state: str = ""
    """One of USUAL, then."""


@dataclass(frozen=True)
class Asked:
    """The run that a statement of Athena is of."""

    bucket: str
    digest: str
    token: str

    @property
    def json_key(self) -> str:
        return query_json_key(self.digest)

    @property
    def name(self) -> str:
        return run_name(self.digest, self.token)


def run_name(digest: str, token: str) -> str:
    """What a run is called in the ledger, which takes each once."""
    return f"{KIND}{digest}:{token}"


def is_query(key: str) -> bool:
    """Whether an uploaded file is one."""
    return key.endswith(QUERY_ENDING)


def is_of_query(name: str) -> bool:
    """Whether it is the name of a query in the ledger."""
    return name.startswith(KIND)


def read_query(file: UploadedFile, rules: Rules) -> Query:
    """The query of an upload; raises RefusedError with a sentence for the uploader."""
    if not rules.databases:
        raise RefusedError(message("query.off"))
    if file.size > LONGEST_TEXT:
        raise _refused(file, message("query.too_long", bytes=LONGEST_TEXT))
    try:
        text = file.sample.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _refused(file, message("query.not_text")) from error
    try:
        found = bounded(file.key, lambda: asdict(_statement(text, rules)))
    except UnreadableError as error:
        raise RefusedError(error.message) from error
    may_differ = tuple(found["may_differ"])
    database = rules.databases[0]
    return Query(file.key, file.version, text, found["sql"], database, may_differ)


def _statement(text: str, rules: Rules) -> "Statement":
    # Only the child that reads it takes the half second that sqlglot needs.
    from queries.statement import read_statement

    return read_statement(text, rules.databases)


def new_run(query: Query) -> Run:
    """Its token is its own: Athena would answer an earlier one with rows that have expired."""
    return Run(query.key, query.version, uuid4().hex)


def runs_again(run: Run, query: Query) -> bool:
    """Whether a failed one is tried again: only for a fresh upload."""
    return bool(run.state) and run.version != query.version


def statement(bucket: str, query: Query, run: Run) -> str:
    """What Athena is to run: it writes the rows of the query to the bucket."""
    rows = query_rows(query.digest, run.token)
    return f"UNLOAD ({query.sql}) TO 's3://{bucket}/{rows}' WITH (format='PARQUET')"


def asked_by(statement: str) -> Asked | None:
    """Which query a statement is of; None where it is none of ours."""
    found = ASKED.search(statement)
    return Asked(found[1], found[2], found[3]) if found else None


def result_key(query: Query, run: Run) -> str:
    """Where its rows go as one file."""
    file = query.key.rpartition("/")[2].removesuffix(QUERY_ENDING)
    return query_result_key(query.digest, run.token, file)


def json_key(query: Query) -> str:
    """Where it is written what became of it."""
    return query_json_key(query.digest)


def run_from_json(content: bytes | None) -> Run | None:
    return Run(**json.loads(content)) if content else None


def run_to_json(run: Run) -> bytes:
    return json.dumps(asdict(run), indent=1).encode()


def failure(query: Query, run: Run, usd: float) -> QueryFailedError:
    """Why there are no rows, in words, and in those of Athena; `usd` is what that has cost."""
    said = plain(run.failed, LONGEST_QUOTE)
    found = [code for pattern, code in FAILURES if re.search(pattern, run.failed, re.IGNORECASE)]
    known = message(found[0] if found else USUAL[run.state], text=said)
    return QueryFailedError(message("file.unreadable", file=query.key, reason=known), usd)


def _refused(file: UploadedFile, reason: Message) -> RefusedError:
    return RefusedError(message("file.unreadable", file=file.key, reason=reason))


def with_rows(file: UploadedFile, query: Query, rows: UploadedFile) -> UploadedFile:
    """The upload with the rows of its query: it is another file when they are others."""
    return replace(
        file,
        key=rows.key,
        size=rows.size,
        etag=rows.etag,
        sample=rows.sample,
        query=query.sql,
        may_differ=", ".join(query.may_differ),
    )
