"""What the functions tell those who run them: log lines and metrics, both JSON in the log."""

import time
import warnings
from collections.abc import Mapping

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from automl.counts import Count, of_upload, of_waiting

logger = Logger()
metrics = Metrics()
# Nothing to count is no mistake.
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


def count_upload(record: SQSRecord) -> None:
    tries = int(record.attributes.approximate_receive_count)
    tally_all(of_upload(record.json_body, tries))


def count_waiting(record: SQSRecord) -> None:
    tally_all(of_waiting(record.attributes.sent_timestamp, time.time()))
