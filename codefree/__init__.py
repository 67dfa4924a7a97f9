"""The project's cloud on a laptop: its template.yaml, played by moto and a few processes.

From Python: `codefree.train("train.csv", "test.csv")`; see docs/notebook.md.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from codefree.predict import PredictError
    from codefree.trained_model import TrainedModel, TrainingError, train

__all__ = ["PredictError", "TrainedModel", "TrainingError", "train"]


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is: the command line needs none of it."""
    if name not in __all__:
        raise AttributeError(f"module 'codefree' has no attribute {name!r}")
    from codefree import predict, trained_model

    return getattr(predict if name == "PredictError" else trained_model, name)
