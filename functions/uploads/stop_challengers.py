"""Take the share from challengers that fail, because an alarm says that some do."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from aws import objects, stored
from aws.live_files import change_live, read_live
from aws.mail import send_mail
from aws.metrics import requests_on_trial
from aws.telemetry import logger
from contract.layout import RESULTS, results_prefix
from contract.live import Challenger, DamagedError, Live
from contract.messages import Message
from pipeline.results import stopped_mail_subject
from pipeline.taking_over import LIMITS, blamed, stopped


def stop_challengers(bucket: str, topic_arn: str, now: datetime) -> list[str]:
    """Stop what fails, and say so; the names of its datasets.

    The function may die in between and is called again: what was stopped minutes ago and is not in
    its status yet is said then.
    """
    found, errors = [], list[Exception]()
    for dataset, live, trial in _tried(bucket, now, errors):
        # Whatever is wrong with one dataset must not protect the models of others.
        try:
            if _is_stopped(bucket, topic_arn, dataset, live, trial, now):
                found.append(dataset)
        except Exception as error:
            logger.exception("challenger not looked at", extra={"dataset": dataset})
            errors.append(error)
    if errors:
        raise ExceptionGroup("some challengers were not looked at", errors)
    return found


def _is_stopped(
    bucket: str, topic_arn: str, dataset: str, live: Live, trial: Challenger, now: datetime
) -> bool:
    job = trial.version.job
    reason = _reason(trial, now)
    if reason is None:
        return False
    change_live(bucket, dataset, lambda before: before.stopped(job, "alarm", now))
    _tell(bucket, topic_arn, dataset, job, stopped(live, trial, dataset, reason, now))
    logger.info("challenger stopped", extra={"dataset": dataset, "job": job})
    return True


def _reason(trial: Challenger, now: datetime) -> Message | None:
    counted = {one: requests_on_trial(one, trial.version.job, now) for one in LIMITS}
    return blamed(counted, trial.failures)


def _tried(
    bucket: str, now: datetime, errors: list[Exception]
) -> Iterator[tuple[str, Live, Challenger]]:
    """Every dataset that has a challenger, or had one minutes ago; what cannot be got is added."""
    names = list(stored.every_folder(bucket, RESULTS))
    for dataset, live in zip(names, stored.at_once(partial(_live, bucket), names), strict=True):
        if isinstance(live, Exception):
            errors.append(live)
        elif live and (trial := live.tried(now) or live.stopped_lately(now)):
            yield dataset, live, trial


def _live(bucket: str, dataset: str) -> Live | Exception | None:
    try:
        return read_live(bucket, dataset)
    except DamagedError:
        logger.error("live.json is damaged", extra={"dataset": dataset})
        return None
    except Exception as error:
        return error


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
