"""live.json: which models of a dataset answer requests, and who decided that, and when.

The functions and the command write it. Time is always given: after `until`, a challenger is the
champion for every reader, whether or not anyone has written so.
"""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, get_args

from .bounds import SERVES, Serve

Who = Literal["publication", "command", "upload", "alarm", "requests", "clock"]
# Why a new model does not replace the champion; see `Live.published`.
Doubt = Literal["worse", "not_compared", "unfit", "other_target", "never"]
What = Literal[
    "first",
    "challenges",
    "at_once",
    "off",
    "worse",
    "not_compared",
    "unfit",
    "other_target",
    "never",
    "not_served",
    "promoted",
    "deployed",
    "rolled_back",
    "stopped",
    "undeployed",
]
# Who stops a challenger without having been asked to.
WATCHING: tuple[Who, ...] = ("alarm", "requests", "clock")
State = Literal["champion", "challenger", "held_back", "earlier"]
ON_PUBLICATION: tuple[What, ...] = (
    *("first", "challenges", "at_once", "off", "not_served"),
    *get_args(Doubt),
)
HELD_BACK: tuple[What, ...] = (*get_args(Doubt), "stopped", "rolled_back")
ALL = 100.0
# So long a challenger may take for a request: API Gateway waits for 29, in which the champion may
# have to answer, too.
SLOW_SECONDS = 10
# With so many requests that failed a trial is over at once.
MOST_FAILURES = 3
# Alarms come some minutes after what they are about.
WATCHED_MINUTES = 15
MOST_EARLIER, MOST_DECISIONS = 20, 30
# What reading JSON of any content and depth may raise.
UNREADABLE = (AttributeError, KeyError, OverflowError, RecursionError, TypeError, ValueError)


class DamagedError(ValueError):
    """Raised when it cannot be read which models of a dataset answer."""


@dataclass(frozen=True)
class Version:
    """A model that can answer requests."""

    job: str
    """The training job that made it."""
    target: str
    uploaded: str
    """When its newest file came, in ISO 8601."""
    keep_requests: float = 0.0
    """Percent of its requests that are kept for a month."""
    serve: Serve = "function"
    """What answers with it."""

    @property
    def age(self) -> tuple[str, str]:
        """Orders versions: two that came in one second have an order, too."""
        return self.uploaded, self.job


@dataclass(frozen=True)
class Challenger:
    """A model on trial."""

    version: Version
    share: float
    """Percent of the requests that it answers; 0 once it was stopped."""
    until: str
    """When it becomes the champion unless it has failed or was stopped, in ISO 8601."""
    failures: int = 0
    """Requests on which it failed and that were written down: the first few of a trial."""


@dataclass(frozen=True)
class Decision:
    """One line of the history."""

    when: str
    who: Who
    what: What
    job: str


@dataclass(frozen=True)
class Canary:
    """How a new model is let in."""

    share: float
    """Percent of the requests."""
    minutes: float

    @property
    def at_once(self) -> bool:
        return self.minutes <= 0 or self.share >= ALL


