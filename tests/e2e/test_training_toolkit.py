"""The job under the real SageMaker training toolkit, as in AWS's container."""

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from contract.messages import message, render
from pipeline.training_source import TrainingSource
from tests.conftest import PATIENCE_SECONDS
from tests.opt_ml import ROOT, SAMPLES, OptMl, opt_ml

TOOLKIT = ROOT / ".venv-toolkit/bin/train"
pytestmark = pytest.mark.skipif(
    not TOOLKIT.exists(), reason="SageMaker's training toolkit is not built; it needs a C compiler"
)


def train_under_toolkit(job: OptMl) -> int:
    """What the container runs: `train`, with everything else in /opt/ml."""
    code = job.root / "input/data/code"
    code.mkdir()
    (code / "sourcedir.tar.gz").write_bytes(TrainingSource(ROOT / "training_src").tarball())
    config = job.root / "input/config"
    config.mkdir()
    hyperparameters = {
        "sagemaker_program": "train.py",
        "sagemaker_submit_directory": str(code / "sourcedir.tar.gz"),
        "sagemaker_container_log_level": 20,
        "sagemaker_region": "us-east-1",
        "sagemaker_job_name": "sample-0a1b2c3d4e5f",
    }
    channel = {"TrainingInputMode": "File", "S3DistributionType": "FullyReplicated"}
    # Hosts must resolve, or the toolkit waits for them for ever.
    resources = {"current_host": "localhost", "hosts": ["localhost"]}
    files = {
        "hyperparameters": {name: json.dumps(value) for name, value in hyperparameters.items()},
        "inputdataconfig": {
            path.name: channel | {"RecordWrapperType": "None"} for path in code.parent.iterdir()
        },
        "resourceconfig": resources | {"network_interface_name": "lo"},
    }
    for name, content in files.items():
        (config / f"{name}.json").write_text(json.dumps(content))
    return _run(job)


def _run(job: OptMl) -> int:
    environ = {
        "PATH": f"{TOOLKIT.parent}:{os.environ['PATH']}",
        "HOME": str(job.root),
        "SAGEMAKER_BASE_DIR": str(job.root),
        "AWS_DEFAULT_REGION": "us-east-1",
        "TRAINING_JOB_NAME": "sample-0a1b2c3d4e5f",
    }
    with (job.root / "log").open("wb") as log:
        process = subprocess.Popen(
            [str(TOOLKIT)], env=environ, stdout=log, stderr=log, start_new_session=True
        )
        try:
            return process.wait(timeout=PATIENCE_SECONDS)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def test_the_toolkit_runs_the_job_to_success(tmp_path: Path) -> None:
    job = opt_ml(tmp_path, SAMPLES / "penguins_train.csv", target="species")
    assert train_under_toolkit(job) == 0, (job.root / "log").read_text()[-3000:]
    assert (job.root / "output/success").exists()
    assert job.performance()["score"] > 0.9
    assert (job.model / "code/inference.py").exists()
    assert (job.root / "output/data/results_index.json").exists()


def test_a_csv_broken_behind_its_first_megabyte_ends_in_the_plain_sentence(tmp_path: Path) -> None:
    good = "".join(f"{n},{n % 7},{n % 2}\n" for n in range(120_000))
    assert len(good) > 1 << 20
    broken = "1,2,3,4,5\n" * 2000
    job = opt_ml(tmp_path, f"a,b,y\n{good}{broken}", target="y")
    assert train_under_toolkit(job) == 1
    assert job.failure_message.root == message(
        "file.long_rows", line=120_002, fields=5, expected=3, count=2000
    )
    assert job.failure == render(job.failure_message)
    shutil.rmtree(job.root)
