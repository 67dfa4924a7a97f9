"""A status that earlier uploads left."""

from typing import Any

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


def written(name: str, state: str) -> dict[str, Any]:
    """A status.json."""
    texts = {"headline": "As it stands.", "details": [], "notes": [], "next": []}
    return {"dataset": name, "state": state, "prefix": f"results/{name}/", "updated": "", **texts}
