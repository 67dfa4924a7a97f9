"""Delete idle endpoints once a day; STATUS.txt then says how to get them back."""

import os
from datetime import UTC, datetime

from aws_lambda_powertools.utilities.typing import LambdaContext

from aws import endpoints, objects
from aws.metrics import endpoint_requests
from aws.telemetry import logger
from translation.endpoint import CHANGING, VARIANT, is_idle, retired_message
from translation.languages import Pair
from translation.training import TranslatorData

bucket_name = os.environ["DATASET_BUCKET"]


@logger.inject_lambda_context
def lambda_handler(event: object, context: LambdaContext) -> list[str]:
    """The names of the endpoints that were deleted."""
    now = datetime.now(UTC)
    return [name for pair in endpoints.settings.pairs if (name := retire(pair, now))]


def retire(pair: Pair, now: datetime) -> str | None:
    name = pair.endpoint(endpoints.settings.prefix)
    endpoint = endpoints.describe(name)
    if endpoint is None or endpoint["EndpointStatus"] in (*CHANGING, "Deleting"):
        return None
    days = max(1.0, endpoints.settings.idle_days)
    used = endpoint_requests(name, VARIANT, days, now)
    if not is_idle(endpoint["LastModifiedTime"], used, now, endpoints.settings.idle_days):
        return None
    endpoints.delete(name)
    tell(TranslatorData(pair.source, pair.target))
    logger.info("endpoint deleted", extra={"endpoint": name})
    return name


def tell(data: TranslatorData) -> None:
    status = objects.read_status(bucket_name, data.results_prefix)
    if status:
        train = data.train_keys[0]
        objects.write_status(
            bucket_name, status.with_note(retired_message(endpoints.settings, train))
        )
