"""Translate columns of a CSV beside the originals, as its settings say."""

import os

from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from aws.deaths import TRIES, KilledError, counted
from aws.queues import Queue
from aws.telemetry import (
    about,
    count_waiting,
    logger,
    metrics,
    require_messages,
    tally,
    tries,
)
from aws.transient_errors import reason_to_wait
from pipeline.counts import METRIC_OF_STATE, Count
from pipeline.errors import OverBudgetError, WaitingError
from translation.columns import columns_file_of_key
from translation.errors import EngineError
from uploads.columns import (
    CONTINUES,
    TRANSLATED,
    Invocation,
    translate_file,
    translate_training_set,
    write_put_aside,
)
from uploads.events import upload_message, uploaded_object
from uploads.owner import dataset_of_upload
from uploads.training_texts import read_order

processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
columns_queue = Queue(os.environ["COLUMNS_QUEUE_URL"])
upload_queue = Queue(os.environ["UPLOAD_QUEUE_URL"])
dead_letter_queue = Queue(os.environ["UPLOAD_DEAD_LETTER_QUEUE_URL"])
STACK_LANGUAGE = os.environ["REPORT_LANGUAGE"]
# An engine that may not be used, or gives no answers: that takes an operator.
NOT_BY_WAITING, TRIES_OF_ENGINES = 502, 20
# Sooner than the queue's visibility timeout, which allows for the longest run.
RETRY_SECONDS, LONGEST_PAUSE_SECONDS = 120, 900
# Together they last for less than the 14 days that SQS keeps a message.
WAITS_PER_MESSAGE = 500


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, object], context: LambdaContext) -> PartialItemFailureResponse:
    """Handle a batch of the columns queue; report failed messages, which SQS redelivers."""
    require_messages(event)
    return process_partial_response(event, handle_message, processor, context)


def handle_message(record: SQSRecord, lambda_context: LambdaContext) -> None:
    """Translate one file, or one training set's files; raises an error to be retried."""
    about(message_id=record.message_id)
    try:
        bucket, key = uploaded_object(record.json_body)
        about(bucket=bucket, key=key, dataset=dataset_of_upload(key))
        with counted(bucket, record.message_id, tries(record)):
            state = answer_message(record, bucket, key, lambda_context)
        if state in METRIC_OF_STATE:
            tally(METRIC_OF_STATE[state])
        if state == CONTINUES:
            # At the end of the queue, so that other files get their turn.
            columns_queue.send(record.body)
        logger.info("answered", extra={"state": state})
    except OverBudgetError as reason:
        count_waiting(record)
        wait_for_budget(record, reason)
    except KilledError as reason:
        logger.error("put aside", extra={"reason": str(reason)})
        put_aside(record, "status.killed")
    except EngineError as reason:
        count_waiting(record)
        if reason.status == NOT_BY_WAITING and tries(record) >= TRIES_OF_ENGINES:
            logger.error("put aside", extra={"reason": str(reason)})
            put_aside(record, "status.broken")
            return
        retry_later(record)
        raise
    except WaitingError:
        count_waiting(record)
        retry_later(record)
        raise
    except Exception as error:
        tally(Count.BROKEN)
        logger.exception("not handled")
        if tries(record) < TRIES or reason_to_wait(error):
            retry_later(record)
            raise
        put_aside(record, "status.broken")


def answer_message(record: SQSRecord, bucket: str, key: str, context: LambdaContext) -> str:
    """What became of it, in one word; a translated training set starts again."""
    invocation = Invocation(
        context.aws_request_id, lambda: context.get_remaining_time_in_millis() / 1000
    )
    order = read_order(record.json_body, STACK_LANGUAGE)
    if order.texts:
        state = translate_training_set(bucket, key, order, invocation)
        if state == TRANSLATED:
            upload_queue.send(upload_message(bucket, key))
        return state
    file = columns_file_of_key(key)
    assert file is not None
    return translate_file(bucket, file, STACK_LANGUAGE, invocation)


def put_aside(record: SQSRecord, headline: str) -> None:
    """Tell the uploader, and send the message to the dead-letter queue, which has an alarm."""
    try:
        bucket, key = uploaded_object(record.json_body)
        language = read_order(record.json_body, STACK_LANGUAGE).language
        write_put_aside(bucket, key, headline, language)
    except Exception as error:
        logger.exception("uploader not notified")
        if reason_to_wait(error):
            raise
    dead_letter_queue.send(record.body)
    tally(Count.PUT_ASIDE)


def wait_for_budget(record: SQSRecord, reason: OverBudgetError) -> None:
    """Return the message to the queue; near the end of its life, send a fresh copy instead."""
    if tries(record) >= WAITS_PER_MESSAGE:
        columns_queue.send(record.body)
        return
    columns_queue.retry_in(LONGEST_PAUSE_SECONDS, record.receipt_handle)
    raise reason


def retry_later(record: SQSRecord) -> None:
    """The longer it has waited, the later."""
    seconds = min(RETRY_SECONDS * 2 ** min(tries(record) - 1, 10), LONGEST_PAUSE_SECONDS)
    columns_queue.retry_in(seconds, record.receipt_handle)
