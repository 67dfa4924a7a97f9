"""Look at all files of an upload's dataset as they are now, and do what they ask for."""

import os
from contextlib import suppress
from dataclasses import replace
from typing import NoReturn

from automl.dataset import Dataset
from automl.plan import TrainingPlan, plan_training
from aws import objects
from aws.errors import AWS_ERRORS, AwsError
from aws.errors import refused as refused_by_aws
from aws.queues import Queue
from aws.telemetry import tally
from aws.training_jobs import start
from aws.transient_errors import reason_to_wait
from aws.translations import paid_for
from contract.job import Job
from contract.layout import Named
from contract.messages import Message, message
from pipeline.counts import Count
from pipeline.errors import (
    MisnamedError,
    ModelNotReadyError,
    OverBudgetError,
    QueryFailedError,
    QueryRunsError,
    RefusedError,
    ReplacedError,
    WaitingError,
)
from pipeline.files import UploadedFile, UploadedFiles
from pipeline.serving_costs import with_planned_endpoint
from pipeline.settings import language_of
from pipeline.stack import Stack
from pipeline.status import (
    Status,
    deleted,
    misnamed,
    note_on_existing_job,
    refused,
    retrying,
    started,
    waiting_for_aws,
    waiting_for_budget,
    waiting_for_query,
    waiting_for_train,
)
from queries.rules import Rules
from reading.head import ENDINGS
from translation.endpoint import takes_over
from translation.languages import parse_pairs
from translation.training import TranslatorData, TranslatorPlan, plan_translator
from uploads.ended_job import published
from uploads.not_started import answer_refusal
from uploads.owner import looks_like_rows, owner_of_upload
from uploads.queried import queried
from uploads.training_texts import (
    Order,
    TextsToTranslate,
    order_message,
    texts_to_translate,
    texts_waiting,
    with_translations,
)
from uploads.translator_versions import answer_order, redeploy, take_back

stack = Stack.from_environ(os.environ)
rules = Rules.from_environ(os.environ)
pairs = parse_pairs(os.environ["TRANSLATOR_PAIRS"])
LOOKS = 3
columns_queue = Queue(os.environ["COLUMNS_QUEUE_URL"])


def answer_upload(bucket: str, key: str, size: int, tries: int) -> str:
    """Handle one upload of `size` bytes; return a short outcome for the log.

    `tries` counts how often it has been delivered, this time too.

    Raises WaitingError when AWS has no room or no answer now, or the month no budget, and
    NeedsOperatorError when an operator has to act.
    """
    try:
        owner = owner_of_upload(key, size)
    except MisnamedError as reason:
        _write(bucket, misnamed(key, reason.message), stack.defaults.report_language)
        tally(Count.REFUSED)
        return str(reason)
    if owner is None:
        return "a folder marker"
    try:
        if isinstance(owner, TranslatorData) and key == owner.version_key:
            return answer_order(bucket, owner)
        if tries > 1 and objects.read_status(bucket, owner.results_prefix) is None:
            # A function that is killed for memory or time cannot report it.
            _write(bucket, retrying(owner), stack.defaults.report_language)
        return _answer_as_it_is_now(bucket, owner, key)
    except OverBudgetError as reason:
        _wait_for_budget(bucket, owner, reason)
    except AWS_ERRORS as error:
        language = _language(bucket, owner)
        answer = answer_refusal(bucket, owner, error, language)
        return answer or _wait_or_raise(bucket, owner, error)


def _answer_as_it_is_now(bucket: str, owner: Dataset | TranslatorData, key: str) -> str:
    """Look again when a file is replaced in between, instead of waiting for its own event."""
    for _ in range(LOOKS - 1):
        with suppress(ReplacedError):
            return _answer(bucket, owner, key)
    return _answer(bucket, owner, key)


