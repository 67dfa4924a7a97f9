"""The versions of a pair's translator: which there are, which one serves, and what users order."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from contract.live import Canary, Doubt, Live, Version
from contract.messages import Message, message
from contract.spreadsheet import safe_row
from pipeline.errors import RefusedError
from pipeline.results import HELD_BACK, VERSION_EXAMPLE
from pipeline.settings import in_settings_file, parse_object, require_setting, wrong
from pipeline.status import Status
from translation.training import TranslatorData

HEADER = ("version", "state", "uploaded", "bleu", "job")
# An endpoint changes its version as a whole.
AT_ONCE = Canary(share=100.0, minutes=0.0)
# What speaks against a translator, besides that its translations are worthless.
DOUBTS: tuple[Doubt, ...] = ("never", "worse", "not_compared")


@dataclass(frozen=True)
class TranslatorVersion:
    """A translator of a pair, as the list shows it."""

    number: int
    """From 1, the oldest upload."""
    job: str
    uploaded: str
    """In ISO 8601; empty for the translator that comes with the project."""
    bleu: float | None
    state: str
    """champion, earlier or held_back."""
    unfit: Message | None = None
    """Why it may never serve."""


@dataclass(frozen=True)
class Served:
    """A version of a pair, to be brought behind its endpoint."""

    job: str
    source_language: str
    target_language: str


def versions_of(statuses: Iterable[Status], live: Live, now: datetime) -> list[TranslatorVersion]:
    """All versions, the oldest upload first: of jobs by their own statuses, and what serves."""
    found = {
        one.job: (one.uploaded or "", one)
        for one in statuses
        if one.job and one.state == "completed" and one.model
    }
    served = {one.job: (one.uploaded, None) for one in (live.champion, *live.earlier) if one}
    entries = sorted({**served, **found}.items(), key=lambda entry: (entry[1][0], entry[0]))
    return [
        TranslatorVersion(
            number,
            job,
            uploaded,
            status.score["score"] if status and status.score else None,
            _state(job, status, live, now),
            _unfit(status),
        )
        for number, (job, (uploaded, status)) in enumerate(entries, start=1)
    ]


def versions_csv(versions: Sequence[TranslatorVersion]) -> str:
    """The list as a table that opens in Excel."""
    written = io.StringIO()
    rows = csv.writer(written, lineterminator="\r\n")
    rows.writerow(HEADER)
    for one in versions:
        bleu = "" if one.bleu is None else one.bleu
        rows.writerow(safe_row([one.number, one.state, one.uploaded, bleu, one.job]))
    return written.getvalue()


def ordered(
    content: bytes, versions: Sequence[TranslatorVersion], data: TranslatorData
) -> TranslatorVersion:
    """The version that an order names by its number or its job; raises RefusedError."""
    with in_settings_file(data.version_key):
        chosen = parse_object(content, VERSION_EXAMPLE)
        for name in chosen:
            require_setting(name, ("version",))
        asked = chosen.get("version")
        if isinstance(asked, bool) or not isinstance(asked, int | str):
            raise wrong("version", asked, message("want.version"))
    found = next((one for one in versions if asked in (one.number, one.job)), None)
    if found is None:
        raise RefusedError(message("order.no_version", version=str(asked), count=len(versions)))
    if found.unfit:
        raise RefusedError(message("order.unfit", version=found.number, why=found.unfit))
    return found


def doubt_of(status: Status) -> Doubt | None:
    """What its job has found against a translator; None where nothing."""
    why = _why_held_back(status)
    if why is None:
        return None
    name = why.code.rpartition(".")[2]
    return next((doubt for doubt in DOUBTS if doubt == name), "unfit")


def published(live: Live, version: Version, doubt: Doubt | None, now: datetime) -> Live:
    """With a translator that has just been trained; decided twice, it is decided once."""
    if live.decided(version.job) or (doubt and live.champion is None):
        return live
    if live.champion and live.champion.uploaded > version.uploaded:
        return live
    # S3 tells when a file came by the second: of two in one, the later publication counts.
    return replace(live, newest=None).published(version, AT_ONCE, doubt, now)


def taken_back(live: Live, version: Version, asked_at: str, now: datetime) -> Live:
    """With that version, because an order of `asked_at` says so; not after a later decision."""
    if live.champion and live.champion.job == version.job:
        return live
    asked = datetime.fromisoformat(asked_at)
    if any(datetime.fromisoformat(one.when) > asked for one in live.history):
        return live
    if live.earlier and live.earlier[0].job == version.job:
        return live.rolled_back(now, "upload") or live
    return live.deployed(version, now, "upload")


def _state(job: str, status: Status | None, live: Live, now: datetime) -> str:
    # What was never decided on, because it came late or in an earlier release, is in no history.
    if live.decided(job) is None and status and HELD_BACK in {one.code for one in status.details}:
        return "held_back"
    return live.state_of(job, now)


def _unfit(status: Status | None) -> Message | None:
    return _why_held_back(status) if status and doubt_of(status) == "unfit" else None


def _why_held_back(status: Status) -> Message | None:
    found = [one.values.get("why") for one in status.details if one.code == HELD_BACK]
    return next((why for why in found if isinstance(why, Message) and not _late(why)), None)


def _late(why: Message) -> bool:
    """Whether nothing speaks against the translator itself."""
    return why.code in ("take_over.overtaken", "take_over.compared_with_other")
