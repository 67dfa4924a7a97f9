"""A portable model that needs no training: it guesses, whatever the row says."""

import json
import math
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from codefree.cloud import Cloud
from contract.layout import PORTABLE_MODEL, live_json_key, model_json_key, results_folder
from contract.live import Canary, Live, Version
from pipeline.counts import Count
from portable.archive import pack_model
from portable.files import write_files
from portable.links import Problem
from portable.model import Bound, KnownColumn
from reading.column import CATEGORY, Column

JOB, OTHER_JOB = "guessing", "guessing-again"
LABELS = ("0", "1")
PROBLEM: Problem = "binary"
# Of the second label.
PROBABILITY = 0.25


def guessing_model(
    *columns: str | Column | KnownColumn,
    labels: tuple[str, str] = LABELS,
    probability: float = PROBABILITY,
    known: tuple[str, ...] = (),
    target: str = "Survived",
    broken: bool = False,
) -> bytes:
    """The archive of a model that needs these columns; names are those of categories.

    `known` are the only categories that it has seen in them; a broken one loads, and fails on
    every row.
    """
    named = [
        Column(one, CATEGORY, categories=known) if isinstance(one, str) else one for one in columns
    ]
    needed = [one if isinstance(one, KnownColumn) else KnownColumn(one) for one in named]
    described = [
        {"column": one.column.to_json(), "low": written(one.low), "high": written(one.high)}
        for one in needed
    ]
    description = {
        "target": target,
        "problem": PROBLEM,
        "labels": labels,
        "learned": [],
        "positive": labels[1],
        "threshold": 0.5,
        "columns": described,
        "features": [],
        "texts": [],
        "members": [{"made_by": "guess", "always": [math.log(probability / (1 - probability))]}],
        "models": [{"members": [int(broken)], "weight": 1.0, "clips": False}],
        "is_weighted": False,
        "clips": False,
    }
    with tempfile.TemporaryDirectory() as home:
        folder, archive = Path(home) / "model", Path(home) / "model.zip"
        write_files(folder, description, {})
        pack_model(folder, archive)
        return archive.read_bytes()


def written(bound: Bound) -> object:
    """As the file of a model has it."""
    return bound.isoformat() if isinstance(bound, datetime) else bound


def put_model(
    s3: Any,
    bucket: str,
    dataset: str,
    *columns: str | Column | KnownColumn,
    job: str = JOB,
    keep_requests: float = 0.0,
    labels: tuple[str, str] = LABELS,
) -> None:
    """Let a dataset have such a model, as if a job had ended."""
    pointer = {
        "job": job,
        "target": "Survived",
        "uploaded": "2026-01-01T00:00:00+00:00",
        "keep_requests": keep_requests,
    }
    objects = {
        results_folder(dataset, job) + PORTABLE_MODEL: guessing_model(*columns, labels=labels),
        model_json_key(dataset): json.dumps(pointer).encode(),
    }
    for key, content in objects.items():
        s3.put_object(Bucket=bucket, Key=key, Body=content)


def failing_challenger(cloud: Cloud, dataset: str) -> None:
    """Let a dataset have a model on trial of which CloudWatch knows that it has failed."""
    first, second = (Version(job, "Survived", f"2026-01-0{n}") for n, job in enumerate("ab", 1))
    trial, now = Canary(share=50, minutes=1000), datetime.now(UTC)
    live = Live().published(first, trial, None, now).published(second, trial, None, now)
    cloud.endpoint.client("s3").put_object(
        Bucket=cloud.bucket, Key=live_json_key(dataset), Body=live.to_json()
    )
    cloud.endpoint.client("cloudwatch").put_metric_data(
        Namespace="codefree-automl",
        MetricData=[
            {
                "MetricName": Count.CHALLENGER_FAILED.value,
                "Dimensions": [{"Name": "job", "Value": second.job}],
                "Value": 1,
            }
        ],
    )
