"""An SQLite store that `mlflow ui` opens, written by the MLflow of the same environment."""

import logging
import os
from collections.abc import Iterable
from contextlib import chdir
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codefree.words import SaidError, message

if TYPE_CHECKING:
    from contract.mlflow_run import MlflowRun

STORE = "mlflow.db"


class MlflowStoreError(SaidError):
    """Raised when the store cannot be written."""


def is_installed() -> bool:
    """Whether there is an MLflow beside this command."""
    return find_spec("mlflow") is not None


def write_store(folder: Path, runs: "Iterable[MlflowRun]") -> int:
    """Add the runs that the store lacks, or has half; how many. Raises MlflowStoreError."""
    # The command stays offline, and says itself what it has done.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "ERROR")
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    logging.getLogger("alembic").setLevel(logging.ERROR)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # MLflow makes a folder for artifacts where it stands, and a path may hold what URIs cannot.
        with chdir(folder):
            client = MlflowClient(f"sqlite:///{STORE}")
            return sum([_add(client, one) for one in runs])
    except (MlflowException, SQLAlchemyError, OSError) as error:
        why = str(error).partition("\n")[0]
        path = str(folder / STORE)
        raise MlflowStoreError(message("runs.mlflow_failed", path=path, error=why)) from error


def _add(client: Any, run: "MlflowRun") -> bool:
    from mlflow.entities import Metric, Param, RunTag, ViewType

    known = client.get_experiment_by_name(run.experiment)
    experiment = known.experiment_id if known else client.create_experiment(run.experiment)
    # One that its owner has deleted in MLflow stays deleted.
    found = client.search_runs([experiment], run.search, ViewType.ALL, max_results=1)
    if found and (found[0].info.status == run.status or _is_deleted(found[0])):
        return False
    kept = (
        found[0]
        if found
        else client.create_run(experiment, run.started, dict(run.tags), run_name=run.name)
    )
    client.log_batch(
        kept.info.run_id,
        [Metric(name, value, run.ended, 0) for name, value in run.metrics.items()],
        [Param(name, value) for name, value in run.params.items()],
        [RunTag(name, value) for name, value in run.tags.items()],
    )
    client.set_terminated(kept.info.run_id, run.status, run.ended)
    return True


def _is_deleted(run: Any) -> bool:
    return bool(run.info.lifecycle_stage == "deleted")
