"""Train a model again from its passport, and say whether the same comes out."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codefree.archives import ArchiveError, unpack
from codefree.folders import temporary_folder
from codefree.functions_code import load
from codefree.predict import read_passport
from codefree.room import FULL
from codefree.words import Message, SaidError, message, reason

if TYPE_CHECKING:
    from contract import job as jobs
else:
    jobs = load("job")

COLUMNS = Path("code") / "columns.json"
# Of a folder that may have anything in it.
MOST_FILES = 1000
DIGEST_SHOWN = 12
# Settings that change where and how results are shown, not what is learned.
SHOWING = ("keep_requests", "take_over", "report_language")
UNREADABLE = (AttributeError, KeyError, RecursionError, TypeError, ValueError)


class ReproduceError(SaidError):
    """Raised when a model cannot be trained again; the message is for the user."""


@dataclass(frozen=True)
class Origin:
    """What a model.tar.gz says of where it comes from."""

    job: "jobs.ModelJob"
    sha256: Mapping[str, str]
    """File name → hash of what was read."""
    versions: Mapping[str, str]
    seeds: Mapping[str, int]
    performance: Mapping[str, Any]
    columns: Mapping[str, Mapping[str, Any]]
    """Name → how the column is read, of all columns that the model uses."""

    @property
    def settings(self) -> dict[str, object]:
        """What a settings file has to say so that the same is learned."""
        given = jobs.settings_of(self.job)
        return {
            name: value
            for name, value in given.items()
            if value not in (None, []) and name not in SHOWING
        }

    @property
    def files(self) -> list[str]:
        """The names of train and test file."""
        return [one.file for one in (self.job.train, self.job.test) if one is not None]


@dataclass(frozen=True)
class Compared:
    """How two models differ."""

    said: tuple[Message, ...]
    same: bool
    """Whether columns and score are the same, the score within its noise."""

    def to_json(self, render: Callable[[Message], str]) -> dict[str, Any]:
        found = [{"code": one.code, "text": render(one)} for one in self.said]
        return {"reproduced": self.same, "findings": found}


def read_origin(model: Path) -> Origin:
    """Read the passport; no code of the model is run. Raises ReproduceError."""
    with temporary_folder() as folder:
        try:
            unpack(model, folder / "model")
        except ArchiveError as error:
            said = message("cli.not_model", model=str(model), reason=error.message)
            raise ReproduceError(said) from error
        except OSError as error:
            if error.errno in FULL:
                raise
            said = message("cli.unreadable", file=str(model), error=reason(error))
            raise ReproduceError(said) from error
        passport = read_passport(folder / "model")
        try:
            return _origin(passport, (folder / "model" / COLUMNS).read_bytes())
        except (OSError, *UNREADABLE) as error:
            raise ReproduceError(message("reproduce.no_passport", model=str(model))) from error


def _origin(passport: Mapping[str, Any], columns: bytes) -> Origin:
    job = jobs.job_from_json(json.dumps(passport))
    if not isinstance(job, jobs.ModelJob):
        raise TypeError("not a model of a table")
    found = Origin(
        job,
        dict(passport["sha256"]),
        dict(passport["versions"]),
        dict(passport["seeds"]),
        dict(passport["performance"]),
        {one["name"]: one for one in json.loads(columns)["columns"]},
    )
    if not set(found.files) <= found.sha256.keys():
        raise ValueError("files without a hash")
    return found


def find_files(origin: Origin, folder: Path) -> list[Path]:
    """The files that the model has learned from and was scored on, whatever they are called.

    Raises ReproduceError where one is not in the folder, or has other content.
    """
    try:
        there = sorted(path for path in folder.iterdir() if path.is_file())[:MOST_FILES]
    except OSError as error:
        said = message("cli.unreadable", file=str(folder), error=reason(error))
        raise ReproduceError(said) from error
    inputs = [one for one in (origin.job.train, origin.job.test) if one is not None]
    return [_find(one.file, one.bytes, origin.sha256[one.file], folder, there) for one in inputs]


def _find(name: str, size: int | None, digest: str, folder: Path, there: list[Path]) -> Path:
    named = [path for path in there if path.name == name]
    others = [path for path in there if path.name != name and path.stat().st_size == size]
    hashes = {path: _sha256(path) for path in named}
    for path in (*named, *others):
        if (hashes.get(path) or _sha256(path)) == digest:
            return path
    if named:
        found = hashes[named[0]][:DIGEST_SHOWN]
        known = {"file": name, "folder": str(folder), "digest": digest[:DIGEST_SHOWN]}
        raise ReproduceError(message("reproduce.other_content", found=found, **known))
    raise ReproduceError(
        message("reproduce.missing", file=name, folder=str(folder), digest=digest[:DIGEST_SHOWN])
    )


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        said = message("cli.unreadable", file=str(path), error=reason(error))
        raise ReproduceError(said) from error


def compare(before: Origin, now: Origin) -> Compared:
    """Say what is the same and what differs, what matters most first."""
    score, is_close = _score(before.performance, now.performance)
    columns = list(_columns(before.columns, now.columns))
    same = is_close and not columns
    return Compared(
        (
            message("reproduce.same" if same else "reproduce.differs"),
            score,
            *(columns or [message("reproduce.same_columns", count=len(now.columns))]),
            *_circumstances(before, now),
        ),
        same,
    )


def _columns(
    before: Mapping[str, Mapping[str, Any]], now: Mapping[str, Mapping[str, Any]]
) -> Iterator[Message]:
    lacking = tuple(name for name in before if name not in now)
    added = tuple(name for name in now if name not in before)
    other = tuple(name for name in now if name in before and now[name] != before[name])
    for code, names in (("lacking", lacking), ("added", added), ("read_otherwise", other)):
        if names:
            yield message(f"reproduce.columns_{code}", columns=names)


def _score(before: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[Message, bool]:
    """A sentence, and whether the score is the same but for noise."""
    rows = ("metric", "scored_on", "rows")
    if [before.get(one) for one in rows] != [now.get(one) for one in rows]:
        places = (
            f"{one.get('metric')}, {one.get('scored_on')}, {one.get('rows')}"
            for one in (before, now)
        )
        return message("reproduce.other_rows", before=next(places), now=next(places)), False
    known = {"metric": now["metric"], "now": now["score"], "before": before["score"]}
    if now["score"] == before["score"]:
        return message("reproduce.same_score", **known), True
    interval = before.get("interval")
    if not interval:
        return message("reproduce.no_interval", **known), False
    low, high = interval
    inside = low <= now["score"] <= high
    code = "reproduce.close_score" if inside else "reproduce.other_score"
    return message(code, low=low, high=high, **known), inside


def _circumstances(before: Origin, now: Origin) -> Iterator[Message]:
    """What may be why the score is not the same to the last digit."""
    pairs = {
        "versions": (before.versions, now.versions),
        "seeds": (before.seeds, now.seeds),
    }
    for code, (then, today) in pairs.items():
        names = [*today, *(name for name in then if name not in today)]
        changed = tuple(
            f"{name} {then.get(name, '–')} → {today.get(name, '–')}"
            for name in names
            if then.get(name) != today.get(name)
        )
        if changed:
            yield message(f"reproduce.other_{code}", changed=changed)
    if before.job.source != now.job.source:
        yield message("reproduce.other_code")
    if before.performance.get("best_model") != now.performance.get("best_model"):
        models = {
            "before": before.performance.get("best_model"),
            "now": now.performance.get("best_model"),
        }
        yield message("reproduce.other_model", **models)
