"""The folder that a training container knows as /opt/ml, and the variables that describe it.

The contract is that of the SageMaker training toolkit inside AWS's AutoGluon container.
"""

import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codefree.archives import unpack
from codefree.s3_files import KeyOutsideFolderError, download_prefix, file_below, split_uri

OPT_ML = "/opt/ml"
# A container has the checkpoints on a disk of their own; most machines with Linux have this one.
OTHER_DISK = Path("/dev/shm")
OTHER_DISK_BYTES = 2 * 2**30
HOST = "algo-1"


class DownloadError(Exception):
    """Raised when a channel cannot be filled; the text is SageMaker's failure reason."""


@dataclass(frozen=True)
class MlFolder:
    """An /opt/ml of one training job, anywhere on this machine."""

    root: Path

    @property
    def config(self) -> Path:
        return self.root / "input" / "config"

    @property
    def code(self) -> Path:
        return self.root / "code"

    @property
    def model(self) -> Path:
        return self.root / "model"

    @property
    def output(self) -> Path:
        return self.root / "output"

    @property
    def output_data(self) -> Path:
        return self.output / "data"

    @property
    def checkpoints(self) -> Path:
        return self.root / "checkpoints"

    def channel(self, name: str) -> Path:
        return self.root / "input" / "data" / name

    def moved(self, value: Any) -> Any:
        """A hyperparameter that points into /opt/ml points here."""
        if isinstance(value, str) and f"{value}/".startswith(f"{OPT_ML}/"):
            return f"{self.root}{value.removeprefix(OPT_ML)}"
        return value

    def prepare(self, s3: Any, request: dict[str, Any]) -> None:
        """Fill it as SageMaker does before the container starts; raises DownloadError."""
        for folder in (self.config, self.code, self.model, self.output_data):
            folder.mkdir(parents=True)
        if has_other_disk(self.root):
            own = tempfile.mkdtemp(prefix="codefree-checkpoints-", dir=OTHER_DISK)
            self.checkpoints.symlink_to(own)
        else:
            self.checkpoints.mkdir()
        (self.root / "tmp").mkdir()
        for channel in request.get("InputDataConfig", []):
            source = channel["DataSource"]["S3DataSource"]
            _download(s3, source, self.channel(channel["ChannelName"]))
        for name, content in configuration(request).items():
            (self.config / name).write_text(json.dumps(content), encoding="utf-8")

    def remove(self) -> None:
        """Delete it with everything in it, as when the machine is given back."""
        if self.checkpoints.is_symlink():
            shutil.rmtree(self.checkpoints.resolve(), ignore_errors=True)
        shutil.rmtree(self.root, ignore_errors=True)

    def extract_code(self, submit_directory: str) -> None:
        unpack(Path(submit_directory), self.code)


def has_other_disk(folder: Path) -> bool:
    """Whether this machine has a second disk, beside that of the folder, with room for results."""
    if not OTHER_DISK.is_dir() or OTHER_DISK.stat().st_dev == folder.stat().st_dev:
        return False
    return shutil.disk_usage(OTHER_DISK).free > OTHER_DISK_BYTES


def configuration(request: dict[str, Any]) -> dict[str, Any]:
    """File name → content of everything below input/config."""
    resources = request["ResourceConfig"]
    return {
        "hyperparameters.json": request.get("HyperParameters", {}),
        "inputdataconfig.json": {
            channel["ChannelName"]: {
                "TrainingInputMode": "File",
                "S3DistributionType": "FullyReplicated",
                "RecordWrapperType": "None",
            }
            for channel in request.get("InputDataConfig", [])
        },
        "resourceconfig.json": {
            "current_host": HOST,
            "hosts": [HOST],
            "current_instance_type": resources.get("InstanceType", ""),
            "current_group_name": "homogeneousCluster",
            "instance_groups": [
                {
                    "instance_group_name": "homogeneousCluster",
                    "instance_type": resources.get("InstanceType", ""),
                    "hosts": [HOST],
                }
            ],
            "network_interface_name": "lo",
        },
    }


