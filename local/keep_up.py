"""What `codefree up` tells: how to use the embedded AWS, and what happens in it."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from local.api_gateway import ApiServer
from local.cloud import Cloud
from local.containers import ADD_HOST

POLL_SECONDS = 1.0
# The bucket's name in events/.
SAMPLE_BUCKET = "codefree-automl-datasetbucket-1a2b3c4d5e6f"


def instructions(cloud: Cloud, env_vars: Path | None = None) -> str:
    """The exact lines to type in another terminal."""
    export = " ".join(f"{name}={value}" for name, value in cloud.endpoint.credentials.items())
    translation = _translation(cloud.api) if cloud.api else ""
    aws = f"aws --endpoint-url {cloud.endpoint.url} s3"
    containers = _containers(cloud, env_vars) if env_vars else ""
    return f"""
The embedded AWS is up at {cloud.endpoint.url}; Ctrl-C ends it and forgets all that is in it.
In another terminal:

  export {export}
  {aws} cp samples/titanic_test.csv s3://{cloud.bucket}/data/
  {aws} cp samples/titanic_train.csv s3://{cloud.bucket}/data/

Results appear below s3://{cloud.bucket}/results/:

  {aws} cp s3://{cloud.bucket}/results/titanic/STATUS.txt -
  {aws} cp --recursive s3://{cloud.bucket}/results/titanic/ results/titanic/

All datasets at a glance: codefree status --port {cloud.endpoint.port}

{translation}{containers}Logs of functions and training jobs: {cloud.logs}
"""


def _translation(api: ApiServer) -> str:
    return f"""The page that translates English to German, and the API behind it:

  {api.url}
  API key: {api.key}
  curl {api.url}translate -H 'X-Api-Key: {api.key}' -d '{{"text": "I love you."}}'

"""


def _containers(cloud: Cloud, env_vars: Path) -> str:
    options = f"--env-vars {env_vars} --add-host {ADD_HOST}"
    return f"""A function in a container, after the export above and `make build`:

  sed s/{SAMPLE_BUCKET}/{cloud.bucket}/g events/dataset_uploaded.json \\
    | .venv-sam/bin/sam local invoke StartTrainingFunction -e - {options}

The API and its page in a container:

  .venv-sam/bin/sam local start-api {options}

"""


def tell_events(cloud: Cloud, tell: Callable[[str], None]) -> None:
    """Tell of each upload and of each change of a dataset's status, for ever."""
    s3 = cloud.endpoint.client("s3")
    seen: dict[str, str] = {}
    told: dict[str, str] = {}
    while True:
        for key, version in _objects(s3, cloud.bucket).items():
            if seen.get(key) != version:
                seen[key] = version
                line = _event(s3, cloud.bucket, key)
                # What is read may be newer than what was listed, and comes up again.
                if line and (key.startswith("data/") or told.get(key) != line):
                    told[key] = line
                    tell(f"{time.strftime('%H:%M:%S')} {line}")
        time.sleep(POLL_SECONDS)


def _objects(s3: Any, bucket: str) -> dict[str, str]:
    """Key → something that changes with each upload, of data/ and results/."""
    paginator = s3.get_paginator("list_objects_v2")
    return {
        entry["Key"]: f"{entry['ETag']}{entry['LastModified']}"
        for prefix in ("data/", "results/")
        for page in paginator.paginate(Bucket=bucket, Prefix=prefix)
        for entry in page.get("Contents", [])
    }


def _event(s3: Any, bucket: str, key: str) -> str | None:
    if key.startswith("data/"):
        return f"upload: {key}"
    # A job's own copy of the status lies one folder deeper.
    if key.endswith("/status.json") and key.count("/") == key.count("/_refused/") + 2:
        return str(json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())["headline"])
    return None
