"""Writes a store as `codefree runs --mlflow` does, from runs.json; for the Python that has MLflow.

Arguments: the folder, the dataset, the bucket. Prints how many runs are new.
"""

import sys
from pathlib import Path

from codefree.mlflow_run import mlflow_run
from codefree.mlflow_store import MlflowStoreError, write_store
from codefree.runs import runs as lists


def main(folder: str, dataset: str, bucket: str) -> None:
    runs = lists.runs_from_json(dataset, sys.stdin.buffer.read())
    try:
        print(write_store(Path(folder), [mlflow_run.mlflow_run(runs, r, bucket) for r in runs.all]))
    except MlflowStoreError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(*sys.argv[1:])
