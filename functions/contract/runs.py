"""runs.json: every job of a dataset, so that one can be compared with another.

The functions write it; they and the command read it.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime
from functools import cached_property
from typing import Any, Literal

# Relative, because the command loads this package under another name.
from .live import UNREADABLE, Live

Made = Literal["model", "predictions", "translator"]
# A dataset with more forgets the oldest.
MOST_RUNS = 500
DIGEST_SHOWN = 8
# Its model predicts with AutoGluon only.
NOT_PORTABLE = "not_portable"


@dataclass(frozen=True)
class Input:
    """A file that a run has read."""

    part: str
    """train or test."""
    file: str
    key: str
    """Of the upload; another one may have taken its place."""
    etag: str
    sha256: str | None = None
    rows: int | None = None
    query: str | None = None
    """The SQL that gave its rows, where they come from a query."""

    @property
    def digest(self) -> str:
        """What tells these bytes from others."""
        return self.sha256 or self.etag

    def is_same(self, other: "Input | None") -> bool:
        """Whether both are known to be the same bytes."""
        if other is None:
            return False
        if self.sha256 and other.sha256:
            return self.sha256 == other.sha256
        return bool(self.etag) and self.etag == other.etag


@dataclass(frozen=True)
class Measured:
    """How good a run's predictions were."""

    metric: str
    score: float
    scored_on: str
    rows: int
    interval: tuple[float, float] | None = None
    """Of 95%."""


@dataclass(frozen=True)
class Compared:
    """How the champion of that time did on the same rows."""

    job: str
    score: float | None
    verdict: str
    """What the newer model is: better, worse or alike."""


