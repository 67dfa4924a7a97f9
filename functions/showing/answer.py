"""What the page gets back: statuses, files, costs, and the form of an upload."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from contract.messages import is_known, message, metric_name, render
from pipeline.costs import DECIMALS, Ledger
from pipeline.status import Status, file_name
from showing.shown import Fetchable, Form, Shown
from showing.upload import LARGEST_UPLOAD

JsonValue = object
MODEL, RUNS = "model", "runs"


def statuses_body(
    found: Sequence[Shown], after: str | None, bucket: str, endings: Sequence[str], language: str
) -> dict[str, JsonValue]:
    """Where each dataset stands; `next` asks for the ones that follow.

    `endings` are those of files that the page may upload; none where it may not.
    """
    body: dict[str, JsonValue] = {
        "bucket": bucket,
        "uploads": {"endings": endings, "largest_bytes": LARGEST_UPLOAD} if endings else None,
        "statuses": [_status(one, language) for one in found],
    }
    return body | ({"next": after} if after else {})


def files_body(
    status: Status, found: Sequence[Fetchable], seconds: int, language: str
) -> dict[str, JsonValue]:
    """The files of a job of the dataset, each with an address that is good for so long."""
    return {
        "dataset": status.dataset,
        "job": status.job,
        "seconds": seconds,
        "files": [
            {
                "name": one.name,
                "title": render(file_name(one.name), language),
                "file": one.key.rpartition("/")[2],
                "bytes": one.size,
                "url": one.url,
            }
            for one in found
        ],
    }


def costs_body(ledger: Ledger, now: datetime) -> dict[str, JsonValue]:
    """What ended jobs have cost this month, in US dollars, and what running ones may."""
    month = now.strftime("%Y-%m")
    ended = [job for job in ledger.ended.values() if job.month == month]
    usd, jobs = defaultdict[str, float](float), Counter(job.dataset for job in ended)
    for job in ended:
        usd[job.dataset] += job.usd
    most = sorted(usd, key=lambda dataset: (-usd[dataset], dataset))
    return {
        "month": month,
        "usd": _usd(ledger.spent(month)),
        "reserved_usd": _usd(sum(one.usd for one in ledger.reservations.values())),
        "datasets": [{"dataset": one, "usd": _usd(usd[one]), "jobs": jobs[one]} for one in most],
    }


def upload_body(key: str, form: Form, seconds: int) -> dict[str, JsonValue]:
    """The form to send with the file, its last field, within so many seconds."""
    return {
        "key": key,
        "url": form.url,
        "fields": dict(form.fields),
        "largest_bytes": LARGEST_UPLOAD,
        "seconds": seconds,
    }


def _status(one: Shown, language: str) -> dict[str, JsonValue]:
    status = one.status
    return {
        "dataset": status.dataset,
        "state": status.state,
        "state_text": render(message(f"state.{status.state}"), language),
        "headline": render(status.headline, language),
        "next": [render(step, language) for step in status.next],
        "updated": one.updated,
        "uploaded": status.uploaded,
        "job": status.job,
        "target": status.target,
        "score": _score(status, language),
        "verdict": status.verdict["color"] if status.verdict else None,
        "against": [render(one, language) for one in status.against],
        "usd": status.cost["usd"] if status.cost else None,
        "answers_requests": one.answers_requests,
        "has_files": one.files_of is not None,
        "files_of": one.files_of,
        "progress": _progress(one.progress, language),
    }


def _score(status: Status, language: str) -> dict[str, JsonValue] | None:
    if status.score is None:
        return None
    return {**status.score, "metric_name": metric_name(status.score["metric"], language)}


def _progress(
    progress: Mapping[str, JsonValue] | None, language: str
) -> dict[str, JsonValue] | None:
    if progress is None:
        return None
    stage = str(progress["stage"])
    code = f"stage.{stage.replace(' ', '_')}"
    text = render(message(code), language) if is_known(code) else stage
    if fitting := progress.get("fitting"):
        text = render(message("cli.fitting", stage=text, model=fitting), language)
    return {
        "percent": progress["percent"],
        "text": text,
        "seconds_left": progress.get("seconds_left"),
    }


def _usd(amount: float) -> float:
    return round(amount, DECIMALS)
