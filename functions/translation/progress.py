"""How far the translation of a file is: what it has cost, and which function is at it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta

from contract.layout import digest
from translation.languages import Pair
from translation.remembering import SECONDS_FOR_A_PART

# No job of SageMaker can have a colon in its name.
KIND = "translation:"
LEASE = timedelta(seconds=SECONDS_FOR_A_PART + 60)


@dataclass(frozen=True)
class Progress:
    """The content of progress.json, beside the answers."""

    paid: Mapping[str, float] = field(default_factory=dict)
    """Name of the translation, one per upload → US dollars, at most."""
    by: str = ""
    """Which invocation is at it."""
    until: str = ""
    """When its lease ends, in ISO 8601."""

    def is_taken(self, by: str, now: datetime) -> bool:
        """Whether another invocation is at it, as far as anyone can know."""
        return bool(self.by) and self.by != by and now < datetime.fromisoformat(self.until)

    def charged(self, name: str, usd: float, by: str, now: datetime) -> "Progress":
        """With this much paid for a translation, and taken for as long as a part takes."""
        return Progress({**self.paid, name: usd}, by, (now + LEASE).isoformat())

    def left(self) -> "Progress":
        return replace(self, by="", until="")


def progress_from_json(content: bytes | None) -> Progress:
    return Progress(**json.loads(content)) if content else Progress()


def progress_to_json(progress: Progress) -> bytes:
    return json.dumps(asdict(progress)).encode()


def content_digest(etag: str, columns: Sequence[str], pair: Pair) -> str:
    """12 hex digits that stand for a file, and what is to be translated of it."""
    return digest(json.dumps([etag, list(columns), str(pair)]))


def translation_name(content: str, version: str) -> str:
    """The name in the ledger: of the digest of this content, and of this upload of it."""
    return f"{KIND}{content}:{digest(version)}"


def is_translation(name: str) -> bool:
    return name.startswith(KIND)


def digest_of(name: str) -> str:
    return name.split(":")[1]
