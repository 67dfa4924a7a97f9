"""Once a day: an endpoint that nobody uses goes, and STATUS.txt says how to get it back."""

import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.typing import LambdaContext

import bucket as results
import endpoints
from automl.endpoint import VARIANT, is_idle, retired_in_words
from automl.translator import TranslatorData
from clients import client
from observe import logger
from translation.languages import Pair

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient

cloudwatch: "CloudWatchClient" = client("cloudwatch")
bucket_name = os.environ["DATASET_BUCKET"]
DAY_SECONDS = 86400


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> list[str]:
    """The names of the endpoints that were deleted."""
    now = datetime.now(UTC)
    return [name for pair in endpoints.place.pairs if (name := retire(pair, now))]


def retire(pair: Pair, now: datetime) -> str | None:
    name = pair.endpoint(endpoints.place.stack)
    endpoint = endpoints.describe(name)
    if endpoint is None:
        return None
    used = invocations(name, now)
    if not is_idle(endpoint["LastModifiedTime"], used, now, endpoints.place.idle_days):
        return None
    endpoints.delete(name)
    tell(TranslatorData(pair.source, pair.target))
    logger.info("endpoint deleted", extra={"endpoint": name})
    return name


def invocations(name: str, now: datetime) -> float:
    """How often the endpoint was asked within the idle days."""
    days = max(1.0, endpoints.place.idle_days)
    found = cloudwatch.get_metric_statistics(
        Namespace="AWS/SageMaker",
        MetricName="Invocations",
        Dimensions=[
            {"Name": "EndpointName", "Value": name},
            {"Name": "VariantName", "Value": VARIANT},
        ],
        StartTime=now - timedelta(days=days),
        # On the wire times have whole seconds, and the last one counts too.
        EndTime=now + timedelta(minutes=1),
        Period=DAY_SECONDS,
        Statistics=["Sum"],
    )
    return sum(point["Sum"] for point in found["Datapoints"])


def tell(data: TranslatorData) -> None:
    status = results.read_status(bucket_name, data.results_prefix)
    if status:
        train = data.train_keys[0]
        results.write_status(
            bucket_name, status.with_note(retired_in_words(endpoints.place, train))
        )
