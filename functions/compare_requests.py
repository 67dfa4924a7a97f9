"""Compare the requests that were kept with the rows that models learned from, once a week."""

import os
from datetime import UTC, date, datetime, timedelta

from aws_lambda_powertools.utilities.typing import LambdaContext

from api.errors import ApiError
from aws import objects, stored
from aws.kept_requests import read_requests
from aws.portable_models import LiveModels
from aws.telemetry import logger
from contract.layout import REQUESTS, live_page_key, results_prefix
from serving.live_page import live_page, verdict
from serving.request_drift import compare_requests


class ComparisonError(Exception):
    """Raised when all other datasets have been compared."""


bucket = os.environ["DATASET_BUCKET"]
models = LiveModels(bucket)
DAYS = 7


@logger.inject_lambda_context
def lambda_handler(event: object, context: LambdaContext) -> list[str]:
    """The datasets whose requests were compared."""
    today = datetime.now(UTC).date()
    days = [today - timedelta(days=day) for day in range(DAYS)]
    compared, failed = [], []
    for dataset in stored.every_folder(bucket, REQUESTS):
        try:
            if compare(dataset, days):
                compared.append(dataset)
        except Exception as error:
            # The others are compared all the same.
            logger.exception("comparison failed", extra={"kind": type(error).__name__})
            failed.append(dataset)
    if failed:
        raise ComparisonError(f"{len(failed)} datasets could not be compared.")
    return compared


def compare(dataset: str, days: list[date]) -> bool:
    """Write live.html and a note into STATUS.txt; False where there is nothing to compare."""
    try:
        version = models.live(dataset).settled(datetime.now(UTC)).champion
        live = models.load(dataset, version) if version else None
    except ApiError:
        return False
    kept = read_requests(bucket, dataset, days)
    status = objects.read_status(bucket, results_prefix(dataset))
    if live is None or not kept or status is None:
        return False
    drift = compare_requests(live.model, live.listed.job, kept)
    page = live_page(dataset, drift, min(days), max(days), status.language)
    objects.put(bucket, live_page_key(dataset), page, "text/html; charset=utf-8")
    # Much may have happened since the comparison began.
    if now := objects.read_status(bucket, results_prefix(dataset)):
        objects.write_status(bucket, now.with_latest(verdict(dataset, drift)))
    logger.info("requests compared", extra={"rows": drift.rows, "differ": len(drift.differing)})
    return True
