"""Translate text columns of a training set before training."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from automl.plan import TrainingPlan
from contract.layout import results_prefix, translated_copy_key
from contract.messages import Message, message
from pipeline.errors import OverBudgetError, RefusedError
from pipeline.files import UploadedFile, UploadedFiles
from pipeline.status import Status
from reading.head import ending_of
from translation.columns import LARGEST_FILE
from translation.languages import Pair, is_code
from translation.progress import content_digest, translation_name
from uploads.events import upload_message


@dataclass(frozen=True)
class TextsToTranslate:
    """One file of a dataset, where its translated copy goes, and what is to be translated."""

    key: str
    into: str
    columns: tuple[str, ...]
    source: str
    target: str
    etag: str = ""
    """Of the file that was looked at."""
    name: str = ""
    """Of the translation, in the ledger."""

    @property
    def pair(self) -> Pair:
        return Pair(self.source, self.target)


@dataclass(frozen=True)
class Order:
    """What one message asks for."""

    texts: tuple[TextsToTranslate, ...]
    language: str
    max_cost_usd: float
    """For everything that the upload causes."""
    training_usd: float
    """The worst case of the training job, of that."""


def texts_to_translate(plan: TrainingPlan, usual: Pair) -> list[TextsToTranslate]:
    """Return the train file and, if it exists, the test file; raises RefusedError."""
    settings = plan.settings
    if not settings.translate_columns:
        return []
    pair = Pair(
        settings.translate_source or usual.source, settings.translate_target or usual.target
    )
    if not (is_code(pair.source) and is_code(pair.target)) or pair.source == pair.target:
        raise RefusedError(message("settings.translate_pair"))
    for name in settings.translate_columns:
        if name not in plan.train.columns or name == plan.target.column:
            raise RefusedError(
                message("settings.translate_column", column=name, columns=plan.train.columns)
            )
    return [
        _text(file, settings.translate_columns, pair)
        for file in (plan.files.train, plan.files.test)
        if file
    ]


def with_translations(
    files: UploadedFiles, translated: Mapping[str, UploadedFile]
) -> UploadedFiles:
    """The files with the translated copies' keys and contents, and their own identities."""

    def copied(file: UploadedFile) -> UploadedFile:
        copy = translated[file.key]
        return replace(
            file, key=copy.key, size=copy.size, sample=copy.sample, stored_etag=copy.etag
        )

    test = copied(files.test) if files.test else None
    return replace(files, train=copied(files.train), test=test)


def order_message(bucket: str, key: str, order: Order) -> str:
    """The message that asks for the translation, with the upload that goes on afterwards."""
    asked = asdict(order)
    return upload_message(bucket, key, translate=asked.pop("texts"), **asked)


def read_order(body: Mapping[str, Any], language: str) -> Order:
    """What a message asks for; no texts when it is that of an upload.

    Messages of earlier versions have no price; nothing may be paid for them, so the upload is
    looked at again.
    """
    texts = [
        TextsToTranslate(**{**text, "columns": tuple(text["columns"])})
        for text in body.get("translate", [])
    ]
    return Order(
        tuple(texts),
        str(body.get("language", language)),
        float(body.get("max_cost_usd", 0.0)),
        float(body.get("training_usd", 0.0)),
    )


def texts_waiting(dataset: str, reason: Message) -> Status:
    """The answer to a training set whose columns are being translated."""
    return Status(
        dataset=dataset,
        state="waiting",
        headline=message("status.waiting", dataset=dataset, reason=reason),
        prefix=results_prefix(dataset),
        details=(message("detail.training_follows"),),
    )


def texts_over_budget(dataset: str, reason: OverBudgetError) -> Status:
    """The answer to a training set whose translation the month cannot pay now."""
    return replace(
        texts_waiting(dataset, reason.message),
        headline=message("status.waiting_for", dataset=dataset, reason=reason.message),
        details=reason.details,
        next=(message("next.wait_or_smaller"),),
    )


def texts_refused(dataset: str, reason: Message) -> Status:
    """The answer to a training set whose columns cannot be translated."""
    return Status(
        dataset=dataset,
        state="refused",
        headline=message("status.refused", dataset=dataset, reason=reason),
        prefix=results_prefix(dataset),
        details=(message("detail.no_job"),),
        next=(message("next.correct"),),
    )


def _text(file: UploadedFile, columns: tuple[str, ...], pair: Pair) -> TextsToTranslate:
    if ending_of(file.key) != ".csv":
        raise _refused(file, message("columns.copy_not_csv"))
    if file.size > LARGEST_FILE:
        megabytes = LARGEST_FILE // 1_000_000
        raise _refused(file, message("columns.copy_too_large", megabytes=megabytes))
    digest = content_digest(file.etag, columns, pair)
    into = translated_copy_key(digest, file.key.rsplit("/", 1)[-1])
    name = translation_name(digest, file.version)
    return TextsToTranslate(file.key, into, columns, pair.source, pair.target, file.etag, name)


def _refused(file: UploadedFile, reason: Message) -> RefusedError:
    return RefusedError(message("file.unreadable", file=file.key, reason=reason))