def _answer(bucket: str, owner: Dataset | TranslatorData, key: str) -> str:
    files = _look_at(bucket, owner)
    if files is None:
        return _wait_for_train(bucket, owner, key)
    uploaded, usd = files, 0.0
    try:
        files, usd = _queried(bucket, owner, files)
        plan = _plan(owner, files, query_usd=usd)
        texts = texts_to_translate(plan, pairs[0]) if isinstance(plan, TrainingPlan) else []
        if isinstance(plan, TrainingPlan) and texts:
            translated = _translated(bucket, texts)
            if translated is None:
                return _wait_for_translation(bucket, owner, files, _order(plan, texts))
            paid = sum(paid_for(bucket, text.name) for text in texts)
            plan = _plan(owner, with_translations(files, translated), paid, usd)
        job = start(bucket, plan, stack)
    except RefusedError as reason:
        paid = reason.usd if isinstance(reason, QueryFailedError) else usd
        return _refuse(bucket, owner, uploaded, reason.message, paid)
    except QueryRunsError as early:
        _say_that_query_runs(bucket, owner, files, early)
        raise
    except ModelNotReadyError as early:
        _announce(bucket, early.job, files)
        raise
    _announce(bucket, job, files)
    _redeploy_endpoint(bucket, owner, job, files.train.uploaded)
    return f"job {job.job}"


def _plan(
    owner: Dataset | TranslatorData,
    files: UploadedFiles,
    translation_usd: float = 0.0,
    query_usd: float = 0.0,
) -> TrainingPlan | TranslatorPlan:
    if isinstance(owner, TranslatorData):
        return plan_translator(owner, files, stack)
    return plan_training(owner, files, stack, translation_usd, query_usd)


def _queried(
    bucket: str, owner: Dataset | TranslatorData, files: UploadedFiles
) -> tuple[UploadedFiles, float]:
    """The files with the rows of queries, and what these have cost."""
    if isinstance(owner, TranslatorData):
        return files, 0.0
    found = queried(bucket, owner, files, rules, stack)
    return found.files, found.usd


def _say_that_query_runs(
    bucket: str, owner: Named, files: UploadedFiles, reason: QueryRunsError
) -> None:
    before = objects.read_status(bucket, owner.results_prefix)
    if not (before and before.runs):
        _write(bucket, waiting_for_query(owner, reason), _language_of(files))


def _order(plan: TrainingPlan, texts: list[TextsToTranslate]) -> Order:
    return Order(
        tuple(texts),
        plan.settings.report_language,
        plan.settings.max_cost_usd,
        plan.budget.worst_case_usd,
    )


def _translated(bucket: str, texts: list[TextsToTranslate]) -> dict[str, UploadedFile] | None:
    """Return key of each file → its translated copy; None while a copy is missing."""
    copies = {text.key: objects.fetch_head(bucket, text.into) for text in texts}
    found = {key: copy for key, copy in copies.items() if copy}
    return found if len(found) == len(texts) else None


def _wait_for_translation(
    bucket: str,
    owner: Dataset | TranslatorData,
    files: UploadedFiles,
    order: Order,
) -> str:
    columns_queue.send(order_message(bucket, files.train.key, order))
    reason = message("detail.columns_in_translation", columns=order.texts[0].columns)
    _write(bucket, texts_waiting(owner.name, reason), order.language)
    return str(reason)


def _look_at(bucket: str, owner: Dataset | TranslatorData) -> UploadedFiles | None:
    trains = objects.newest_first(bucket, owner.train_keys)
    train = objects.fetch_head(bucket, trains[0]) if trains else None
    if train is None:
        return None
    tests = objects.newest_first(bucket, owner.test_keys)
    return UploadedFiles(
        train,
        test=objects.fetch_head(bucket, tests[0]) if tests else None,
        settings=objects.fetch_head(bucket, owner.settings_key),
        passed_over=(*trains[1:], *tests[1:]),
    )


