"""Requests that are kept, so that it is known what a model is asked."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contract.layout import digest
from serving.request import RowsRequest

# Of one request. The weekly comparison reads hundreds of them at once.
MOST_ROWS, MOST_BYTES = 50, 100_000


@dataclass(frozen=True)
class KeptRequest:
    """Rows as they came, by column, and the job whose model answered."""

    job: str
    points: bool
    """Whether `.` marks decimals, whatever the train file writes."""
    rows: Mapping[str, Sequence[Any]]


def is_kept(request_id: str, percent: float) -> bool:
    """About so many of all requests, as the hash of their id has it."""
    hashed = digest(request_id)
    return int(hashed, 16) * 100 < percent * float(16 ** len(hashed))


def kept_content(job: str, request: RowsRequest, names: Sequence[str]) -> bytes | None:
    """The first rows, with the columns that the model uses and no others.

    Fewer of them where they are long, and None where not even one is short enough.
    """
    most = MOST_ROWS
    while most:
        rows = {name: list(request.rows[name][:most]) for name in names}
        content = {"job": job, "points": request.points, "rows": rows}
        written = json.dumps(content, ensure_ascii=False).encode()
        if len(written) <= MOST_BYTES:
            return written
        most //= 2
    return None


def read_kept(content: bytes) -> KeptRequest:
    found = json.loads(content)
    return KeptRequest(found["job"], found["points"], found["rows"])
