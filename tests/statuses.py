"""A status that earlier uploads left."""

from contract.messages import message
from pipeline.status import (
    Status,
)

COMPLETED = Status(
    dataset="titanic",
    state="completed",
    headline=message("status.translator_ready", dataset="titanic"),
    prefix="results/titanic/",
    job="titanic-1",
    train_version="v1",
    results="results/titanic/titanic-1/",
)
