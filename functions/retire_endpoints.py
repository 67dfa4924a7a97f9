"""Delete idle endpoints once a day; STATUS.txt then says how to get them back."""

import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from aws import endpoints, objects
from aws.metrics import endpoint_requests
from aws.model_endpoints import answers_now, delete_unless_changing, model_job
from aws.model_endpoints import tell as tell_model
from aws.telemetry import logger
from contract.layout import job_of_version
from pipeline.endpoint import VARIANT, is_idle, is_settled, version_of
from pipeline.model_endpoint import endpoints_begin, retired
from translation.endpoint import retired_message
from translation.languages import Pair
from translation.training import TranslatorData

AFTER_REPLACEMENT = timedelta(days=1)
bucket_name = os.environ["DATASET_BUCKET"]


@logger.inject_lambda_context
def lambda_handler(event: object, context: LambdaContext) -> list[str]:
    """The names of the endpoints that were deleted."""
    now = datetime.now(UTC)
    translators = [name for pair in endpoints.settings.pairs if (name := retire(pair, now))]
    prefix = endpoints_begin(endpoints.settings.prefix)
    return [*translators, *filter(lambda name: retire_model(name, now), endpoints.names(prefix))]


def retire(pair: Pair, now: datetime) -> str | None:
    name = pair.endpoint(endpoints.settings.prefix)
    endpoint = endpoints.describe(name)
    if endpoint is None or not has_been_idle(name, endpoint, now):
        return None
    endpoints.delete(name)
    tell(TranslatorData(pair.source, pair.target))
    logger.info("endpoint deleted", extra={"endpoint": name})
    return name


def retire_model(name: str, now: datetime) -> bool:
    """Delete the endpoint of a dataset's model that answers no more, or that nothing asks."""
    endpoint = endpoints.describe(name)
    if endpoint is None:
        return False
    spec = model_job(bucket_name, job_of_version(version_of(endpoint)))
    answers = spec is not None and answers_now(bucket_name, spec.dataset, spec.job)
    # One that was replaced stays for a day, for `codefree rollback`.
    old = now - endpoint["LastModifiedTime"] > AFTER_REPLACEMENT
    if not (has_been_idle(name, endpoint, now) if answers else old):
        return False
    deleted = delete_unless_changing(name)
    if deleted and answers and spec is not None:
        said = retired(spec.dataset, spec.job, endpoints.settings.idle_days)
        tell_model(bucket_name, spec.dataset, spec.job, said)
    return deleted


def has_been_idle(name: str, endpoint: Mapping[str, Any], now: datetime) -> bool:
    """Whether an endpoint that is in service had no requests for as long as the stack says."""
    if not is_settled(endpoint):
        return False
    days = max(1.0, endpoints.settings.idle_days)
    used = endpoint_requests(name, VARIANT, days, now)
    return is_idle(endpoint["LastModifiedTime"], used, now, endpoints.settings.idle_days)


def tell(data: TranslatorData) -> None:
    status = objects.read_status(bucket_name, data.results_prefix)
    if status:
        train = data.train_keys[0]
        objects.write_status(
            bucket_name, status.with_note(retired_message(endpoints.settings, train))
        )