def _wait_for_train(bucket: str, owner: Dataset | TranslatorData, key: str) -> str:
    before = objects.read_status(bucket, owner.results_prefix)
    tests = objects.newest_first(bucket, owner.test_keys)
    if not tests and looks_like_rows(key, owner):
        reason = message("name.json_rows", key=key, endings=ENDINGS)
        _write(bucket, misnamed(key, reason), stack.defaults.report_language)
        tally(Count.REFUSED)
        return str(reason)
    if tests and not (before and before.has_job_for(None)):
        waiting = waiting_for_train(owner, tests[0], _train_alike(bucket, owner))
        _write(bucket, waiting, _language(bucket, owner))
    if not tests and before and before.headline == retrying(owner).headline:
        _write(bucket, deleted(owner), before.language)
    return "waiting for the train file"


def _train_alike(bucket: str, owner: Dataset | TranslatorData) -> str | None:
    others = owner.alike if isinstance(owner, Dataset) else ()
    found = [key for other in others for key in objects.newest_first(bucket, other.train_keys)]
    return found[0] if found else None


def _refuse(
    bucket: str, dataset: Named, files: UploadedFiles, reason: Message, paid_usd: float
) -> str:
    before = objects.read_status(bucket, dataset.results_prefix)
    if before and before.has_job_for(files.train.version):
        answer = before.with_note(reason)
    else:
        answer = refused(dataset, reason, files, before, paid_usd)
        answer = replace(answer, language=_language_of(files))
    objects.write_status(bucket, answer)
    tally(Count.REFUSED)
    return f"refused: {reason}"


def _announce(bucket: str, job: Job, files: UploadedFiles) -> None:
    """Write the status of a running job, unless it or a later one is there already."""
    before = objects.read_status(bucket, job.results_prefix)
    status = before if before and before.job == job.job else published(bucket, job)
    status = status or with_planned_endpoint(started(job), job, stack.region)
    note = note_on_existing_job(job, files)
    status = status.with_note(note) if note else status
    if status != before:
        objects.write_status(bucket, status)
    if status.runs:
        _follow_what_ended(bucket, job, status.notes)


def _follow_what_ended(bucket: str, job: Job, notes: tuple[Message, ...]) -> None:
    """It may end while we look; publish_results looks after it has written, as we do here."""
    if ended := published(bucket, job):
        objects.write_status(bucket, replace(ended, notes=notes))


def _redeploy_endpoint(bucket: str, owner: Dataset | TranslatorData, job: Job, train: str) -> None:
    """The endpoint of a finished translator may have been deleted because nothing used it.

    `train` is when the train file was uploaded, maybe again after another version took over.
    """
    if not isinstance(owner, TranslatorData):
        return
    status = objects.read_status(bucket, owner.results_prefix)
    if status and status.job == job.job and status.state == "completed":
        if takes_over(status):
            take_back(bucket, owner, job.job, job.uploaded, train)
        redeploy(bucket, owner)


def _write(bucket: str, status: Status, language: str) -> None:
    objects.write_status(bucket, replace(status, language=language))


def _language_of(files: UploadedFiles) -> str:
    """The dataset's, however wrong the rest of its settings file is; else the stack's."""
    content = files.settings.sample if files.settings else None
    return language_of(stack.defaults.report_language, content)


def _language(bucket: str, owner: Named) -> str:
    """The same where the files were not fetched; the stack's where AWS does not answer."""
    try:
        return language_of(
            stack.defaults.report_language, objects.sample(bucket, owner.settings_key)
        )
    except AWS_ERRORS:
        return stack.defaults.report_language


def _wait_for_budget(bucket: str, dataset: Named, reason: OverBudgetError) -> NoReturn:
    before = objects.read_status(bucket, dataset.results_prefix)
    if not (before and before.runs):
        _write(bucket, waiting_for_budget(dataset, reason), _language(bucket, dataset))
    raise reason


def _wait_or_raise(bucket: str, dataset: Named, error: AwsError) -> NoReturn:
    """Tell a user whom AWS keeps waiting, and let the queue try again."""
    reason = reason_to_wait(error)
    if reason is None:
        raise error
    before = objects.read_status(bucket, dataset.results_prefix)
    if not (before and before.runs):
        said = refused_by_aws(error)
        answer = waiting_for_aws(dataset, reason, said.message if said else str(error))
        _write(bucket, answer, _language(bucket, dataset))
    raise WaitingError(reason) from error