@dataclass(frozen=True)
class Live:
    """The models of a dataset that answer requests."""

    champion: Version | None = None
    challenger: Challenger | None = None
    earlier: tuple[Version, ...] = ()
    """Champions of before, the last one first."""
    newest: Version | None = None
    """The newest model that was ever decided on: publications of older ones come too late."""
    on: bool = True
    """Whether any model answers."""
    history: tuple[Decision, ...] = ()
    """The last decisions, the newest last."""

    def settled(self, now: datetime) -> "Live":
        """The same once a challenger whose time is over is the champion; one that failed is not."""
        one = self.challenger
        if one is None or one.share <= 0 or now < datetime.fromisoformat(one.until):
            return self
        if one.failures:
            return self._without_share(one, one.until, "clock")
        return self._with_champion(one.version)._decided(
            one.until, "clock", "promoted", one.version
        )

    def on_trial(self, now: datetime) -> Challenger | None:
        """The challenger, where it answers any requests now."""
        found = self.settled(now)
        one = found.challenger
        return one if found.on and one and one.share > 0 and found.champion else None

    def tried(self, now: datetime) -> Challenger | None:
        """The challenger on trial, or the one whose trial ended so lately that an alarm may come.

        No one has written since, or it would be the champion in the file, too.
        """
        one = self.challenger
        if one is None or one.share <= 0 or not self.on:
            return None
        end = datetime.fromisoformat(one.until) + timedelta(minutes=WATCHED_MINUTES)
        return one if now < end else None

    def stopped_lately(self, now: datetime) -> Challenger | None:
        """The challenger, where its failures or an alarm have stopped it minutes ago."""
        one, since = self.challenger, now - timedelta(minutes=WATCHED_MINUTES)
        lines = [
            line
            for line in self.history
            if line.what == "stopped"
            and line.who in WATCHING
            and datetime.fromisoformat(line.when) >= since
        ]
        known = one is not None and any(line.job == one.version.job for line in lines)
        return one if one and one.share <= 0 and known else None

    def answering(self, now: datetime) -> tuple[Version, ...]:
        """The models that answer requests now, the champion first."""
        settled = self.settled(now)
        if not settled.on or settled.champion is None:
            return ()
        trial = settled.on_trial(now)
        return settled.champion, *((trial.version,) if trial else ())

    @property
    def versions(self) -> tuple[Version, ...]:
        """All that answer or have answered."""
        trial = (self.challenger.version,) if self.challenger else ()
        return *((self.champion,) if self.champion else ()), *trial, *self.earlier

    @property
    def off_by_settings(self) -> bool:
        """Whether no model answers because the newest settings said so, and no command since."""
        switches = [one.what for one in self.history if one.what in ("not_served", "undeployed")]
        return not self.on and switches[-1:] == ["not_served"]

    @property
    def keep_requests(self) -> float:
        """Percent of the requests to keep: the newest settings count, whichever model answers."""
        newest = self.newest or self.champion
        return newest.keep_requests if newest else 0.0

    def knows(self, version: Version) -> bool:
        """Whether this model, or a newer one, was decided on."""
        return self.newest is not None and version.age <= self.newest.age

    def published(
        self, version: Version, canary: Canary, doubt: Doubt | None, now: datetime
    ) -> "Live":
        """With a model that has just been trained; the same when it is known."""
        if self.knows(version):
            return self
        settled = replace(self.settled(now), newest=version)
        what = settled._place_of(version, canary, doubt)
        if what in ("first", "at_once", "not_served"):
            settled = replace(settled._with_champion(version), on=what != "not_served")
        elif what == "challenges":
            until = (now + timedelta(minutes=canary.minutes)).isoformat(timespec="seconds")
            settled = replace(settled, challenger=Challenger(version, canary.share, until))
        return settled._decided(_text(now), "publication", what, version)

    def _place_of(self, version: Version, canary: Canary, doubt: Doubt | None) -> What:
        if not self.on and not self.off_by_settings:
            return "off"
        if version.serve == "none":
            return "not_served"
        if self.champion is None:
            return "first"
        if not self.on:
            return "at_once"
        if doubt:
            return doubt
        # Halves of the requests that are answered by two questions would help no caller.
        at_once = canary.at_once or version.target != self.champion.target
        return "at_once" if at_once else "challenges"

    def deployed(self, version: Version, now: datetime, who: Who = "command") -> "Live":
        """With that model for all requests, because its owner says so."""
        settled = replace(self.settled(now), on=True)
        if settled.newest is None or version.age > settled.newest.age:
            settled = replace(settled, newest=version)
        champion = settled._with_champion(version)
        return champion._decided(_text(now), who, "deployed", version)

    def rolled_back(self, now: datetime, who: Who = "command") -> "Live | None":
        """Without the challenger or, where none answers, with the champion of before; or None."""
        if one := self.on_trial(now):
            return self.stopped(one.version.job, who, now)
        settled = self.settled(now)
        if not settled.earlier or settled.champion is None:
            return None
        before, *rest = settled.earlier
        gone = settled.champion
        back = replace(settled, champion=before, challenger=None, earlier=tuple(rest))
        return back._decided(_text(now), who, "rolled_back", gone)

    def stopped(self, job: str, who: Who, now: datetime) -> "Live":
        """With no share for that job's model; the same where its trial is long over.

        Where it has just become the champion, the one of before is it again.
        """
        one = self.tried(now)
        if one is None or one.version.job != job:
            return self
        return self._without_share(one, _text(now), who)

    def failed(self, job: str, now: datetime) -> "Live":
        """With one more failure of that job's model on trial, the last of which stops it."""
        one = self.tried(now)
        if one is None or one.version.job != job:
            return self
        counted = replace(one, failures=one.failures + 1)
        if counted.failures < MOST_FAILURES:
            return replace(self, challenger=counted)
        return self._without_share(counted, _text(now), "requests")

    def undeployed(self, now: datetime) -> "Live":
        """Without any model that answers."""
        settled = self.settled(now)
        if not settled.on or settled.champion is None:
            return settled
        off = replace(settled, on=False, challenger=None)
        return off._decided(_text(now), "command", "undeployed", settled.champion)

    def decided(self, job: str, among: Collection[What] = get_args(What)) -> What | None:
        """The last of these decisions on a job's model; None when there is none, or no more."""
        found = [one.what for one in self.history if one.job == job and one.what in among]
        return found[-1] if found else None

    def state_of(self, job: str, now: datetime) -> State:
        """What a model that can answer is."""
        settled = self.settled(now)
        if settled.champion and settled.champion.job == job:
            return "champion"
        if (one := settled.on_trial(now)) and one.version.job == job:
            return "challenger"
        return "held_back" if settled.decided(job) in HELD_BACK else "earlier"

    def _without_share(self, one: Challenger, when: str, who: Who) -> "Live":
        still = replace(self, challenger=replace(one, share=0.0))
        return still._decided(when, who, "stopped", one.version)

    def _with_champion(self, version: Version) -> "Live":
        before = [self.champion] if self.champion else []
        others = [one for one in (*before, *self.earlier) if one.job != version.job]
        return replace(
            self, champion=version, challenger=None, earlier=tuple(others[:MOST_EARLIER])
        )

    def _decided(self, when: str, who: Who, what: What, version: Version) -> "Live":
        history = (*self.history, Decision(when, who, what, version.job))
        return replace(self, history=history[-MOST_DECISIONS:])

    def to_json(self) -> bytes:
        return json.dumps(asdict(self), ensure_ascii=False, indent=1).encode()


