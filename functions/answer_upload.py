"""Look at all files of an upload's dataset as they are now, and do what they ask for."""

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn

from botocore.exceptions import BotoCoreError, ClientError

import bucket as datasets
import endpoints
from automl.counts import Count
from automl.dataset import Dataset, MisnamedError, Named
from automl.errors import OverBudgetError, RefusedError, TooEarlyError, WaitingError
from automl.files import UploadedFile, UploadedFiles
from automl.plan import TrainingPlan, plan_training
from automl.stack import Stack
from automl.status import (
    Status,
    deleted,
    misnamed,
    note_on_existing_job,
    predicting,
    refused,
    training,
    tried_again,
    waiting_for_aws,
    waiting_for_budget,
    waiting_for_train,
)
from automl.training_job import results_folder
from automl.translator import TranslatorData, TranslatorPlan, plan_translator
from automl.uploads import owner_of_key
from clients import client
from not_started import answer_refusal
from observe import tally
from temporary import reason_to_wait
from training_jobs import start
from translation.languages import parse_pairs
from translation.training_texts import (
    TextsToTranslate,
    order,
    texts_to_translate,
    texts_waiting,
    with_translations,
)

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

stack = Stack.from_environ(os.environ)
pairs = parse_pairs(os.environ["TRANSLATOR_PAIRS"])
columns_queue_url = os.environ["COLUMNS_QUEUE_URL"]
sqs: "SQSClient" = client("sqs")


def answer_upload(bucket: str, key: str, tries: int) -> str:
    """Whatever there is to do for this upload, and in a few words what that was.

    `tries` counts how often it has been delivered, this time too.

    Raises WaitingError when AWS has no room or no answer now, or the month no budget, and
    BlockedError when it takes an engineer.
    """
    try:
        owner = owner_of_key(key)
    except MisnamedError as reason:
        datasets.write_status(bucket, misnamed(key, str(reason)))
        tally(Count.REFUSED)
        return str(reason)
    if owner is None:
        return "a folder marker"
    try:
        if tries > 1 and datasets.read_status(bucket, owner.results_prefix) is None:
            # A function that is killed, for want of memory or time, cannot say so.
            datasets.write_status(bucket, tried_again(owner))
        return _answer(bucket, owner)
    except OverBudgetError as reason:
        _wait_for_budget(bucket, owner, reason)
    except (BotoCoreError, ClientError) as error:
        return answer_refusal(bucket, owner, error) or _wait_or_raise(bucket, owner, error)


def _answer(bucket: str, owner: Dataset | TranslatorData) -> str:
    files = _look_at(bucket, owner)
    if files is None:
        return _wait_for_train(bucket, owner)
    try:
        plan = _plan(owner, files)
        texts = texts_to_translate(plan, pairs[0]) if isinstance(plan, TrainingPlan) else []
        if texts:
            translated = _translated(bucket, texts)
            if translated is None:
                return _wait_for_translation(bucket, owner, files, texts)
            plan = _plan(owner, with_translations(files, translated))
        spec = start(bucket, plan, stack)
    except RefusedError as reason:
        return _refuse(bucket, owner, files, str(reason))
    except TooEarlyError as early:
        _announce(bucket, early.spec, files)
        raise
    _announce(bucket, spec, files)
    return f"job {spec['job']}"


def _plan(owner: Dataset | TranslatorData, files: UploadedFiles) -> TrainingPlan | TranslatorPlan:
    if isinstance(owner, TranslatorData):
        return plan_translator(owner, files, stack)
    return plan_training(owner, files, stack)


def _translated(bucket: str, texts: list[TextsToTranslate]) -> dict[str, UploadedFile] | None:
    """Key of each file → its translated copy; None while one is lacking."""
    copies = {text.key: datasets.look(bucket, text.into) for text in texts}
    found = {key: copy for key, copy in copies.items() if copy}
    return found if len(found) == len(texts) else None