@dataclass(frozen=True)
class Run:
    """One job of a dataset, once it has ended."""

    job: str
    made: Made
    state: str
    """completed, failed or stopped."""
    uploaded: str = ""
    """When the newest of its files came, in ISO 8601."""
    ended: str = ""
    """In ISO 8601; empty for a job that never ran."""
    data: tuple[Input, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    """As in job.json; empty where that is gone."""
    seeds: Mapping[str, int] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    measured: Measured | None = None
    verdict: str | None = None
    """red, yellow or green."""
    champion: Compared | None = None
    model_job: str = ""
    """The training that made the model which it leaves, or has predicted with; empty for none."""
    after: str = ""
    """The attempt that ran out of memory before this one."""
    usd: float | None = None
    """None where no machine was rented."""
    billed_seconds: int = 0
    instance_type: str = ""
    portable: bool = False
    """Whether its model can answer requests."""
    there: bool = True
    """Whether its results were still in the bucket when this was written."""

    @property
    def age(self) -> tuple[str, str]:
        """Orders runs as `codefree models` orders versions."""
        return self.uploaded, self.job

    @property
    def has_model(self) -> bool:
        """Whether it has made a model that is still there."""
        return self.there and self.model_job == self.job

    @property
    def trains(self) -> bool:
        """Whether it was to make a model."""
        return self.made in ("model", "translator")

    def input(self, part: str) -> Input | None:
        """The file of a part, if there is one."""
        return next((one for one in self.data if one.part == part), None)


@dataclass(frozen=True)
class Change:
    """What differs from the training before."""

    name: str
    """Of a setting, seed or package."""
    before: object
    now: object


@dataclass(frozen=True)
class Runs:
    """All runs of a dataset, the oldest upload first."""

    dataset: str
    all: tuple[Run, ...] = ()

    def with_runs(self, runs: Iterable[Run]) -> "Runs":
        """With these in place of what is known of the same jobs."""
        known = {one.job: one for one in (*self.all, *runs)}
        return replace(
            self, all=tuple(sorted(known.values(), key=lambda one: one.age)[-MOST_RUNS:])
        )

    def with_folders(self, jobs: Iterable[str]) -> "Runs":
        """With what is known of which results are there."""
        there = set(jobs)
        found = [
            one if one.there == (one.job in there) else replace(one, there=one.job in there)
            for one in self.all
        ]
        return replace(self, all=tuple(found))

    @cached_property
    def versions(self) -> Mapping[str, int]:
        """Job → the number that `codefree models` gives its model."""
        jobs = [one.job for one in self.all if one.has_model]
        return {job: number for number, job in enumerate(jobs, start=1)}

    def changes(self, run: Run) -> list[Change] | None:
        """What differs from the training before; None where there is nothing to compare with."""
        earlier = [one for one in self.all if one.trains and one.age < run.age and one.settings]
        if not (run.trains and run.settings and earlier):
            return None
        before = earlier[-1]
        pairs = (
            (before.settings, run.settings),
            *((old, new) for old, new in _known(before, run) if old and new),
        )
        return [
            Change(name, old.get(name), new.get(name))
            for old, new in pairs
            for name in (*new, *(name for name in old if name not in new))
            if old.get(name) != new.get(name)
        ]

    def on_same_rows(self, run: Run) -> list[Run]:
        """The other runs whose score is comparable: by the same metric on the same rows."""
        return [one for one in self.all if one.job != run.job and _same_rows(one, run)]

    def as_of(self, live: Live | None) -> str:
        """When the last of what is known happened, in ISO 8601; empty where nothing did."""
        decided = [one.when for one in live.history[-1:]] if live else []
        return _last([*decided, self._last_ended])

    @cached_property
    def _last_ended(self) -> str:
        return _last([one.ended for one in self.all])

    def answers(self, run: Run, live: Live | None, now: datetime | None = None) -> str:
        """What a run's model is for requests, as programs know it; empty where none is known.

        Without a moment, at the one that is shown.
        """
        if not run.has_model:
            return ""
        if not run.portable:
            return NOT_PORTABLE if run.made == "model" else ""
        as_of = self.as_of(live)
        if live is None or not (now or as_of):
            return ""
        state = live.state_of(run.job, now or datetime.fromisoformat(as_of))
        return state if live.on or state == "held_back" else "earlier"

    def to_json(self) -> bytes:
        return json.dumps(asdict(self), ensure_ascii=False, indent=1).encode()


def runs_from_json(dataset: str, content: bytes | None) -> Runs:
    """What runs.json says; nothing where it is not there, or damaged: it is written anew then."""
    try:
        given = json.loads(content or b"{}")
        return Runs(dataset).with_runs(map(_run, given.get("all", ())))
    except UNREADABLE:
        return Runs(dataset)


def change_text(change: Change) -> str:
    """A change in one line, the same in every language."""
    return f"{change.name}: {value_text(change.before)} → {value_text(change.now)}"


def value_text(value: object) -> str:
    """A setting as a settings file writes it; a dash where there is none."""
    if value is None:
        return "–"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _known(before: Run, now: Run) -> Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    return (before.seeds, now.seeds), (before.versions, now.versions)


# What decides which rows of a train file are scored.
SPLITTING = ("target", "problem_type", "group_column", "time_column", "missing_values")


def _same_rows(one: Run, other: Run) -> bool:
    """Whether both are known to be scored on the same rows; a hold-out may be another each time."""
    a, b = one.measured, other.measured
    if not (a and b) or (a.metric, a.scored_on, a.rows) != (b.metric, b.scored_on, b.rows):
        return False
    if a.scored_on == "test file":
        part = "test"
    elif a.scored_on == "out-of-fold":
        part = "train"
    else:
        return False
    deciding = SPLITTING if part == "train" else SPLITTING[:1]
    asked = [[run.settings.get(name) for name in deciding] for run in (one, other)]
    mine = one.input(part)
    return mine is not None and mine.is_same(other.input(part)) and asked[0] == asked[1]


def _run(given: Mapping[str, Any]) -> Run:
    """Raises one of UNREADABLE for what is no run."""
    measured, champion = given.get("measured"), given.get("champion")
    found = Run(
        **{name: given[name] for name in NAMES if name in given and name not in PARTS},
        data=tuple(Input(**_only(Input, one)) for one in given.get("data", ())),
        measured=_measured(measured) if measured else None,
        champion=Compared(**_only(Compared, champion)) if champion else None,
    )
    for moment in filter(None, (found.uploaded, found.ended)):
        datetime.fromisoformat(moment)
    return found


def _measured(given: Mapping[str, Any]) -> Measured:
    found = Measured(**_only(Measured, given))
    if found.interval is None:
        return found
    low, high = found.interval
    return replace(found, interval=(low, high))


PARTS = ("data", "measured", "champion")
NAMES = tuple(one.name for one in fields(Run))


def _only(kind: type[Input | Measured | Compared], given: Mapping[str, Any]) -> Mapping[str, Any]:
    """The fields that this release knows."""
    names = {one.name for one in fields(kind)}
    return {name: value for name, value in given.items() if name in names}


def _last(moments: Iterable[str]) -> str:
    return max(filter(None, moments), key=datetime.fromisoformat, default="")
