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

from local.aws import STACK_NAME
from local.cloud import ROOT, Cloud

PAIR = "en-de"
FOLDER = ROOT / "translator" / PAIR
INFERENCE = ROOT / "training_src" / "translation" / "inference.py"
# Of its own process, so that the core of the function is importable there and only there.
PROCESS = Path(__file__).with_name("translator_process.py")
KEY = f"models/default-{PAIR}/output/model.tar.gz"
SERVERLESS = {"MemorySizeInMB": 2048, "MaxConcurrency": 5}
START_SECONDS = 60.0


class TranslatorError(Exception):
    """Raised when the translator does not come into service."""


def deploy(cloud: Cloud) -> None:
    """Model, endpoint configuration and endpoint, by the calls that AWS takes too; waits."""
    cloud.endpoint.client("s3").put_object(Bucket=cloud.bucket, Key=KEY, Body=tarball())
    sagemaker = cloud.endpoint.client("sagemaker")
    name = f"{STACK_NAME}-{PAIR}"
    sagemaker.create_model(
        ModelName=name,
        PrimaryContainer={"Image": "autogluon", "ModelDataUrl": f"s3://{cloud.bucket}/{KEY}"},
        ExecutionRoleArn=cloud.resources["EndpointRole"].arn,
    )
    variant = {"VariantName": "main", "ModelName": name, "ServerlessConfig": SERVERLESS}
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    _wait(sagemaker, name)


def tarball() -> bytes:
    """model.tar.gz as a training job leaves it: translator/ and code/inference.py."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w:gz", compresslevel=1) as archive:
        for file in sorted(path for path in FOLDER.iterdir() if path.is_file()):
            archive.add(file, f"translator/{file.name}")
        archive.add(INFERENCE, "code/inference.py")
    return written.getvalue()


def translate(text: str, source: str, target: str) -> dict[str, Any]:
    """What the API would answer, without any AWS; raises TranslatorError in words."""
    request = {"text": text, "source": source, "target": target}
    done = subprocess.run(
        [sys.executable, "-P", str(PROCESS), str(FOLDER), str(INFERENCE), PAIR],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": str(ROOT / "functions"), "PYTHONIOENCODING": "utf-8"},
    )
    if done.returncode:
        raise TranslatorError(f"The translator broke:\n{done.stderr.strip()}")
    answer: dict[str, Any] = json.loads(done.stdout)
    if "error" in answer:
        raise TranslatorError(answer["error"])
    return answer


def _wait(sagemaker: Any, name: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while (status := _status(sagemaker, name)) == "Creating":
        if time.monotonic() > deadline:
            raise TranslatorError(f"The translator did not start within {START_SECONDS:.0f} s.")
        time.sleep(0.05)
    if status != "InService":
        reason = sagemaker.describe_endpoint(EndpointName=name).get("FailureReason", status)
        raise TranslatorError(f"The translator did not start: {reason}")


def _status(sagemaker: Any, name: str) -> str:
    return str(sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"])
