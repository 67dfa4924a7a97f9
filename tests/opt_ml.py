"""A folder like a training container's /opt/ml, for tests that run the job itself."""

import json
import os
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contract.job import Job, PredictionsJob, job_from_json
from contract.layout import FAILURE_MESSAGE, JOB_JSON, model_key
from contract.messages import Message, message_from_json

ROOT = Path(__file__).parents[1]
SAMPLES = ROOT / "samples"
FEW_ROUNDS = str(Path(__file__).with_name("few_rounds.py"))


@dataclass(frozen=True)
class OptMl:
    """The folder, filled for one job."""

    root: Path
    dataset: str
    python: str = sys.executable
    """What the job runs on."""
    all_rounds: bool = False
    """As in production; else models come sooner and are a little worse."""

    @property
    def results(self) -> Path:
        return self.root / "checkpoints"

    @property
    def model(self) -> Path:
        return self.root / "model"

    @property
    def failure(self) -> str:
        return (self.root / "output/failure").read_text(encoding="utf-8")

    @property
    def failure_message(self) -> Message:
        """The same with its code."""
        return message_from_json(json.loads((self.results / FAILURE_MESSAGE).read_text("utf-8")))

    def result(self, ending: str) -> Path:
        return self.results / f"{self.dataset}_{ending}"

    def job(self) -> Job:
        """What the job was given."""
        return job_from_json((self.root / "input/data/job" / JOB_JSON).read_bytes())

    def file(self, channel: str) -> Path:
        """The one input file of a channel."""
        (file,) = (self.root / "input/data" / channel).iterdir()
        return file

    def performance(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.result("model_performance.txt").read_text())
        return found

    @property
    def environ(self) -> dict[str, str]:
        channels = {
            f"SM_CHANNEL_{channel.name.upper()}": str(channel)
            for channel in (self.root / "input/data").iterdir()
        }
        return {
            **os.environ,
            **channels,
            # In a job, the reader lies beside train.py.
            "PYTHONPATH": str(ROOT / "functions"),
            # As in every job: else the threads of two jobs side by side spin for each other.
            "GOMP_SPINCOUNT": "1000",
            "SM_MODEL_DIR": str(self.model),
            "SM_OUTPUT_DIR": str(self.root / "output"),
            "SM_OUTPUT_DATA_DIR": str(self.root / "output/data"),
        }

    def command(self, program: str = "train.py") -> list[str]:
        script = str(ROOT / "training_src" / program)
        return [self.python, script] if self.all_rounds else [self.python, FEW_ROUNDS, script]

    def train(self) -> int:
        return self.run("train.py")

    def run(self, program: str) -> int:
        """Run the job as the container does; the exit status."""
        with (self.root / "log").open("wb") as log:
            return subprocess.run(
                self.command(program), env=self.environ, stdout=log, stderr=log, check=False
            ).returncode


def opt_ml(
    root: Path,
    train: str | Path | None,
    test: str | Path | None = None,
    *,
    target: str,
    dataset: str = "sample",
    all_rounds: bool = False,
    **settings: Any,
) -> OptMl:
    """Channels from texts or files, and a job.json; settings go before the defaults."""
    folder = OptMl(root, dataset, all_rounds=all_rounds)
    described = {
        name: _channel(root, name, dataset, content)
        for name, content in (("train", train), ("test", test))
        if content is not None
    }
    # A model comes in by hand_over().
    predicts = {
        "kind": PredictionsJob.kind,
        "model_job": "model",
        "model_key": model_key("model"),
    }
    job = {
        **({} if train is not None else predicts),
        "dataset": dataset,
        "job": f"{dataset}-0a1b2c3d4e5f",
        "test": None,
        "target": target,
        "target_rule": "the test says so",
        "problem_type": None,
        "eval_metric": None,
        "preset": "medium",
        "training_minutes": 0.5,
        "ignore_columns": [],
        "id_column": None,
        "positive_class": None,
        **described,
        **settings,
    }
    channel = root / "input/data/job"
    channel.mkdir(parents=True)
    (channel / JOB_JSON).write_text(json.dumps(job))
    (root / "output").mkdir()
    return folder


def pack(made: OptMl, into: Path) -> Path:
    """Pack the model that a job has made, as SageMaker does."""
    with tarfile.open(into, "w:gz") as archive:
        archive.add(made.model, arcname=".")
    return into


def hand_over(made: OptMl, to: OptMl, channel: str) -> None:
    """The model that one job has made becomes a channel of another."""
    folder = to.root / "input/data" / channel
    folder.mkdir(parents=True)
    pack(made, folder / "model.tar.gz")


def _channel(root: Path, name: str, dataset: str, content: str | Path) -> dict[str, str]:
    channel = root / "input/data" / name
    channel.mkdir(parents=True)
    text = content if isinstance(content, str) else content.read_text(encoding="utf-8")
    file = f"{dataset}_{name}.csv"
    (channel / file).write_text(text, encoding="utf-8", newline="")
    return {"file": file, "encoding": "utf-8", "delimiter": ","}
