"""What is known of a dataset, and of a file of it that can be fetched."""

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.status import Status


@dataclass(frozen=True)
class Shown:
    """A dataset as it stands now."""

    status: Status
    updated: str
    """When the status was written, in ISO 8601."""
    progress: Mapping[str, object] | None
    """The job's progress.json; None unless a job runs and has written one."""
    files_of: str | None
    """The job whose files there are to fetch: the last model's until a new one has some."""
    answers_requests: bool
    """Whether the API predicts with its model."""


@dataclass(frozen=True)
class Fetchable:
    """A file of a dataset's results."""

    name: str
    """As in STATUS.txt, or `model`."""
    key: str
    size: int
    """In bytes."""
    url: str
    """Where anyone may fetch it, for a while."""


@dataclass(frozen=True)
class Form:
    """What a browser sends with a file, so that S3 takes it."""

    url: str
    fields: Mapping[str, str]
