"""Requests that are kept in the bucket, which forgets them after a month."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import partial

from botocore.exceptions import BotoCoreError, ClientError

from aws import objects, stored
from aws.telemetry import logger
from contract.layout import kept_request_key, kept_requests
from serving.kept_requests import KeptRequest, is_kept, kept_content, read_kept
from serving.live_model import LiveModel
from serving.request import RowsRequest

MOST_A_DAY = 60


def keep(
    bucket: str, live: LiveModel, request: RowsRequest, request_id: str, percent: float
) -> None:
    """Keep the rows of so many requests; never fail for it."""
    if not is_kept(request_id, percent):
        return
    key = kept_request_key(live.listed.dataset, _today().isoformat(), request_id)
    content = kept_content(live.listed.job, request, live.model.names)
    if content is None:
        return
    try:
        objects.put(bucket, key, content, "application/json")
    except (BotoCoreError, ClientError) as error:
        logger.warning("request not kept", extra={"kind": type(error).__name__})


def read_requests(bucket: str, dataset: str, days: Sequence[date]) -> list[KeptRequest]:
    """Return the requests that were kept on these days, some of each.

    Ids are random, so the first ones of a day are no special ones.
    """
    keys = [
        key
        for day in days
        for key in stored.keys(bucket, f"{kept_requests(dataset)}{day.isoformat()}/", MOST_A_DAY)
    ]
    found = stored.at_once(partial(stored.read, bucket), keys)
    return [read_kept(content) for content in found if content is not None]


def _today() -> date:
    return datetime.now(UTC).date()
