"""One dataset through the whole pipeline: drop its files, watch, fetch the results."""

import csv
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.cloud import Cloud
from local.s3_files import download_prefix, file_below, keys_below

POLL_SECONDS = 0.5
TERMINAL_STATES = ("refused", "completed", "failed", "stopped")
MISNAMED = "results/_refused/"


ENDINGS = (".csv", ".csv.gz", ".parquet", ".xlsx")


@dataclass(frozen=True)
class Dataset:
    """The files on this machine that become one dataset in the bucket."""

    name: str
    train: Path
    test: Path | None
    settings: dict[str, Any]


@dataclass(frozen=True)
class Moment:
    """How far a dataset is; both are None until the pipeline has written them."""

    status: dict[str, Any] | None
    progress: dict[str, Any] | None

    @property
    def ended(self) -> bool:
        return self.status is not None and self.status["state"] in TERMINAL_STATES


@dataclass(frozen=True)
class Results:
    """What a run has left on this machine."""

    status: dict[str, Any]
    folder: Path
    """Of the job, or of the dataset where no job was started."""
    files: list[Path]
    seconds: float
    performance: dict[str, Any] = field(default_factory=dict)
    leaderboard: list[dict[str, str]] = field(default_factory=list)

    @property
    def completed(self) -> bool:
        return bool(self.status["state"] == "completed")

    def find(self, name: str) -> Path | None:
        file = self.folder / name
        return file if file.exists() else None

    def to_json(self) -> dict[str, Any]:
        """What a program wants to know of a run."""
        return {
            "status": self.status["state"],
            "headline": self.status["headline"],
            "dataset": self.status["dataset"],
            "job": self.status["job"],
            "score": self.status["score"],
            "metrics": self.performance.get("all_metrics", {}),
            "warnings": self.performance.get("warnings", []),
            "folder": str(self.folder),
            "files": [str(file) for file in self.files],
            "seconds": round(self.seconds, 1),
        }


def upload(cloud: Cloud, dataset: Dataset) -> None:
    """Drop the files into the bucket; the train file last, because it starts the training."""
    s3 = cloud.endpoint.client("s3")
    if dataset.settings:
        body = json.dumps(dataset.settings, ensure_ascii=False).encode()
        s3.put_object(Bucket=cloud.bucket, Key=f"data/{dataset.name}.json", Body=body)
    if dataset.test:
        key = f"data/{dataset.name}_test{ending(dataset.test)}"
        s3.upload_file(str(dataset.test), cloud.bucket, key)
    key = f"data/{dataset.name}_train{ending(dataset.train)}"
    s3.upload_file(str(dataset.train), cloud.bucket, key)


def ending(file: Path) -> str:
    """What the bucket knows files of this kind by; anything unknown is offered as CSV."""
    return next((known for known in ENDINGS if file.name.lower().endswith(known)), ".csv")


def watch(cloud: Cloud, dataset: Dataset) -> Iterator[Moment]:
    """One moment after the other; the last is the one that has ended."""
    s3 = cloud.endpoint.client("s3")
    while True:
        status = _status(s3, cloud.bucket, dataset)
        folder = status and status["results"]
        progress = _read_json(s3, cloud.bucket, f"{folder}progress.json") if folder else None
        moment = Moment(status, progress)
        yield moment
        if moment.ended:
            return
        time.sleep(POLL_SECONDS)


def fetch(
    cloud: Cloud, dataset: Dataset, status: dict[str, Any], out: Path, seconds: float
) -> Results:
    """Copy the dataset's results, and its model, to a folder of its name."""
    s3 = cloud.endpoint.client("s3")
    prefix = f"results/{dataset.name}/"
    folder = out / dataset.name
    files = download_prefix(s3, cloud.bucket, prefix, folder)
    if not status["results"]:
        return Results(status, folder, files, seconds)
    job = file_below(folder, status["results"].removeprefix(prefix))
    if status["model"]:
        files.append(job / "model.tar.gz")
        s3.download_file(cloud.bucket, status["model"], str(files[-1]))
    return Results(
        status,
        job,
        files,
        seconds,
        _performance(job / f"{dataset.name}_model_performance.txt"),
        _rows(job / f"{dataset.name}_leaderboard.csv"),
    )


def _performance(file: Path) -> dict[str, Any]:
    if not file.exists():
        return {}
    performance: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return performance


def _status(s3: Any, bucket: str, dataset: Dataset) -> dict[str, Any] | None:
    """The status of the dataset, or of a file whose name could not be one."""
    status = _read_json(s3, bucket, f"results/{dataset.name}/status.json")
    for key in [] if status else keys_below(s3, bucket, MISNAMED):
        if key.endswith("/status.json"):
            return _read_json(s3, bucket, key)
    return status


def _read_json(s3: Any, bucket: str, key: str) -> dict[str, Any] | None:
    try:
        content = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except s3.exceptions.NoSuchKey:
        return None
    parsed: dict[str, Any] = json.loads(content)
    return parsed


def _rows(file: Path) -> list[dict[str, str]]:
    if not file.exists():
        return []
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))
