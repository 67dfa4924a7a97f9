"""Start a training job for an uploaded dataset, or explain why not."""

import os
from collections.abc import Callable
from dataclasses import replace

from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from aws import athena, objects
from aws.deaths import TRIES, KilledError, counted
from aws.queues import Queue
from aws.telemetry import (
    about,
    count_upload,
    count_waiting,
    logger,
    metrics,
    require_messages,
    tally,
    tries,
)
from aws.transient_errors import reason_to_wait, unreachable
from contract.layout import Named
from pipeline.counts import Count
from pipeline.errors import NeedsOperatorError, OverBudgetError, WaitingError
from pipeline.status import Status, broken, killed
from translation.columns import columns_file_of_key
from uploads.answer import answer_upload, rules
from uploads.events import ended_query, uploaded_bytes, uploaded_object
from uploads.owner import dataset_of_upload, owner_of_key

upload_queue = Queue(os.environ["UPLOAD_QUEUE_URL"])
columns_queue = Queue(os.environ["COLUMNS_QUEUE_URL"])
dead_letter_queue = Queue(os.environ["UPLOAD_DEAD_LETTER_QUEUE_URL"])
# Waiting is not an error of the function: every message of a batch may wait.
processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
stack_language = os.environ["REPORT_LANGUAGE"]
# At the longest RetrySeconds these take 10 of the 14 days that SQS keeps a message.
WAITS_PER_MESSAGE = 20


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, object], context: LambdaContext) -> PartialItemFailureResponse:
    """A batch of the upload queue; what failed is named and goes back to the queue."""
    require_messages(event)
    return process_partial_response(event, handle_message, processor, context)


def handle_message(record: SQSRecord) -> None:
    """One upload: answered, sent back to the queue by raising, or put aside."""
    about(message_id=record.message_id, job=None)
    try:
        upload = upload_of(record)
        if upload is None:
            logger.info("answered", extra={"answer": "a query of nothing uploaded here"})
            return
        bucket, key = upload
        about(bucket=bucket, key=key, dataset=dataset_of_upload(key))
        count_upload(record)
        with counted(bucket, record.message_id, tries(record)):
            logger.info("answered", extra={"answer": answer_message(record, bucket, key)})
    except OverBudgetError as reason:
        count_waiting(record)
        logger.info("waiting", extra={"reason": str(reason)})
        wait_for_budget(record, reason)
    except WaitingError as reason:
        count_waiting(record)
        logger.info("waiting", extra={"reason": str(reason)})
        raise
    except NeedsOperatorError as reason:
        logger.error("put aside", extra={"reason": str(reason)})
        move_to_dead_letter_queue(record)
    except KilledError as reason:
        logger.error("put aside", extra={"reason": str(reason)})
        notify_uploader(record, killed)
        move_to_dead_letter_queue(record)
    except Exception as error:
        tally(Count.BROKEN)
        if sentence := unreachable(error):
            logger.error("not handled", extra={"reason": sentence})
        else:
            logger.exception("not handled")
        # Quota waits inflate the receive count, so transient errors do not count as tries.
        if tries(record) < TRIES or reason_to_wait(error):
            raise
        notify_uploader(record, broken)
        move_to_dead_letter_queue(record)


def upload_of(record: SQSRecord) -> tuple[str, str] | None:
    """Bucket and key that a message is about; the end of a query is about its upload."""
    execution = ended_query(record.json_body)
    if execution:
        return athena.settled(execution, dataset_of_upload, rules)
    return uploaded_object(record.json_body)


def answer_message(record: SQSRecord, bucket: str, key: str) -> str:
    if columns_file_of_key(key):
        columns_queue.send(record.body)
        return "handed on to be translated"
    return answer_upload(bucket, key, uploaded_bytes(record.json_body), tries(record))


def wait_for_budget(record: SQSRecord, reason: OverBudgetError) -> None:
    """Return the message to the queue; near the end of its life, send a fresh copy instead."""
    if tries(record) < WAITS_PER_MESSAGE:
        raise reason
    upload_queue.send(record.body)


def move_to_dead_letter_queue(record: SQSRecord) -> None:
    """Send the message to the dead-letter queue, whose alarm notifies operators."""
    dead_letter_queue.send(record.body)
    tally(Count.PUT_ASIDE)


def notify_uploader(record: SQSRecord, answer: Callable[[Named], Status]) -> None:
    """Write an error status, best effort; re-raises transient AWS errors only."""
    try:
        upload = upload_of(record)
        owner = owner_of_key(upload[1]) if upload else None
        if upload and owner is not None:
            objects.write_status(upload[0], replace(answer(owner), language=stack_language))
    except Exception as error:
        logger.exception("uploader not notified")
        if reason_to_wait(error):
            raise
