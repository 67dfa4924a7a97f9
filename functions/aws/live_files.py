"""live.json of a dataset, as it lies in the bucket; who writes it has seen what was there."""

from collections.abc import Callable
from datetime import UTC, datetime

from botocore.exceptions import BotoCoreError, ClientError

from aws import objects, stored
from aws.telemetry import logger
from contract.bounds import ENDPOINTS
from contract.layout import (
    PORTABLE_MODEL,
    is_dataset,
    live_json_key,
    model_json_key,
    results_folder,
)
from contract.live import DamagedError, Live, Version, live_from_json, live_of_pointer

WRITES = 10


class BusyError(Exception):
    """Raised when others write a dataset's live.json all the time."""


def read_live(bucket: str, dataset: str) -> Live | None:
    """Return which models answer; None when nothing was decided yet.

    Raises DamagedError for a file that is no live.json.
    """
    content = stored.read(bucket, live_json_key(dataset))
    return None if content is None else live_from_json(content)


def read_undamaged(bucket: str, dataset: str) -> Live | None:
    """Return the same, and None for a file that is no live.json, which is logged."""
    try:
        return read_live(bucket, dataset)
    except DamagedError:
        logger.error("live.json is damaged", extra={"dataset": dataset})
        return None


def read_answering(bucket: str, dataset: str) -> Live | None:
    """Return the same, or what an earlier release let answer; None for a dataset without a model.

    Raises DamagedError for a file that is no live.json.
    """
    if not is_dataset(dataset):
        return None
    live = read_live(bucket, dataset)
    if live is not None and live.champion is not None:
        return live
    # As an earlier release left it, or while no model is portable.
    pointer = stored.read_json(bucket, model_json_key(dataset))
    return None if pointer is None else live_of_pointer(pointer)


def answering(bucket: str, dataset: str) -> tuple[Version, bool] | None:
    """Return the champion, and whether it answers requests; None where there is none."""
    try:
        live = read_answering(bucket, dataset)
    except DamagedError:
        return None
    champion = live.settled(datetime.now(UTC)).champion if live else None
    if live is None or champion is None:
        return None
    by_endpoint = champion.serve in ENDPOINTS
    return champion, live.on and (by_endpoint or is_portable(bucket, dataset, champion.job))


def read_translators(bucket: str, dataset: str) -> Live:
    """Return which translator of a pair serves, also as an earlier release left it.

    Raises DamagedError for a file that is no live.json.
    """
    live = read_live(bucket, dataset)
    return _translator_of_pointer(bucket, dataset) if live is None else live


def change_translators(bucket: str, dataset: str, change: Callable[[Live], Live]) -> Live:
    """Do as `change_live` for a translator, which is never portable."""
    return change_live(bucket, dataset, change, _translator_of_pointer)


def change_live(
    bucket: str,
    dataset: str,
    change: Callable[[Live], Live],
    as_left: Callable[[str, str], Live] | None = None,
) -> Live:
    """Replace live.json by what `change` makes of it, again whenever someone was faster.

    `as_left` is what an earlier release let answer, where there is no live.json yet.

    Raises DamagedError for a file that is no live.json: what it held back is not known, so only its
    owner may begin it anew.
    """
    key = live_json_key(dataset)
    for _ in range(WRITES):
        content, etag = stored.read_with_etag(bucket, key)
        left = as_left or _of_pointer
        before = left(bucket, dataset) if content is None else live_from_json(content)
        after = change(before)
        if after == before:
            return after
        if objects.put_if_unchanged(bucket, key, after.to_json(), "application/json", etag):
            return after
    raise BusyError(key)


def try_to_change_live(bucket: str, dataset: str, change: Callable[[Live], Live]) -> None:
    """Do so unless something keeps it from being written: a request is answered nevertheless."""
    try:
        change_live(bucket, dataset, change)
    except (BusyError, ClientError, BotoCoreError, DamagedError):
        logger.exception("live.json is not changed", extra={"dataset": dataset})


def is_portable(bucket: str, dataset: str, job: str) -> bool:
    """Whether a job has left a model that answers requests."""
    return stored.exists(bucket, results_folder(dataset, job) + PORTABLE_MODEL)


def _of_pointer(bucket: str, dataset: str) -> Live:
    """What an earlier release let answer: the model that model.json names."""
    pointer = stored.read_json(bucket, model_json_key(dataset))
    if not pointer or not is_portable(bucket, dataset, pointer["job"]):
        return Live()
    return live_of_pointer(pointer)


def _translator_of_pointer(bucket: str, dataset: str) -> Live:
    return live_of_pointer(stored.read_json(bucket, model_json_key(dataset)))
