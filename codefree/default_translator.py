"""The translator that comes with the project, put behind an endpoint as any other model."""

import io
import json
import os
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from typing import Any

from codefree.cloud import Cloud
from codefree.layout import layout
from codefree.processes import started
from codefree.stack_files import FUNCTIONS, TRAINING_SOURCE, TRANSLATORS
from codefree.words import ENGLISH, SaidError, message, verbatim

PAIR = "en-de"
FOLDER = TRANSLATORS / PAIR
INFERENCE = TRAINING_SOURCE / "translation" / "inference.py"
# Of its own process, so that the core of the function is importable there and only there.
PROCESS = Path(__file__).with_name("translator_process.py")
# The stack's roles may deploy what is called so, and take it back.
JOB = f"translation-{PAIR}-default"
KEY = layout.model_key(JOB)
POINTER = layout.model_json_key(f"{layout.TRANSLATION}{PAIR}")
SERVERLESS = {"MemorySizeInMB": 2048, "MaxConcurrency": 5}
START_SECONDS = 60.0


class TranslatorError(SaidError):
    """Raised when the translator does not come into service, or cannot translate a text."""


def deploy(cloud: Cloud) -> None:
    """Model, endpoint configuration and endpoint, by the calls that AWS takes too; waits."""
    s3 = cloud.endpoint.client("s3")
    s3.put_object(Bucket=cloud.bucket, Key=KEY, Body=tarball())
    # What the next translator of the pair is compared with.
    pointer = {"model": KEY, "job": JOB, "target": PAIR.partition("-")[2], "uploaded": ""}
    s3.put_object(Bucket=cloud.bucket, Key=POINTER, Body=json.dumps(pointer).encode())
    sagemaker = cloud.endpoint.client("sagemaker")
    name = cloud.endpoint_name(PAIR)
    sagemaker.create_model(
        ModelName=JOB,
        PrimaryContainer={"Image": "autogluon", "ModelDataUrl": f"s3://{cloud.bucket}/{KEY}"},
        ExecutionRoleArn=cloud.resources["EndpointRole"].arn,
    )
    variant = {"VariantName": "main", "ModelName": JOB, "ServerlessConfig": SERVERLESS}
    sagemaker.create_endpoint_config(EndpointConfigName=JOB, ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=JOB)
    _wait(sagemaker, name)


def tarball() -> bytes:
    """model.tar.gz as a training job leaves it: translator/ and code/inference.py."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w:gz", compresslevel=1) as archive:
        for file in sorted(path for path in FOLDER.iterdir() if path.is_file()):
            archive.add(file, f"translator/{file.name}")
        archive.add(INFERENCE, "code/inference.py")
    return written.getvalue()


def translate(text: str, source: str, target: str, language: str = ENGLISH) -> dict[str, Any]:
    """What the API would answer, without any AWS; raises TranslatorError, in `language`."""
    request = {"text": text, "source": source, "target": target}
    with started(
        [sys.executable, "-P", PROCESS, FOLDER, INFERENCE, PAIR, language],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": str(FUNCTIONS), "PYTHONIOENCODING": "utf-8"},
    ) as child:
        said, errors = child.communicate(json.dumps(request))
    if child.returncode:
        last = errors.strip().rpartition("\n")[2]
        raise TranslatorError(message("cli.translator_broke", error=last))
    answer: dict[str, Any] = json.loads(said)
    if "error" in answer:
        raise TranslatorError(verbatim(answer["error"]))
    return answer


def _wait(sagemaker: Any, name: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while (status := _status(sagemaker, name)) == "Creating":
        if time.monotonic() > deadline:
            raise TranslatorError(message("cli.translator_late", seconds=START_SECONDS))
        time.sleep(0.05)
    if status != "InService":
        why = sagemaker.describe_endpoint(EndpointName=name).get("FailureReason", status)
        raise TranslatorError(message("cli.translator_broke", error=why))


def _status(sagemaker: Any, name: str) -> str:
    return str(sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"])
