"""A CSV and its settings become the same CSV with translated columns beside the originals."""

import os
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

import bucket as files
from automl.errors import RefusedError
from automl.status import Status
from engines import engines_from_environ
from translation.columns import ColumnsFile, columns_file_of_key, plan_columns, translated_csv
from translation.errors import BadRequestError, EngineError
from translation.languages import parse_pairs
from translation.request import Request
from translation.status import columns_refused, columns_translated, columns_waiting
from translation.translate import Translation, translate_all

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

logger = Logger()
processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
pairs = parse_pairs(os.environ["TRANSLATOR_PAIRS"])
# The queue tries again when an engine cannot now: there is time for one answer that is slow.
engines = engines_from_environ(os.environ, patience_seconds=60)
sqs: "SQSClient" = boto3.client("sqs")
queue_url = os.environ["COLUMNS_QUEUE_URL"]
TEXTS_AT_ONCE, RETRY_SECONDS = 200, 120


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """A batch of the columns queue; what failed is named and goes back to the queue."""
    return process_partial_response(event, handle_message, processor, context)


def handle_message(record: SQSRecord) -> None:
    detail = record.json_body["detail"]
    bucket, key = detail["bucket"]["name"], detail["object"]["key"]
    file = columns_file_of_key(key)
    assert file is not None
    logger.append_keys(message_id=record.message_id, bucket=bucket, key=key)
    try:
        status = translated(bucket, file)
    except RefusedError as reason:
        status = columns_refused(file, str(reason))
    except EngineError as reason:
        files.write_status(bucket, columns_waiting(file, str(reason)))
        # Sooner than the queue would, whose patience is made for the longest run.
        sqs.change_message_visibility(
            QueueUrl=queue_url,
            ReceiptHandle=record.receipt_handle,
            VisibilityTimeout=RETRY_SECONDS,
        )
        raise
    files.write_status(bucket, status)
    logger.info("answered", extra={"state": status.state})


def translated(bucket: str, file: ColumnsFile) -> Status:
    content, settings = files.read(bucket, file.key), files.read(bucket, file.settings_key)
    if content is None or settings is None:
        missing = file.key if content is None else file.settings_key
        return columns_waiting(file, f"The file {missing} is not here yet.")
    plan = plan_columns(file, content, settings, pairs[0])
    if not any(engine.speaks(plan.pair) for engine in engines):
        raise RefusedError(f"There is no translator from {plan.pair.source} to {plan.pair.target}.")
    answers = [
        answer
        for at in range(0, len(plan.texts), TEXTS_AT_ONCE)
        for answer in _asked(plan.texts[at : at + TEXTS_AT_ONCE], plan.pair)
    ]
    done = {a.query: a.translation for a in answers if a.translation is not None}
    # The mark at the beginning tells Excel that this is UTF-8.
    result = translated_csv(plan, done).encode("utf-8-sig")
    files.put(bucket, file.result_key, result, "text/csv; charset=utf-8")
    return columns_translated(file, plan, answers)


def _asked(texts: list[str], pair: Any) -> list[Translation]:
    try:
        return translate_all(Request(tuple(texts), pair), engines)
    except BadRequestError as reason:
        raise RefusedError(str(reason)) from reason
