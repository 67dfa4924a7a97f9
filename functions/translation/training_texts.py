"""Text columns of a training set, translated before it is trained."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from automl.errors import RefusedError
from automl.files import UploadedFile, UploadedFiles
from automl.plan import TrainingPlan
from automl.status import Status
from reading.head import ending_of
from translation.columns import LARGEST_FILE
from translation.languages import Pair, is_code

PREFIX = "translated/"


@dataclass(frozen=True)
class TextsToTranslate:
    """One file of a dataset, where its translated copy goes, and what is to be translated."""

    key: str
    into: str
    columns: tuple[str, ...]
    source: str
    target: str

    @property
    def pair(self) -> Pair:
        return Pair(self.source, self.target)


def texts_to_translate(plan: TrainingPlan, usual: Pair) -> list[TextsToTranslate]:
    """The train file, and the test file when there is one; raises RefusedError in words."""
    settings = plan.settings
    if not settings.translate_columns:
        return []
    pair = Pair(
        settings.translate_source or usual.source, settings.translate_target or usual.target
    )
    if not (is_code(pair.source) and is_code(pair.target)) or pair.source == pair.target:
        raise RefusedError(
            "translate_source and translate_target must be two different language codes, such as "
            "ko and en."
        )
    for name in settings.translate_columns:
        if name not in plan.train.columns or name == plan.target.column:
            raise RefusedError(
                f"translate_columns names {name!r}, which is no feature of the train file; it has "
                f"{', '.join(plan.train.columns[:20])}."
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
        return replace(file, key=copy.key, size=copy.size, sample=copy.sample)

    test = copied(files.test) if files.test else None
    return replace(files, train=copied(files.train), test=test)


def order(bucket: str, key: str, texts: list[TextsToTranslate]) -> str:
    """The message that asks for the translation, with the upload that goes on afterwards."""
    detail = {"bucket": {"name": bucket}, "object": {"key": key}}
    return json.dumps({"detail": detail, "translate": [asdict(text) for text in texts]})


def read_order(body: Mapping[str, Any]) -> list[TextsToTranslate]:
    return [
        TextsToTranslate(**{**text, "columns": tuple(text["columns"])})
        for text in body.get("translate", [])
    ]


def texts_waiting(dataset: str, reason: str) -> Status:
    """The answer to a training set whose columns are being translated."""
    return Status(
        dataset=dataset,
        state="waiting",
        headline=f"{dataset}: waiting. {reason}",
        prefix=f"results/{dataset}/",
        details=("Training starts by itself afterwards.",),
    )


def texts_refused(dataset: str, reason: str) -> Status:
    """The answer to a training set whose columns cannot be translated."""
    return Status(
        dataset=dataset,
        state="refused",
        headline=f"{dataset}: refused. {reason}",
        prefix=f"results/{dataset}/",
        details=("No training job was started.",),
        next=("Correct the settings file and upload it again.",),
    )


def _text(file: UploadedFile, columns: tuple[str, ...], pair: Pair) -> TextsToTranslate:
    if ending_of(file.key) != ".csv":
        raise RefusedError(
            f"The file {file.key} is no .csv file, and only in those translate_columns works; save "
            "it as CSV, or train without translate_columns."
        )
    if file.size > LARGEST_FILE:
        raise RefusedError(
            f"The file {file.key} is larger than {LARGEST_FILE // 1_000_000} MB, too large to have "
            "columns translated; train without translate_columns or on fewer rows."
        )
    identity = json.dumps([file.etag, columns, str(pair)])
    digest = hashlib.sha256(identity.encode()).hexdigest()[:12]
    into = f"{PREFIX}{digest}/{file.key.rsplit('/', 1)[-1]}"
    return TextsToTranslate(file.key, into, columns, pair.source, pair.target)
