"""A run as MLflow keeps it, read from the functions."""

from typing import TYPE_CHECKING

from codefree.functions_code import load

if TYPE_CHECKING:
    from contract import mlflow_run as mlflow_run
else:
    mlflow_run = load("mlflow_run")
