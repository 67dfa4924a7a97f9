"""Whether a new model may answer requests in place of the one that does, and how that is said."""

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Any

from contract.bounds import TakeOver
from contract.live import ON_PUBLICATION, SLOW_SECONDS, Challenger, Doubt, Live, Version
from contract.messages import Message, message
from pipeline.counts import Count

# As the job's comparison calls it.
WORSE = "worse"
TIME = "%Y-%m-%d %H:%M:%S UTC"
# What is counted of a challenger → from which share of a minute's requests on it is stopped. The
# template's alarms have the same.
LIMITS: Mapping[Count, float] = {Count.CHALLENGER_FAILED: 0.05, Count.CHALLENGER_MISREAD: 0.5}
REASONS: Mapping[Count, str] = {
    Count.CHALLENGER_FAILED: "live.failed_requests",
    Count.CHALLENGER_MISREAD: "live.misread_requests",
}


@dataclass(frozen=True)
class Minute:
    """Requests that a challenger was given."""

    bad: float
    all: float


def doubt_of(
    version: Version,
    champion: Version,
    take_over: TakeOver,
    performance: Mapping[str, Any] | None,
    unfit: Callable[[], Message | None],
) -> Doubt | None:
    """What keeps a model from replacing the champion; None when nothing does.

    `performance` is the file of its job, which has compared it with the champion of that time;
    where another one is champion now, it is not known which is better. `unfit` looks at the model
    itself.
    """
    if take_over == "never":
        return "never"
    if unfit():
        return "unfit"
    if take_over == "always":
        return None
    if version.target != champion.target:
        return "other_target"
    compared = (performance or {}).get("champion") or {}
    if compared and compared.get("job") != champion.job:
        return "not_compared"
    return "worse" if compared.get("verdict") == WORSE else None


def said_of(
    live: Live, version: Version, dataset: str, unfit: Callable[[], Message | None]
) -> Message | None:
    """What its publication has made of a model; None where that is forgotten, or came too late."""
    what, champion = live.decided(version.job, ON_PUBLICATION), live.champion
    if champion is None:
        return None
    if what is None:
        return message("live.first", dataset=dataset) if champion.job == version.job else None
    known: dict[str, object] = {"dataset": dataset, "champion": champion.job}
    match what:
        case "challenges":
            one = live.challenger
            if one is None or one.version.job != version.job:
                return None
            known |= {"share": one.share, "until": as_people_say(one.until)}
        case "at_once":
            known |= {"before": live.earlier[0].job if live.earlier else "-"}
        case "other_target":
            known |= {"before": champion.target, "target": version.target}
        case "unfit":
            known |= {"reason": unfit() or message("live.broke")}
    return message(f"live.{what}", command=deploy_command(dataset), **known)


def not_portable(live: Live | None, dataset: str) -> Message | None:
    """What to say of a model that cannot answer, where another one does."""
    if live is None or live.champion is None or not live.on:
        return None
    return message("live.not_portable", dataset=dataset, champion=live.champion.job)


def damaged(dataset: str) -> Message:
    """What to say where nothing is decided, because what was decided before cannot be read."""
    return message("live.damaged", dataset=dataset, command=deploy_command(dataset))


def blamed(counted: Mapping[Count, Sequence[Minute]], failures: int) -> Message | None:
    """Why a challenger is stopped; None for one that did nothing wrong.

    Where an alarm of all challengers together rings, at least one is over the limit in a minute.
    `failures` is how many live.json has of it.
    """
    for what, limit in LIMITS.items():
        minutes = [minute for minute in counted[what] if minute.all > 0]
        if any(minute.bad / minute.all >= limit for minute in minutes):
            bad, whole = (round(sum(each)) for each in zip(*map(astuple, minutes), strict=True))
            return message(REASONS[what], count=bad, requests=whole, seconds=SLOW_SECONDS)
    # CloudWatch may not know yet what the function that answers has written down.
    return message("live.counted_failures", count=failures) if failures else None


def stopped(live: Live, trial: Challenger, dataset: str, reason: Message, now: datetime) -> Message:
    """What the dataset's status says of a challenger that was stopped."""
    champion = live.champion.job if live.champion else "-"
    return message(
        "live.stopped",
        dataset=dataset,
        job=trial.version.job,
        champion=champion,
        time=now.strftime(TIME),
        reason=reason,
    )


def deploy_command(dataset: str) -> str:
    return f"codefree deploy {shlex.quote(dataset)}"


def as_people_say(when: str) -> str:
    return datetime.fromisoformat(when).strftime(TIME)
