"""A CSV and its settings become the same CSV with translated columns beside the originals."""

import json
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

import bucket as files
from automl.counts import ANSWERS
from automl.errors import RefusedError
from automl.status import Status
from automl.uploads import dataset_of_upload
from clients import client
from engines import engines_from_environ
from observe import about, count_waiting, logger, metrics, tally
from translation.columns import (
    ColumnsFile,
    ColumnsPlan,
    columns_file_of_key,
    plan_columns,
    plan_copy,
    translated_csv,
)
from translation.errors import BadRequestError, EngineError
from translation.languages import Pair, parse_pairs
from translation.request import Request
from translation.status import columns_refused, columns_translated, columns_waiting
from translation.training_texts import (
    TextsToTranslate,
    read_order,
    texts_refused,
    texts_waiting,
)
from translation.translate import Translation, translate_all

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
pairs = parse_pairs(os.environ["TRANSLATOR_PAIRS"])
# The queue tries again when an engine cannot now: there is time for one answer that is slow.
engines = engines_from_environ(os.environ, patience_seconds=60)
sqs: "SQSClient" = client("sqs")
queue_url = os.environ["COLUMNS_QUEUE_URL"]
upload_queue_url = os.environ["UPLOAD_QUEUE_URL"]
TEXTS_AT_ONCE, RETRY_SECONDS = 200, 120


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """A batch of the columns queue; what failed is named and goes back to the queue."""
    return process_partial_response(event, handle_message, processor, context)


def handle_message(record: SQSRecord) -> None:
    body = record.json_body
    bucket, key = body["detail"]["bucket"]["name"], body["detail"]["object"]["key"]
    dataset = dataset_of_upload(key)
    about(message_id=record.message_id, bucket=bucket, key=key, dataset=dataset)
    file, texts = columns_file_of_key(key), read_order(body)
    try:
        state = translate_training_set(bucket, key, texts) if texts else answer(bucket, file)
        if state in ANSWERS:
            tally(ANSWERS[state])
        logger.info("answered", extra={"state": state})
    except EngineError:
        count_waiting(record)
        # Sooner than the queue would, whose patience is made for the longest run.
        sqs.change_message_visibility(
            QueueUrl=queue_url,
            ReceiptHandle=record.receipt_handle,
            VisibilityTimeout=RETRY_SECONDS,
        )
        raise


def answer(bucket: str, file: ColumnsFile | None) -> str:
    """A file of its own: translated, refused or waiting, and its status says so."""
    assert file is not None
    try:
        status = translated(bucket, file)
    except RefusedError as reason:
        status = columns_refused(file, str(reason))
    except EngineError as reason:
        files.write_status(bucket, columns_waiting(file, str(reason)))
        raise
    files.write_status(bucket, status)
    return status.state


def translate_training_set(bucket: str, key: str, texts: list[TextsToTranslate]) -> str:
    """Copies of a dataset's files with translated columns; then the upload starts again."""
    dataset = key.removeprefix("data/").removesuffix("_train.csv")
    try:
        for text in texts:
            content = files.read(bucket, text.key)
            if content is not None and not files.exists(bucket, text.into):
                plan = plan_copy(text.key, content, text.columns, text.pair)
                put_translated(bucket, text.into, plan, ask(plan))
    except RefusedError as reason:
        files.write_status(bucket, texts_refused(dataset, str(reason)))
        return "refused"
    except EngineError as reason:
        files.write_status(bucket, texts_waiting(dataset, str(reason)))
        raise
    detail = {"bucket": {"name": bucket}, "object": {"key": key}}
    sqs.send_message(QueueUrl=upload_queue_url, MessageBody=json.dumps({"detail": detail}))
    return "translated"


def translated(bucket: str, file: ColumnsFile) -> Status:
    content, settings = files.read(bucket, file.key), files.read(bucket, file.settings_key)
    if content is None or settings is None:
        missing = file.key if content is None else file.settings_key
        return columns_waiting(file, f"The file {missing} is not here yet.")
    plan = plan_columns(file, content, settings, pairs[0])
    answers = ask(plan)
    put_translated(bucket, file.result_key, plan, answers)
    return columns_translated(file, plan, answers)


def ask(plan: ColumnsPlan) -> list[Translation]:
    """Every text of the plan, in parts; raises RefusedError when no engine speaks the pair."""
    if not any(engine.speaks(plan.pair) for engine in engines):
        raise RefusedError(f"There is no translator from {plan.pair.source} to {plan.pair.target}.")
    return [
        translation
        for at in range(0, len(plan.texts), TEXTS_AT_ONCE)
        for translation in _asked(plan.texts[at : at + TEXTS_AT_ONCE], plan.pair)
    ]


def put_translated(
    bucket: str, key: str, plan: ColumnsPlan, answers: Sequence[Translation]
) -> None:
    done = {a.query: a.translation for a in answers if a.translation is not None}
    # The mark at the beginning tells Excel that this is UTF-8.
    content = translated_csv(plan, done).encode("utf-8-sig")
    files.put(bucket, key, content, "text/csv; charset=utf-8")


def _asked(texts: list[str], pair: Pair) -> list[Translation]:
    try:
        return translate_all(Request(tuple(texts), pair), engines)
    except BadRequestError as reason:
        raise RefusedError(str(reason)) from reason
