"""Take the share from challengers that fail, because an alarm says that some do."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial

from aws import objects, stored
from aws.live_files import change_live, read_live
from aws.mail import send_mail
from aws.metrics import requests_on_trial
from aws.telemetry import logger
from contract.layout import RESULTS, results_prefix
from contract.live import Challenger, Live
from contract.messages import Message
from pipeline.results import stopped_mail_subject
from pipeline.taking_over import LIMITS, blamed, stopped

FOLDERS_AT_ONCE, READS_AT_ONCE = 1000, 16


def stop_challengers(bucket: str, topic_arn: str, now: datetime) -> list[str]:
    """Stop what fails, and say so; the names of its datasets.

    The function may die in between and is called again: what was stopped minutes ago and is not in
    its status yet is said then.
    """
    found = []
    for dataset, live, trial in _tried(bucket, now):
        job = trial.version.job
        reason = _reason(job, now)
        if reason is None:
            continue
        change_live(bucket, dataset, lambda before, job=job: before.stopped(job, "alarm", now))  # type: ignore[misc]
        _tell(bucket, topic_arn, dataset, job, stopped(live, trial, dataset, reason, now))
        logger.info("challenger stopped", extra={"dataset": dataset, "job": job})
        found.append(dataset)
    return found


def _reason(job: str, now: datetime) -> Message | None:
    return blamed({one: requests_on_trial(one, job, now) for one in LIMITS})


def _tried(bucket: str, now: datetime) -> Iterator[tuple[str, Live, Challenger]]:
    """Every dataset that has a challenger, or had one minutes ago."""
    names, after = list[str](), None
    while True:
        page, after = stored.folders(bucket, RESULTS, FOLDERS_AT_ONCE, after)
        names += page
        if after is None:
            break
    with ThreadPoolExecutor(READS_AT_ONCE) as pool:
        for dataset, live in zip(names, pool.map(partial(_live, bucket), names), strict=True):
            if live and (trial := live.tried(now) or live.stopped_lately(now)):
                yield dataset, live, trial


def _live(bucket: str, dataset: str) -> Live | None:
    try:
        return read_live(bucket, dataset)
    except ValueError:
        return None


def _tell(bucket: str, topic_arn: str, dataset: str, job: str, said: Message) -> None:
    """By mail, and in the dataset's status, which marks that both were done."""
    status = objects.read_status(bucket, results_prefix(dataset))
    if status is None or any(
        note.code == said.code and note.values["job"] == job for note in status.notes
    ):
        return
    noted = status.with_note(said)
    send_mail(topic_arn, stopped_mail_subject(status), noted.to_text(objects.now()).decode())
    objects.write_status(bucket, noted)
