"""What the job was given: the folders of the container, and job.json."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from contract.bounds import WhatIfWish
from contract.date_order import DateOrder
from contract.job import InputFile, Job, ModelJob, job_from_json, to_passport
from contract.layout import JOB_JSON, UNFINISHED, slug
from contract.messages import message
from failure import TrainingError

CHANNEL = "SM_CHANNEL_"


@dataclass(frozen=True)
class Folders:
    """Where SageMaker puts what comes in and takes what goes out."""

    channels: Mapping[str, Path]
    """By name; which there are depends on the kind of job."""
    model: Path
    output: Path
    output_data: Path

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "Folders":
        return cls(
            channels={
                name.removeprefix(CHANNEL).lower(): Path(folder)
                for name, folder in environ.items()
                if name.startswith(CHANNEL)
            },
            model=Path(environ["SM_MODEL_DIR"]),
            output=Path(environ["SM_OUTPUT_DIR"]),
            output_data=Path(environ["SM_OUTPUT_DATA_DIR"]),
        )

    def make(self) -> None:
        """Create the folders that do not exist yet."""
        for folder in (self.results, self.output_data, self.model, self.unfinished):
            folder.mkdir(parents=True, exist_ok=True)

    def job(self) -> Job:
        """What the job was given."""
        return job_from_json((self.channels["job"] / JOB_JSON).read_bytes())

    def file(self, channel: str) -> Path | None:
        """Return the one file of a channel; None when the channel does not exist."""
        return only_file(self.channels[channel]) if channel in self.channels else None

    @property
    def results(self) -> Path:
        """/opt/ml/checkpoints: SageMaker copies it to the bucket while the job runs."""
        return self.output.parent / "checkpoints"

    @property
    def unfinished(self) -> Path:
        """Where files grow: whatever is in the results, SageMaker copies, and for good."""
        return self.output / "unfinished"

    def show(self, name: str) -> None:
        """Move an unfinished file to the results, where SageMaker never sees half of it.

        The results are on a disk of their own, so that the move is a copy, which takes its time:
        it has a name that SageMaker leaves alone until it is complete.
        """
        copied = self.results / f"{name}{UNFINISHED}"
        shutil.move(self.unfinished / name, copied)
        copied.replace(self.results / name)


@dataclass(frozen=True)
class CsvFile:
    """One input file and how it is written."""

    path: Path
    encoding: str
    delimiter: str


@dataclass(frozen=True)
class JobSpec:
    """What to learn from which files, and for how long."""

    dataset: str
    train: Path
    test: Path | None
    champion: Path | None
    """The packed model that the dataset has now, to be compared with."""
    target: str
    target_rule: str
    problem_type: str | None
    eval_metric: str | None
    preset: str
    training_seconds: float
    ignore_columns: tuple[str, ...]
    id_column: str | None
    positive_class: str | None
    keep_columns: tuple[str, ...]
    """These are used, whatever they look like."""
    missing_values: tuple[str, ...] | None
    """What means that a value is missing; None = the usual marks."""
    merge_classes: bool
    """Whether classes that differ only in case or spaces are one."""
    threshold: float | None
    """The probability from which on a row is predicted as the positive class; None = 0.5."""
    miss_costs: float | None
    """The cost of missing a positive row, in false alarms; it decides the threshold."""
    group_column: str | None
    """Rows with the same value in it are never split between learning and scoring."""
    time_column: str | None
    """Rows that are later by it never teach earlier ones; the latest are scored."""
    date_order: DateOrder | None
    encoding: str | None
    """Of files that are not in UTF-8."""
    report_language: str
    """en, ko or zh-TW."""
    safe_for_spreadsheets: bool
    """Whether the predictions file is made for Excel."""
    reason_columns: bool
    """Whether it has each reason as columns too."""
    what_if: WhatIfWish
    """Whether the report has a form that answers rows."""
    passport: Mapping[str, Any]
    """All of job.json, for the report."""

    @property
    def decision_threshold(self) -> float | None:
        """The probability from which on a row is predicted as positive; None = AutoGluon's.

        A miss that costs as much as r false alarms is worth risking them from 1 / (1 + r) on:
        C. Elkan, "The Foundations of Cost-Sensitive Learning", IJCAI 2001, equation 2.
        """
        return self.threshold if self.miss_costs is None else 1 / (1 + self.miss_costs)


def read_job_spec(folders: Folders) -> JobSpec:
    """job.json with the files that the channels really hold."""
    job = folders.job()
    assert isinstance(job, ModelJob)
    train = only_file(folders.channels["train"])
    if job.train.bytes not in (None, train.stat().st_size) or _is_other(job.train, train):
        raise TrainingError(message("job.file_replaced", file=train.name))
    test = folders.file("test")
    if job.test and test and _is_other(job.test, test):
        # Another function has described the job after this one had its files.
        size, etag = test.stat().st_size, test.parent.name
        job = replace(job, test=replace(job.test, bytes=size, etag=etag, version_id=""))
    return JobSpec(
        dataset=job.dataset,
        # How they are written is seen when they are read; a test file may be newer than job.json.
        train=train,
        test=test,
        champion=folders.file("champion"),
        target=job.target,
        target_rule=job.target_rule,
        problem_type=job.problem_type,
        eval_metric=job.eval_metric,
        preset=job.preset,
        training_seconds=job.training_minutes * 60,
        ignore_columns=job.ignore_columns,
        id_column=job.id_column,
        positive_class=job.positive_class,
        keep_columns=job.keep_columns,
        missing_values=job.missing_values,
        merge_classes=job.merge_classes,
        threshold=job.threshold,
        miss_costs=job.miss_costs,
        group_column=job.group_column,
        time_column=job.time_column,
        date_order=job.date_order,
        encoding=job.encoding,
        report_language=job.report_language,
        safe_for_spreadsheets=job.predictions_format == "excel",
        reason_columns=job.reason_columns,
        what_if=job.what_if,
        passport=to_passport(job),
    )


def _is_other(described: InputFile, path: Path) -> bool:
    """Whether a file is not the one that job.json describes, by the folder of its copy."""
    return described.pinned and path.parent.name != slug(described.etag)


def csv_file(channel: Path, described: InputFile) -> CsvFile:
    """The one file of a channel, with what job.json says of how it is written."""
    return CsvFile(only_file(channel), described.encoding, described.delimiter)


def only_file(channel: Path) -> Path:
    (path,) = [path for path in channel.rglob("*") if path.is_file()]
    return path