def takes(challenger: Challenger, request: str) -> bool:
    """Whether a request is one that the challenger answers: always the same ones."""
    text = f"{challenger.version.job}\n{request}".encode(errors="surrogatepass")
    place = int.from_bytes(hashlib.sha256(text).digest()[:8], "big") / 2**64
    return place * ALL < challenger.share


def live_of_pointer(pointer: Mapping[str, Any] | None) -> Live:
    """What an earlier release let answer: the model that model.json names."""
    version = _version(pointer)
    return Live(champion=version, newest=version)


def live_from_json(content: bytes) -> Live:
    """What live.json says; what a later release adds is left alone, what lacks is as it was first.

    Raises DamagedError for a file that is no live.json.
    """
    try:
        given = json.loads(content)
        challenger = given.get("challenger")
        return Live(
            _version(given.get("champion")),
            _challenger(challenger) if challenger else None,
            tuple(found for one in given.get("earlier", ()) if (found := _version(one))),
            _version(given.get("newest")),
            given.get("on", True) is not False,
            tuple(map(_decision, given.get("history", ()))),
        )
    except UNREADABLE as error:
        raise DamagedError("not a live.json") from error


def _version(given: Mapping[str, Any] | None) -> Version | None:
    if not given:
        return None
    keep = float(given.get("keep_requests", 0.0))
    serve = given.get("serve", Version.serve)
    if serve not in SERVES:
        raise ValueError("an unknown way to serve")
    return Version(str(given["job"]), str(given["target"]), str(given["uploaded"]), keep, serve)


def _challenger(given: Mapping[str, Any]) -> Challenger:
    version, share = _version(given["version"]), float(given["share"])
    failures = int(given.get("failures", 0))
    if version is None or not 0 <= share <= ALL or failures < 0:
        raise ValueError("a challenger without a model, a share, or a count")
    return Challenger(version, share, _moment(given["until"]), failures)


def _decision(given: Mapping[str, Any]) -> Decision:
    # A later release may decide otherwise: such lines are kept as they are.
    return Decision(_moment(given["when"]), given["who"], given["what"], given["job"])


def _moment(given: str) -> str:
    """The same; raises ValueError or OverflowError where nothing can be added to it."""
    when = datetime.fromisoformat(given)
    if when.tzinfo is None:
        raise ValueError("a time without its zone")
    for days in (-1, 1):
        _ = when.astimezone(UTC) + timedelta(days=days)
    return given


def _text(when: datetime) -> str:
    return when.isoformat(timespec="seconds")
