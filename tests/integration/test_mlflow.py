"""The store of `codefree runs --mlflow`: what a real MLflow shows of it."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from contract.runs import Run, Runs
from tests.conftest import PATIENCE_SECONDS
from tests.mlflow_servers import PYTHON, ROOT, MlflowServer, mlflow_server, pairs
from tests.run_lists import five_versions, training

HAS_MLFLOW = pytest.mark.skipif(not PYTHON.exists(), reason="make .venv-mlflow/ready")
STATUSES = {"completed": "FINISHED", "failed": "FAILED"}
ENVIRON = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}


def write(folder: Path, runs: Runs) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [PYTHON, "-m", "tests.mlflow_writer", str(folder), runs.dataset, "bucket"],
        input=runs.to_json().decode(),
        env=ENVIRON,
        cwd=folder.parent,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )


def shown(server: MlflowServer) -> dict[str, tuple[Any, ...]]:
    """What MLflow shows of each job, as far as the list of runs has it, too."""
    found = server.runs("titanic")
    jobs = [one["info"]["run_name"] for one in found]
    assert len(jobs) == len(set(jobs)), "a job is there twice"
    return {
        one["info"]["run_name"]: (
            one["info"]["status"],
            pairs(one, "metrics").get("roc_auc"),
            pairs(one, "metrics").get("roc_auc.low"),
            pairs(one, "metrics").get("usd"),
            pairs(one, "params").get("training_minutes"),
            pairs(one, "params").get("test.rows"),
            pairs(one, "tags").get("codefree.model_job"),
            pairs(one, "tags").get("codefree.compared_with"),
        )
        for one in found
    }


def listed(run: Run) -> tuple[Any, ...]:
    measured, minutes, test = run.measured, run.settings.get("training_minutes"), run.input("test")
    return (
        STATUSES[run.state],
        measured.score if measured else None,
        measured.interval[0] if measured and measured.interval else None,
        run.usd,
        None if minutes is None else str(minutes),
        str(test.rows) if test else None,
        run.model_job or None,
        run.champion.job if run.champion else None,
    )


@HAS_MLFLOW
def test_mlflow_shows_each_run_once_with_the_numbers_of_the_list(tmp_path: Path) -> None:
    runs, folder = five_versions()[0], tmp_path / "of all ? 100% #1"
    done = write(folder, runs)
    assert (done.returncode, done.stdout.strip()) == (0, str(len(runs.all))), done.stderr
    assert [path.name for path in folder.iterdir()] == ["mlflow.db"], "nothing but the store"
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]
    with mlflow_server(folder) as server:
        assert shown(server) == {run.job: listed(run) for run in runs.all}
        ids = {one["info"]["run_name"]: one["info"]["run_id"] for one in server.runs("titanic")}
        deleted, half = runs.all[0], runs.all[1]
        server.ask("runs/delete", run_id=ids[deleted.job])
        server.ask("runs/update", run_id=ids[half.job], status="RUNNING")
        newer = runs.with_runs([training(9)])
        done = write(folder, newer)
        assert (done.returncode, done.stdout.strip()) == (0, "2"), "the new one, and the half one"
        expected = {run.job: listed(run) for run in newer.all if run.job != deleted.job}
        assert shown(server) == expected


@HAS_MLFLOW
def test_a_file_that_is_no_store_is_refused_and_left_alone(tmp_path: Path) -> None:
    store, content = tmp_path / "mlflow.db", b"my own notes" * 100
    store.write_bytes(content)
    done = write(tmp_path, five_versions()[0])
    assert done.returncode == 1 and str(store) in done.stderr
    assert "Traceback" not in done.stderr
    assert store.read_bytes() == content


def test_without_mlflow_the_command_says_what_to_install(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "codefree", "runs", "titanic", "--mlflow", str(tmp_path / "store")],
        env=ENVIRON,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "pip install mlflow" in done.stderr
    assert list(tmp_path.iterdir()) == []
