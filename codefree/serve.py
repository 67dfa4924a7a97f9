"""What `codefree up` says: how to use the embedded AWS, and what happens in it."""

import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from shlex import quote
from typing import Any

from codefree.api_gateway import DATASETS_KEY, PREDICTION_KEY, TRANSLATION_KEY, ApiServer
from codefree.cloud import Cloud
from codefree.command_name import command_name
from codefree.containers import ADD_HOST
from codefree.layout import layout
from codefree.room import full_folder
from codefree.words import Message, Tell, Words, message, verbatim

POLL_SECONDS = 1.0


def instructions(cloud: Cloud, events: Path, say: Words, env_vars: Path | None = None) -> str:
    """The exact lines to type in another terminal."""
    export = " ".join(f"{name}={value}" for name, value in cloud.endpoint.credentials.items())
    page = _page(cloud.api, say) if cloud.api else ""
    translation = _translation(cloud.api, say) if cloud.api else ""
    aws = f"aws --endpoint-url {cloud.endpoint.url} s3"
    containers = in_containers(events, env_vars, say) if env_vars else ""
    results = layout.results_prefix("titanic")
    below = f"s3://{cloud.bucket}/{layout.RESULTS}"
    return f"""
{say("local.is_up", url=cloud.endpoint.url)}
{page}{say("local.other_terminal")}

  export {export}
  {aws} cp samples/titanic_test.csv s3://{cloud.bucket}/data/
  {aws} cp samples/titanic_train.csv s3://{cloud.bucket}/data/

{say("local.results", folder=below)}

  {aws} cp s3://{cloud.bucket}/{results}{layout.STATUS_TEXT} -
  {aws} cp --recursive s3://{cloud.bucket}/{results} {results}

{say("local.at_a_glance")} {command_name()} status --port {cloud.endpoint.port}

{translation}{containers}{say("local.logs")} {cloud.logs}
"""


def _translation(api: ApiServer, say: Words) -> str:
    translate, predict, datasets = (
        api.keys[key] for key in (TRANSLATION_KEY, PREDICTION_KEY, DATASETS_KEY)
    )
    return f"""{say("local.translation")}

  {say("local.api_key")} {translate}
  curl {api.url}translate -H 'X-Api-Key: {translate}' -d '{{"text": "I love you."}}'

{say("local.prediction")}

  {say("local.api_key")} {predict}
  curl {api.url}predict/titanic -H 'X-Api-Key: {predict}' -H 'Content-Type: text/csv' \\
    --data-binary @samples/titanic_test.csv

{say("local.datasets")}

  {say("local.api_key")} {datasets}
  curl {api.url}statuses -H 'X-Api-Key: {datasets}'

"""


def _page(api: ApiServer, say: Words) -> str:
    return f"""
{say("local.page")}

  {page_address(api)}

"""


def page_address(api: ApiServer) -> str:
    """The page with its keys behind the #, which a browser sends to no server."""
    keys = (api.keys[key] for key in (TRANSLATION_KEY, PREDICTION_KEY, DATASETS_KEY))
    return f"{api.url}#keys/{'/'.join(keys)}"


def in_containers(events: Path, env_vars: Path, say: Words) -> str:
    """What to type so that functions run in containers, against the local cloud."""
    options = f"--env-vars {quote(str(env_vars))} --add-host {ADD_HOST}"
    return f"""{say("local.container")}

  .venv-sam/bin/sam local invoke StartTrainingFunction \\
    -e {quote(str(events / "dataset_uploaded.json"))} {options}

{say("local.other_events")}

{say("local.api_in_container")}

  .venv-sam/bin/sam local start-api {options}

"""


def tell_events(cloud: Cloud, tell: Tell, changed: Callable[[], object]) -> None:
    """Report each upload and each change of a dataset's status; never returns.

    `changed` is called after each.
    """
    s3 = cloud.endpoint.client("s3")
    full: Path | None = None
    seen: dict[str, str] = {}
    printed: dict[str, Message] = {}
    while True:
        full = tell_full_disk(full, tell, cloud.logs, Path(tempfile.gettempdir()))
        for key, version in _objects(s3, cloud.bucket).items():
            if seen.get(key) != version:
                seen[key] = version
                event = _event(s3, cloud.bucket, key)
                # What is read may be newer than what was listed, and comes up again.
                if event and (key.startswith("data/") or printed.get(key) != event):
                    printed[key] = event
                    now = time.strftime("%H:%M:%S")
                    tell(message("local.event", time=now, event=event))
                    changed()
        time.sleep(POLL_SECONDS)


def tell_full_disk(known: Path | None, tell: Tell, *folders: Path) -> Path | None:
    """Say once that a disk is full, where functions and jobs only die; returns its folder."""
    full = full_folder(*folders)
    if full and full != known:
        tell(message("local.disk_full", folder=str(full)))
    return full


def _objects(s3: Any, bucket: str) -> dict[str, str]:
    """Key → something that changes with each upload, of data/ and results/."""
    paginator = s3.get_paginator("list_objects_v2")
    return {
        entry["Key"]: f"{entry['ETag']}{entry['LastModified']}"
        for prefix in (layout.DATA, layout.RESULTS)
        for page in paginator.paginate(Bucket=bucket, Prefix=prefix)
        for entry in page.get("Contents", [])
    }


def _event(s3: Any, bucket: str, key: str) -> Message | None:
    if key.startswith("data/"):
        return message("local.upload", key=key)
    # A job's own copy of the status lies one folder deeper.
    if key.endswith(f"/{layout.STATUS_JSON}") and key.count("/") == key.count("/_refused/") + 2:
        status = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        # In the dataset's own language.
        return verbatim(status["headline"])
    return None
