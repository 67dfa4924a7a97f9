"""An uploaded dataset becomes a training job, or an answer in words why not."""

import os
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

import bucket as datasets
from answer_upload import answer_upload
from automl.counts import Count
from automl.errors import BlockedError, OverBudgetError, WaitingError
from automl.status import broken
from automl.uploads import dataset_of_upload, owner_of_key
from clients import client
from observe import about, count_upload, count_waiting, logger, metrics, tally
from temporary import reason_to_wait
from translation.columns import columns_file_of_key

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

sqs: "SQSClient" = client("sqs")
upload_queue_url = os.environ["UPLOAD_QUEUE_URL"]
columns_queue_url = os.environ["COLUMNS_QUEUE_URL"]
dead_letter_queue_url = os.environ["UPLOAD_DEAD_LETTER_QUEUE_URL"]
# Waiting is no error of the function: every message of a batch may wait.
processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
TRIES = 5
# At the longest RetrySeconds these take 10 of the 14 days that SQS keeps a message.
WAITS_PER_MESSAGE = 20


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """A batch of the upload queue; what failed is named and goes back to the queue."""
    return process_partial_response(event, handle_message, processor, context)


def handle_message(record: SQSRecord) -> None:
    """One upload: answered, sent back to the queue by raising, or put aside."""
    about(message_id=record.message_id, job=None)
    try:
        bucket, key = uploaded_object(record)
        about(bucket=bucket, key=key, dataset=dataset_of_upload(key))
        count_upload(record)
        logger.info("answered", extra={"answer": answer_message(record, bucket, key)})
    except OverBudgetError as reason:
        count_waiting(record)
        logger.info("waiting", extra={"reason": str(reason)})
        wait_for_budget(record, reason)
    except WaitingError as reason:
        count_waiting(record)
        logger.info("waiting", extra={"reason": str(reason)})
        raise
    except BlockedError as reason:
        logger.error("put aside", extra={"reason": str(reason)})
        put_aside(record)
    except Exception as error:
        tally(Count.BROKEN)
        logger.exception("not handled")
        # Who has waited for a quota has been received often: AWS's bad moments do not count.
        if int(record.attributes.approximate_receive_count) < TRIES or reason_to_wait(error):
            raise
        tell_uploader(record)
        put_aside(record)


def uploaded_object(record: SQSRecord) -> tuple[str, str]:
    """Bucket and key; raises whatever comes of a message that names none."""
    detail = record.json_body["detail"]
    # Not the data class: its key turns `a+b.csv` into `a b.csv`, and EventBridge encodes none.
    return detail["bucket"]["name"], detail["object"]["key"]


def answer_message(record: SQSRecord, bucket: str, key: str) -> str:
    if columns_file_of_key(key):
        sqs.send_message(QueueUrl=columns_queue_url, MessageBody=record.body)
        return "handed on to be translated"
    tries = int(record.attributes.approximate_receive_count)
    return answer_upload(bucket, key, tries)


def wait_for_budget(record: SQSRecord, reason: OverBudgetError) -> None:
    """Back to the queue; a month is longer than a message lives, so a copy takes its place."""
    if int(record.attributes.approximate_receive_count) < WAITS_PER_MESSAGE:
        raise reason
    sqs.send_message(QueueUrl=upload_queue_url, MessageBody=record.body)


def put_aside(record: SQSRecord) -> None:
    """To the dead-letter queue, whose alarm tells the engineers."""
    sqs.send_message(QueueUrl=dead_letter_queue_url, MessageBody=record.body)
    tally(Count.PUT_ASIDE)


def tell_uploader(record: SQSRecord) -> None:
    """If there is one that can be told; raises only what waiting helps against."""
    try:
        bucket, key = uploaded_object(record)
        owner = owner_of_key(key)
        if owner is not None:
            datasets.write_status(bucket, broken(owner))
    except Exception as error:
        logger.exception("the uploader is not told")
        if reason_to_wait(error):
            raise