def _wait_for_translation(
    bucket: str,
    owner: Dataset | TranslatorData,
    files: UploadedFiles,
    texts: list[TextsToTranslate],
) -> str:
    sqs.send_message(QueueUrl=columns_queue_url, MessageBody=order(bucket, files.train.key, texts))
    reason = f"The columns {', '.join(texts[0].columns)} are being translated."
    datasets.write_status(bucket, texts_waiting(owner.name, reason))
    return reason


def _look_at(bucket: str, owner: Dataset | TranslatorData) -> UploadedFiles | None:
    trains = datasets.newest_first(bucket, owner.train_keys)
    train = datasets.look(bucket, trains[0]) if trains else None
    if train is None:
        return None
    tests = datasets.newest_first(bucket, owner.test_keys)
    return UploadedFiles(
        train,
        test=datasets.look(bucket, tests[0]) if tests else None,
        settings=datasets.look(bucket, owner.settings_key),
        passed_over=(*trains[1:], *tests[1:]),
    )


def _wait_for_train(bucket: str, owner: Dataset | TranslatorData) -> str:
    before = datasets.read_status(bucket, owner.results_prefix)
    tests = datasets.newest_first(bucket, owner.test_keys)
    if tests and not (before and before.has_job_for(None)):
        datasets.write_status(bucket, waiting_for_train(owner, tests[0]))
    if not tests and before == tried_again(owner):
        datasets.write_status(bucket, deleted(owner))
    return "waiting for the train file"


def _refuse(bucket: str, dataset: Named, files: UploadedFiles, reason: str) -> str:
    before = datasets.read_status(bucket, dataset.results_prefix)
    if before and before.has_job_for(files.train.version):
        answer = before.with_note(reason)
    else:
        answer = refused(dataset, reason, files, before)
    datasets.write_status(bucket, answer)
    tally(Count.REFUSED)
    return f"refused: {reason}"


def _announce(bucket: str, spec: dict[str, Any], files: UploadedFiles) -> None:
    """Say that the job runs, unless it was said, or what came of it, already."""
    before = datasets.read_status(bucket, f"results/{spec['dataset']}/")
    status = before if before and before.job == spec["job"] else _published(bucket, spec)
    started = predicting if spec["kind"] == "predictions" else training
    status = status or started(spec)
    note = note_on_existing_job(spec, files)
    status = status.with_note(note) if note else status
    if status != before:
        datasets.write_status(bucket, status)
    if status.runs and (published := _published(bucket, spec)):
        # It ended while we looked; publish_results looks at us after it has written, as we do here.
        status = replace(published, notes=status.notes)
        datasets.write_status(bucket, status)
    if spec["kind"] == "translator" and status.state == "completed":
        # Its endpoint may have been deleted because nobody used it.
        endpoints.deploy(bucket, spec)


def _published(bucket: str, spec: dict[str, Any]) -> Status | None:
    """What was said of a job that is over, after which another file was looked at."""
    status = datasets.read_status(bucket, results_folder(spec))
    return status and replace(status, prefix=f"results/{spec['dataset']}/")


def _wait_for_budget(bucket: str, dataset: Named, reason: OverBudgetError) -> NoReturn:
    before = datasets.read_status(bucket, dataset.results_prefix)
    if not (before and before.runs):
        datasets.write_status(bucket, waiting_for_budget(dataset, reason))
    raise reason


def _wait_or_raise(bucket: str, dataset: Named, error: BotoCoreError | ClientError) -> NoReturn:
    """Tell a user whom AWS keeps waiting, and let the queue try again."""
    reason = reason_to_wait(error)
    if reason is None:
        raise error
    before = datasets.read_status(bucket, dataset.results_prefix)
    if not (before and before.runs):
        says = error.response["Error"]["Message"] if isinstance(error, ClientError) else str(error)
        answer = waiting_for_aws(dataset, reason, says)
        datasets.write_status(bucket, answer)
    raise WaitingError(reason) from error
