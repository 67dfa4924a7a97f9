"""Progress while AutoGluon fits one model after the other."""

import time
from typing import Any

from autogluon.core.callbacks import AbstractCallback

from progress import Progress


class FitWatcher(AbstractCallback):  # type: ignore[misc]
    """Called by AutoGluon around each model."""

    def __init__(self, progress: Progress, seconds: float) -> None:
        super().__init__()
        self._progress = progress
        self._seconds = seconds
        self._start = time.monotonic()

    def __getstate__(self) -> dict[str, Any]:
        # AutoGluon saves its callbacks with every model, and no lock of a thread can be saved.
        return {}

    def _before_model_fit(self, trainer: Any, model: Any, **_: Any) -> tuple[bool, bool]:
        self._tell(trainer, model.name)
        return False, False

    def _after_model_fit(self, trainer: Any, model_names: list[str], **_: Any) -> bool:
        return False

    def _tell(self, trainer: Any, fitting: str) -> None:
        spent = time.monotonic() - self._start
        names = trainer.get_model_names()
        self._progress.fitting(
            fitting, len(names), best_model(trainer), spent / self._seconds, self._seconds - spent
        )


def best_model(trainer: Any) -> dict[str, Any] | None:
    """The model with the best validation score so far, its score in the metric's own sign."""
    scores = trainer.get_models_attribute_dict("val_score")
    known = {name: score for name, score in scores.items() if score is not None}
    if not known:
        return None
    name = max(known, key=lambda model: known[model])
    metric = trainer.eval_metric
    return {
        "model": name,
        "metric": metric.name,
        "score": float(metric.convert_score_to_original(known[name])),
    }
