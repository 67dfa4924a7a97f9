"""A run as MLflow keeps it: what it was given as parameters, what came of it as metrics and tags.

Only what can be compared, and where the files are; no row of the data.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

# Relative, because the command loads this package under another name.
from .layout import REPORT, model_key, results_folder
from .runs import Run, Runs, value_text

JOB_TAG = "codefree.job"
"""Tells whether a job is there already: MLflow takes two runs of one name."""
STATES = {"completed": "FINISHED", "failed": "FAILED", "stopped": "KILLED"}
# MLflow refuses a batch with more or longer ones; servers of earlier releases cut values at fewer.
MOST_IN_BATCH, LONGEST_KEY, LONGEST_VALUE = 100, 250, 5_000


@dataclass(frozen=True)
class MlflowRun:
    """All that MLflow learns of one job."""

    experiment: str
    name: str
    status: str
    """FINISHED, FAILED or KILLED."""
    started: int
    """In milliseconds since 1970."""
    ended: int
    """In milliseconds since 1970."""
    params: Mapping[str, str]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]

    @property
    def search(self) -> str:
        """The filter that finds it."""
        return f"tags.`{JOB_TAG}` = {json.dumps(self.name)}"


def mlflow_run(runs: Runs, run: Run, bucket: str) -> MlflowRun:
    """Say of a run of a dataset what MLflow can compare and show."""
    ended = _milliseconds(run.ended)
    return MlflowRun(
        experiment=_value(runs.dataset),
        name=run.job,
        status=STATES.get(run.state, "FAILED"),
        started=_milliseconds(run.uploaded) or ended,
        ended=ended,
        params=_texts(_given(run)),
        metrics={
            _key(name): float(value)
            for name, value in _measured(run)
            if value is not None and math.isfinite(value)
        },
        tags=_texts([(JOB_TAG, run.job), *_noted(runs.dataset, run, bucket)]),
    )


def _given(run: Run) -> Iterator[tuple[str, object]]:
    for one in run.data:
        yield f"{one.part}.file", one.file
        yield f"{one.part}.sha256", one.sha256
        yield f"{one.part}.rows", one.rows
        yield f"{one.part}.query", one.query
    yield from run.settings.items()
    yield from ((f"seed.{name}", value) for name, value in run.seeds.items())
    yield "instance_type", run.instance_type


def _measured(run: Run) -> Iterator[tuple[str, float | None]]:
    if found := run.measured:
        low, high = found.interval or (None, None)
        yield found.metric, found.score
        yield f"{found.metric}.low", low
        yield f"{found.metric}.high", high
        yield "scored_rows", found.rows
    if run.champion:
        yield "champion_score", run.champion.score
    yield "usd", run.usd
    yield "billed_seconds", run.billed_seconds


def _noted(dataset: str, run: Run, bucket: str) -> Iterator[tuple[str, object]]:
    yield "codefree.made", run.made
    yield "codefree.scored_on", run.measured.scored_on if run.measured else None
    yield "codefree.verdict", run.verdict
    if run.champion:
        yield "codefree.compared_with", run.champion.job
        yield "codefree.this_one_is", run.champion.verdict
    folder = f"s3://{bucket}/{results_folder(dataset, run.job)}"
    yield "codefree.results", folder
    yield "codefree.report", f"{folder}{REPORT}"
    if run.model_job:
        yield "codefree.model_job", run.model_job
        yield "codefree.model", f"s3://{bucket}/{model_key(run.model_job)}"
    yield "codefree.after", run.after
    yield from ((f"version.{name}", value) for name, value in run.versions.items())


def _texts(pairs: "Iterator[tuple[str, object]] | list[tuple[str, object]]") -> Mapping[str, str]:
    found = {_key(name): _value(value) for name, value in pairs if value not in (None, "")}
    return dict(list(found.items())[:MOST_IN_BATCH])


def _key(name: str) -> str:
    """As MLflow allows it, which also takes a slash but reads it as a path."""
    return re.sub(r"[^A-Za-z0-9_.-]", "_", name)[:LONGEST_KEY].lstrip(".") or "_"


def _value(value: object) -> str:
    """Databases take no NUL, and JSON no half of a character."""
    text = value_text(value).encode("utf-8", "replace").decode().replace("\0", " ")
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"


def _milliseconds(moment: str) -> int:
    if not moment:
        return 0
    read = datetime.fromisoformat(moment)
    return int((read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp() * 1000)
