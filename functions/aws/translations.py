"""The answers and the costs of translated files, kept in the bucket part by part.

S3 takes a change of progress.json only if it is still as it was read. So of two functions that
translate the same file at a time one pays, and what has been paid outlives a function that dies.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

from aws import objects, stored
from contract.layout import translated_part_key, translated_parts, translation_progress_key
from contract.messages import message
from pipeline.errors import WaitingError
from translation.progress import (
    Progress,
    digest_of,
    progress_from_json,
    progress_to_json,
)
from translation.remembering import OutOfMoneyError

JSON = "application/json"


class Translations:
    """The memory of one translation: what has been answered and paid in all its tries."""

    def __init__(self, bucket: str, name: str, engine: str, by: str, most: float) -> None:
        self._bucket, self._name, self._by, self._most = bucket, name, by, most
        self._parts = translated_parts(digest_of(name), engine)
        self._progress_key = translation_progress_key(digest_of(name))
        self._progress, self._etag = _read(bucket, self._progress_key)
        self._written = 0
        if self._progress.is_taken(by, _now()):
            raise _busy()

    @property
    def paid(self) -> float:
        return self._progress.paid.get(self._name, 0.0)

    def answers(self) -> Mapping[str, str]:
        """Segment → translation, of all parts that were ever kept."""
        keys = sorted(objects.sizes(self._bucket, self._parts))
        self._written = len(keys)
        found: dict[str, str] = {}
        for key in keys:
            found |= stored.read_json(self._bucket, key) or {}
        return found

    def charge(self, usd: float) -> None:
        """Before a part is asked for; raises OutOfMoneyError, or WaitingError when overtaken."""
        before = self.paid
        # What a float makes of the last cent is no reason to stop.
        if round(before + usd - self._most, 6) > 0:
            raise OutOfMoneyError
        self._write(self._progress.charged(self._name, before + usd, self._by, _now()))
        self._held = usd

    def keep(self, answers: Mapping[str, str], usd: float) -> None:
        """After it was: its answers, and what it has cost; the next write tells the cost."""
        if answers:
            key = translated_part_key(self._parts, self._written)
            content = json.dumps(answers, ensure_ascii=False).encode(errors="replace")
            objects.put(self._bucket, key, content, JSON)
            self._written += 1
        paid = max(0.0, self.paid - self._held + usd)
        self._progress = self._progress.charged(self._name, paid, self._by, _now())

    def leave(self) -> None:
        """Let another invocation go on at once."""
        if self._progress.by:
            self._write(self._progress.left())

    def _write(self, progress: Progress) -> None:
        content = progress_to_json(progress)
        if not objects.put_if_unchanged(
            self._bucket, self._progress_key, content, JSON, self._etag
        ):
            raise _busy()
        self._progress, self._etag = _read(self._bucket, self._progress_key)


@contextmanager
def remembered(bucket: str, name: str, engine: str, by: str, most: float) -> Iterator[Translations]:
    """The memory of a translation that may cost `most` US dollars, while it is used.

    Raises WaitingError when another function is at the same file.
    """
    memory = Translations(bucket, name, engine, by, most)
    try:
        yield memory
    finally:
        memory.leave()


def paid_for(bucket: str, name: str) -> float:
    """What a translation has cost until now, in US dollars; at most, if a function died."""
    progress, _ = _read(bucket, translation_progress_key(digest_of(name)))
    return progress.paid.get(name, 0.0)


def answered(bucket: str, name: str, engine: str) -> Callable[[str], bool]:
    """Whether a segment has its answer already."""
    keys = objects.sizes(bucket, translated_parts(digest_of(name), engine))
    known = {text for key in keys for text in stored.read_json(bucket, key) or {}}
    return known.__contains__


def _read(bucket: str, key: str) -> tuple[Progress, str | None]:
    content, etag = stored.read_with_etag(bucket, key)
    return progress_from_json(content), etag


def _busy() -> WaitingError:
    return WaitingError(message("wait.same_file"))


def _now() -> datetime:
    return datetime.now(UTC)