def hyperparameters(request: dict[str, Any], folder: MlFolder) -> dict[str, Any]:
    """Decoded as the toolkit does: JSON where it is JSON, plain text elsewhere."""
    return {
        name: folder.moved(_decoded(text))
        for name, text in request.get("HyperParameters", {}).items()
    }


def environment(request: dict[str, Any], arn: str, folder: MlFolder) -> dict[str, str]:
    """All variables of the training script, except what would let it reach AWS."""
    values = hyperparameters(request, folder)
    own = {name: value for name, value in values.items() if not name.startswith("sagemaker_")}
    program = str(values["sagemaker_program"])
    files = configuration(request)
    resources = files["resourceconfig.json"]
    channels = sorted(files["inputdataconfig.json"])
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        "HOME": str(folder.root / "tmp"),
        "TMPDIR": str(folder.root / "tmp"),
        "PYTHONPATH": str(folder.code),
        "PYTHONUNBUFFERED": "1",
        "TRAINING_JOB_NAME": request["TrainingJobName"],
        "TRAINING_JOB_ARN": arn,
        "SM_USER_ENTRY_POINT": program,
        "SM_MODULE_NAME": program.removesuffix(".py"),
        "SM_MODULE_DIR": str(values["sagemaker_submit_directory"]),
        "SM_MODEL_DIR": str(folder.model),
        "SM_OUTPUT_DIR": str(folder.output),
        "SM_OUTPUT_DATA_DIR": str(folder.output_data),
        "SM_INPUT_DIR": str(folder.root / "input"),
        "SM_INPUT_CONFIG_DIR": str(folder.config),
        "SM_CHANNELS": json.dumps(channels),
        **{f"SM_CHANNEL_{name.upper()}": str(folder.channel(name)) for name in channels},
        "SM_HPS": json.dumps(own),
        **{f"SM_HP_{name.upper()}": _plain(value) for name, value in own.items()},
        "SM_USER_ARGS": json.dumps(arguments(own)),
        "SM_LOG_LEVEL": str(values.get("sagemaker_container_log_level", 20)),
        "SM_NUM_CPUS": str(os.cpu_count() or 1),
        "SM_NUM_GPUS": "0",
        "SM_HOSTS": json.dumps([HOST]),
        "SM_CURRENT_HOST": HOST,
        "SM_CURRENT_INSTANCE_TYPE": resources["current_instance_type"],
        "SM_RESOURCE_CONFIG": json.dumps(resources),
        "SM_INPUT_DATA_CONFIG": json.dumps(files["inputdataconfig.json"]),
        **request.get("Environment", {}),
    }


def arguments(own: dict[str, Any]) -> list[str]:
    """The script's own hyperparameters a second time, as the toolkit passes them."""
    return [part for name in sorted(own) for part in (f"--{name}", _plain(own[name]))]


def _download(s3: Any, source: dict[str, str], folder: Path) -> None:
    folder.mkdir(parents=True)
    bucket, prefix = split_uri(source["S3Uri"])
    try:
        if source["S3DataType"] == "ManifestFile":
            _download_manifest(s3, bucket, prefix, folder)
        elif not download_prefix(s3, bucket, prefix, folder):
            raise DownloadError(f"No S3 objects found under S3 URL {source['S3Uri']!r}")
    except (s3.exceptions.ClientError, KeyOutsideFolderError) as error:
        raise DownloadError(f"Data download failed: {error}") from error


def _download_manifest(s3: Any, bucket: str, key: str, folder: Path) -> None:
    start, *names = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    bucket, prefix = split_uri(start["prefix"])
    for name in names:
        file = file_below(folder, name)
        file.parent.mkdir(parents=True, exist_ok=True)
        s3.download_file(bucket, prefix + name, str(file))


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
