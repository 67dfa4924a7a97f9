"""What CloudWatch has counted."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from aws.clients import client
from aws.telemetry import metrics
from contract.live import WATCHED_MINUTES
from pipeline.counts import Count
from pipeline.taking_over import Minute

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient

cloudwatch: "CloudWatchClient" = client("cloudwatch")
DAY_SECONDS = 86400


def endpoint_requests(endpoint: str, variant: str, days: float, now: datetime) -> float:
    """How many requests an endpoint received in so many days until now."""
    found = cloudwatch.get_metric_statistics(
        Namespace="AWS/SageMaker",
        MetricName="Invocations",
        Dimensions=[
            {"Name": "EndpointName", "Value": endpoint},
            {"Name": "VariantName", "Value": variant},
        ],
        StartTime=now - timedelta(days=days),
        # On the wire times have whole seconds, and the last one counts too.
        EndTime=now + timedelta(minutes=1),
        Period=DAY_SECONDS,
        Statistics=["Sum"],
    )
    return sum(point["Sum"] for point in found["Datapoints"])


def requests_on_trial(what: Count, job: str, now: datetime) -> list[Minute]:
    """Return how a challenger's requests went in each of the last minutes that had any."""
    found = cloudwatch.get_metric_statistics(
        Namespace=str(metrics.namespace),
        MetricName=what.value,
        Dimensions=[{"Name": "job", "Value": job}],
        StartTime=now - timedelta(minutes=WATCHED_MINUTES),
        EndTime=now + timedelta(minutes=1),
        Period=60,
        Statistics=["Sum", "SampleCount"],
    )
    return [Minute(point["Sum"], point["SampleCount"]) for point in found["Datapoints"]]
