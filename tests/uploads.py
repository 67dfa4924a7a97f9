"""Drop files into a stack's bucket, and read what becomes of them."""

import json
from pathlib import Path
from typing import Any

from codefree.cloud import Cloud
from tests.conftest import eventually

ROOT = Path(__file__).parents[1]
TRAIN = (ROOT / "samples/penguins_train.csv").read_bytes()
TEST = (ROOT / "samples/penguins_test.csv").read_bytes()
ENDED = {"refused", "completed", "failed", "stopped"}


def drop(cloud: Cloud, key: str, content: bytes | str) -> None:
    body = content.encode() if isinstance(content, str) else content
    cloud.endpoint.client("s3").put_object(Bucket=cloud.bucket, Key=key, Body=body)


def keys(cloud: Cloud, prefix: str = "") -> set[str]:
    pages = cloud.endpoint.client("s3").get_paginator("list_objects_v2")
    found = pages.paginate(Bucket=cloud.bucket, Prefix=prefix)
    return {entry["Key"] for page in found for entry in page.get("Contents", [])}


def text(cloud: Cloud, key: str) -> str:
    body = cloud.endpoint.client("s3").get_object(Bucket=cloud.bucket, Key=key)["Body"]
    return str(body.read().decode())


def jobs(cloud: Cloud, slug: str) -> list[str]:
    found = cloud.endpoint.client("sagemaker").list_training_jobs()["TrainingJobSummaries"]
    names = [job["TrainingJobName"] for job in found]
    return [name for name in names if name.startswith(f"{slug}-")]


def status(cloud: Cloud, prefix: str, states: set[str]) -> dict[str, Any]:
    """The status as soon as it is in one of the states."""

    def look() -> dict[str, Any] | None:
        if f"{prefix}status.json" not in keys(cloud, prefix):
            return None
        found: dict[str, Any] = json.loads(text(cloud, f"{prefix}status.json"))
        return found if found["state"] in states else None

    return eventually(look)


def ended(cloud: Cloud, name: str) -> dict[str, Any]:
    return status(cloud, f"results/{name}/", ENDED)


def uploaded_event(cloud: Cloud, key: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((ROOT / "events/dataset_uploaded.json").read_text())
    body = json.loads(event["Records"][0]["body"])
    body["detail"]["bucket"]["name"] = cloud.bucket
    body["detail"]["object"]["key"] = key
    event["Records"][0]["body"] = json.dumps(body)
    return event
