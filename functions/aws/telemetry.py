"""What the functions tell those who run them: log lines and metrics, both JSON in the log."""

import time
import warnings
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from pipeline.counts import Count, of_upload, of_waiting

logger = Logger()
metrics = Metrics()
# Empty metrics are normal; silence the warning.
warnings.filterwarnings("ignore", "No application metrics to publish")


def about(**what: str | None) -> None:
    """Name on every line to come what it is about."""
    logger.append_keys(**what)
    for name, value in what.items():
        metrics.add_metadata(name, value)


def tally(what: Count, value: float = 1) -> None:
    metrics.add_metric(name=what.value, unit=what.unit, value=value)


def tally_all(happened: Mapping[Count, float]) -> None:
    for what, value in happened.items():
        tally(what, value)


def require_messages(event: Mapping[str, Any]) -> None:
    """Raise ValueError, in one sentence, for an event that is not of an SQS queue."""
    records = event.get("Records")
    if isinstance(records, list) and all("messageId" in record for record in records):
        return
    raise ValueError("This event is not a batch of SQS messages; events/ has samples of those.")


def tries(record: SQSRecord) -> int:
    """How often SQS has delivered a message, this time too."""
    return int(record.attributes.approximate_receive_count)


def count_upload(record: SQSRecord) -> None:
    tally_all(of_upload(record.json_body, tries(record)))


def count_waiting(record: SQSRecord) -> None:
    tally_all(of_waiting(record.attributes.sent_timestamp, time.time()))
