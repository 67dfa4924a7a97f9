"""One dataset through the whole pipeline: drop its files, watch, fetch the results."""

import csv
import json
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codefree.cloud import Cloud, Settings, open_cloud
from codefree.functions_code import load
from codefree.layout import layout
from codefree.room import require_disk_left
from codefree.s3_files import download_prefix, file_below, keys_below
from codefree.words import Tell

if TYPE_CHECKING:
    from contract.bounds import MAX_COST_USD
else:
    MAX_COST_USD = load("bounds").MAX_COST_USD

POLL_SECONDS = 0.5
TERMINAL_STATES = ("refused", "completed", "failed", "stopped")

QUERY_ENDING = layout.QUERY_ENDING
ENDINGS = (".csv", ".csv.gz", ".parquet", ".xlsx", QUERY_ENDING)


@dataclass(frozen=True)
class Dataset:
    """The files on this machine that become one dataset in the bucket."""

    name: str
    train: Path
    test: Path | None
    settings: dict[str, Any]
    tables: Path | None = None
    """The folder of what a query reads; it need not exist."""

    @property
    def queries(self) -> list[Path]:
        return [file for file in (self.train, self.test) if file and ending(file) == QUERY_ENDING]


@dataclass(frozen=True)
class Snapshot:
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

    @property
    def predictions(self) -> Path | None:
        return self.find(self.status["dataset"] + layout.PREDICTIONS)

    def to_json(self) -> dict[str, Any]:
        """What a program wants to know of a run."""
        return {
            "status": self.status["state"],
            "headline": self.status["headline"],
            "details": self.status["details"],
            "next": self.status["next"],
            "dataset": self.status["dataset"],
            "job": self.status["job"],
            "score": self.status["score"],
            "problem_type": self.performance.get("problem_type"),
            "metrics": self.performance.get("all_metrics", {}),
            "warnings": self.performance.get("warnings", []),
            "folder": str(self.folder),
            "files": [str(file) for file in self.files],
            "seconds": round(self.seconds, 1),
        }


Show = Callable[[Iterable[Snapshot]], Snapshot]
"""Consumes the snapshots of a run, and returns the last."""


def run(
    dataset: Dataset,
    out: Path,
    show: Show,
    warn: Tell,
    report: Tell,
) -> Results:
    """Take a dataset through the whole pipeline; the embedded AWS lives only for this call.

    Results go to `out`/<name of the dataset>/, the logs of functions and jobs to logs/ in it.
    `warn` gets a message per failed invocation, `report` one per event of the embedded AWS.
    """
    began = time.monotonic()
    settings = Settings(
        # --max-cost may be any amount: it is what the job could cost on AWS.
        parameters={
            "SettleSeconds": "1",
            "FreeOfCharge": "true",
            "RetrySeconds": "60",
            "MaxCostUsdInSettings": f"{MAX_COST_USD[1]:g}",
            **_databases(dataset.queries),
        },
        logs=out / dataset.name / "logs",
        tell=report,
        warn=warn,
    )
    with open_cloud(settings) as cloud:
        upload(cloud, dataset)
        last = show(watch(cloud, dataset))
        assert last.status is not None
        return fetch(cloud, dataset, last.status, out, time.monotonic() - began)


def upload(cloud: Cloud, dataset: Dataset) -> None:
    """Drop the files into the bucket; the train file last, because it starts the training."""
    s3 = cloud.endpoint.client("s3")
    if dataset.settings:
        body = json.dumps(dataset.settings, ensure_ascii=False).encode()
        s3.put_object(Bucket=cloud.bucket, Key=f"data/{dataset.name}.json", Body=body)
    if dataset.queries and dataset.tables:
        _upload_tables(s3, cloud.bucket, dataset.tables)
    if dataset.test:
        key = f"data/{dataset.name}_test{ending(dataset.test)}"
        s3.upload_file(str(dataset.test), cloud.bucket, key)
    key = f"data/{dataset.name}_train{ending(dataset.train)}"
    s3.upload_file(str(dataset.train), cloud.bucket, key)


def _databases(queries: list[Path]) -> dict[str, str]:
    """The parameter that allows the databases that are named: all are one folder here."""
    if not queries:
        return {}
    # It takes as long to import as all else here.
    from codefree.query_engine import databases

    found = {name for file in queries for name in databases(file.read_bytes())}
    return {"SqlDatabases": ",".join(["default", *sorted(found - {"default"})])}


def _upload_tables(s3: Any, bucket: str, folder: Path) -> None:
    """`folder`/table.csv is the only file of a table, as `folder`/table/… are several."""
    for file in sorted(file for file in folder.rglob("*") if file.is_file()):
        first, *rest = file.relative_to(folder).parts
        table = first if rest else first.partition(".")[0]
        key = "/".join((f"{layout.TABLES}{table.lower()}", *(rest or [first])))
        s3.upload_file(str(file), bucket, key)


def ending(file: Path) -> str:
    """What the bucket knows files of this kind by; anything unknown is offered as CSV."""
    return next((known for known in ENDINGS if file.name.lower().endswith(known)), ".csv")


def watch(cloud: Cloud, dataset: Dataset) -> Iterator[Snapshot]:
    """One snapshot after the other; the last is the one that has ended."""
    s3 = cloud.endpoint.client("s3")
    while True:
        require_disk_left(cloud.logs, Path(tempfile.gettempdir()))
        status = _status(s3, cloud.bucket, dataset)
        folder = layout.live_folder(status["job"]) if status and status["job"] else None
        progress = _read_json(s3, cloud.bucket, f"{folder}{layout.PROGRESS}") if folder else None
        snapshot = Snapshot(status, progress)
        yield snapshot
        if snapshot.ended:
            return
        time.sleep(POLL_SECONDS)


def fetch(
    cloud: Cloud, dataset: Dataset, status: dict[str, Any], out: Path, seconds: float
) -> Results:
    """Copy the dataset's results, and its model, to a folder of its name."""
    s3 = cloud.endpoint.client("s3")
    prefix = layout.results_prefix(dataset.name)
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
        _performance(job / f"{dataset.name}{layout.PERFORMANCE}"),
        _rows(job / f"{dataset.name}{layout.LEADERBOARD}"),
    )


def _performance(file: Path) -> dict[str, Any]:
    if not file.exists():
        return {}
    performance: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return performance


def _status(s3: Any, bucket: str, dataset: Dataset) -> dict[str, Any] | None:
    """The status of the dataset, or of a file whose name could not be one."""
    status = _read_json(s3, bucket, layout.results_prefix(dataset.name) + layout.STATUS_JSON)
    for key in [] if status else keys_below(s3, bucket, layout.REFUSED):
        if key.endswith(f"/{layout.STATUS_JSON}"):
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
