"""The runs of a dataset in the bucket: runs.json, and the table and the page made of it.

S3 takes a write only if the object is still the one that was read; otherwise it is read again.
"""

import json
from collections.abc import Callable, Mapping
from functools import partial
from itertools import islice
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from aws import objects, stored
from aws.live_files import read_live
from aws.telemetry import logger
from contract.job import Job, job_from_json
from contract.layout import (
    RUNS_CSV,
    RUNS_JSON,
    RUNS_PAGE,
    STATUS_JSON,
    job_json_key,
    results_folder,
    results_prefix,
    runs_key,
)
from contract.live import UNREADABLE, DamagedError, Live
from contract.messages import known_language
from contract.runs import Run, Runs, runs_from_json
from pipeline.runs import run_of, runs_csv
from pipeline.runs_page import runs_page
from pipeline.status import Status, status_from_json

# Of two writers at a time the slower tries again.
WRITES = 50
# Of results that nothing has written down yet, such as those of earlier releases.
MOST_ADDED = 40
Render = Callable[[Runs, Live | None], bytes]


def record_run(bucket: str, status: Status, ended: str) -> bool:
    """Write down an ended job beside the others of its dataset; done twice, it is there once.

    Nothing that a publication does may wait for this, so whatever fails is only logged. Returns
    False where AWS has failed, and the same may succeed later.
    """
    try:
        write_runs(bucket, status.dataset, [run_of_job(bucket, status, ended)])
    except (ClientError, BotoCoreError):
        logger.exception("run is not written down", extra={"dataset": status.dataset})
        return False
    except Exception:
        logger.exception("run cannot be written down", extra={"dataset": status.dataset})
    return True


def rewrite_pages(bucket: str, dataset: str) -> None:
    """Show in the table and on the page which model answers by now; failures are logged."""
    try:
        if stored.exists(bucket, runs_key(dataset, RUNS_JSON)):
            _write_pages(bucket, dataset)
    except Exception:
        logger.exception("runs are not shown anew", extra={"dataset": dataset})


def write_runs(bucket: str, dataset: str, own: list[Run]) -> None:
    """Add runs, and others that are in the bucket and not written down; then show all of them."""
    key = runs_key(dataset, RUNS_JSON)
    folders = list(
        islice(stored.every_folder(bucket, results_prefix(dataset)), stored.FOLDERS_AT_ONCE)
    )
    earlier: list[Run] | None = None
    for _ in objects.tries(WRITES):
        content, etag = stored.read_with_etag(bucket, key)
        before = runs_from_json(dataset, content)
        if earlier is None:
            known = {one.job for one in (*before.all, *own)}
            earlier = _not_written(bucket, dataset, [one for one in folders if one not in known])
        # What others have written meanwhile is newer than what was found here.
        unknown = {one.job for one in earlier} - {one.job for one in before.all}
        found = [one for one in earlier if one.job in unknown]
        jobs = (*folders, *(one.job for one in own))
        after = before.with_runs([*found, *own]).with_folders(jobs).to_json()
        if after == content or objects.put_if_unchanged(
            bucket, key, after, "application/json", etag
        ):
            break
    else:
        _warn_of_others(dataset)
    _write_pages(bucket, dataset)


def run_of_job(bucket: str, status: Status, ended: str) -> Run:
    """What is to be written down of an ended job, by its own status and its files."""
    job = status.job or ""
    report = _json(bucket, status.files.get("report data"))
    performance = _json(bucket, status.files.get("performance"))
    return run_of(status, _job(bucket, job), performance, report.get("passport"), ended)


def _not_written(bucket: str, dataset: str, jobs: list[str]) -> list[Run]:
    found = stored.at_once(partial(_earlier, bucket, dataset), jobs[:MOST_ADDED])
    return [one for one in found if one is not None]


def _earlier(bucket: str, dataset: str, job: str) -> Run | None:
    """The run of a job that was published before; None where it is not over, or not readable."""
    content = stored.read(bucket, results_folder(dataset, job) + STATUS_JSON)
    if content is None:
        return None
    try:
        status = status_from_json(content)
        if status.job != job or status.dataset != dataset:
            return None
        return run_of_job(bucket, status, json.loads(content).get("updated", ""))
    except UNREADABLE:
        logger.exception("run is not readable", extra={"dataset": dataset, "job": job})
        return None


def _job(bucket: str, job: str) -> Job | None:
    content = stored.read(bucket, job_json_key(job))
    try:
        return None if content is None else job_from_json(content)
    except UNREADABLE:
        return None


def _json(bucket: str, key: str | None) -> Mapping[str, Any]:
    found = stored.read_json(bucket, key) if key else None
    return found if isinstance(found, dict) else {}


def _write_pages(bucket: str, dataset: str) -> None:
    for name, content_type, render in (
        (RUNS_CSV, "text/csv; charset=utf-8", runs_csv),
        (RUNS_PAGE, "text/html; charset=utf-8", _page),
    ):
        _write(bucket, dataset, runs_key(dataset, name), content_type, render)


def _write(bucket: str, dataset: str, key: str, content_type: str, render: Render) -> None:
    def made() -> bytes:
        runs = runs_from_json(dataset, stored.read(bucket, runs_key(dataset, RUNS_JSON)))
        return render(runs, _live(bucket, dataset))

    if not objects.put_newest(bucket, key, content_type, made, WRITES):
        _warn_of_others(dataset)


def _warn_of_others(dataset: str) -> None:
    logger.warning("others write the runs all the time", extra={"dataset": dataset})


def _page(runs: Runs, live: Live | None) -> bytes:
    """In the language of the last report."""
    spoken = [
        one.settings["report_language"] for one in runs.all if "report_language" in one.settings
    ]
    return runs_page(runs, live, known_language(spoken[-1] if spoken else None))


def _live(bucket: str, dataset: str) -> Live | None:
    try:
        return read_live(bucket, dataset)
    except DamagedError:
        return None
