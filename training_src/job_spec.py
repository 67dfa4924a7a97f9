"""What the job was given: the folders of the container, and job.json."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
        """Those that there are not yet."""
        for folder in (self.results, self.output_data, self.model, self.unfinished):
            folder.mkdir(parents=True, exist_ok=True)

    def job_json(self) -> dict[str, Any]:
        """All that the job was told."""
        job: dict[str, Any] = json.loads((self.channels["job"] / "job.json").read_text("utf-8"))
        return job

    def file(self, channel: str) -> Path | None:
        """The one file of a channel; None when there is no such channel."""
        return only_file(self.channels[channel]) if channel in self.channels else None

    @property
    def results(self) -> Path:
        """/opt/ml/checkpoints: SageMaker copies it to the bucket while the job runs."""
        return self.output.parent / "checkpoints"

    @property
    def unfinished(self) -> Path:
        """Where files grow: whatever is in the results, SageMaker copies, and for good."""
        return self.output / "unfinished"


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
    report_language: str
    """en, ko or zh-TW."""
    safe_for_spreadsheets: bool
    """Whether the predictions file is made for Excel."""
    passport: Mapping[str, Any]
    """All of job.json, for the report."""


def read_job_spec(folders: Folders) -> JobSpec:
    """job.json with the files that the channels really hold."""
    job = folders.job_json()
    train = only_file(folders.channels["train"])
    if train.stat().st_size != job.get("train", {}).get("bytes", train.stat().st_size):
        raise TrainingError(
            f"The file {train.name} was replaced before the job could read it; the new one has a "
            "job of its own."
        )
    return JobSpec(
        dataset=job["dataset"],
        # How they are written is seen when they are read; a test file may be newer than job.json.
        train=train,
        test=folders.file("test"),
        champion=folders.file("champion"),
        target=job["target"],
        target_rule=job["target_rule"],
        problem_type=job["problem_type"],
        eval_metric=job["eval_metric"],
        preset=job["preset"],
        training_seconds=job["training_minutes"] * 60,
        ignore_columns=tuple(job["ignore_columns"]),
        id_column=job["id_column"],
        positive_class=job["positive_class"],
        report_language=job.get("report_language", "en"),
        safe_for_spreadsheets=job.get("predictions_format", "excel") == "excel",
        passport=job,
    )


def csv_file(channel: Path, described: Mapping[str, Any]) -> CsvFile:
    """The one file of a channel, with what job.json says of how it is written."""
    return CsvFile(only_file(channel), described["encoding"], described["delimiter"])


def only_file(channel: Path) -> Path:
    (path,) = [path for path in channel.rglob("*") if path.is_file()]
    return path
