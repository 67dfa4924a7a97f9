"""Progress while AutoGluon fits one model after the other, and which of them time stopped."""

import logging
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from autogluon.core.callbacks import AbstractCallback

from progress import Progress

# The logger above all of AutoGluon's, and what LightGBM and CatBoost say there when they stop for
# time. A model keeps its best round only, so that nothing else tells this. XGBoost says nothing.
AUTOGLUON = "autogluon"
OUT_OF_TIME = re.compile(r"Ran out of time, early stopping on iteration (\d+)")


class FitWatcher(AbstractCallback):  # type: ignore[misc]
    """Called by AutoGluon around each model."""

    def __init__(self, progress: Progress, seconds: float, whole: float) -> None:
        """`seconds` are AutoGluon's; `whole` are those of all that is fitted, the race included."""
        super().__init__()
        self._progress = progress
        self.seconds, self._whole = seconds, whole
        self._start = time.monotonic()
        self._fitting = ""
        self.stopped: dict[str, int] = {}
        """Model → the round at which its time ran out; of several folds the last round."""

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Meanwhile, hear which models run out of time."""
        ear = logging.Handler()
        ear.emit = self._hear  # type: ignore[method-assign]
        logger = logging.getLogger(AUTOGLUON)
        logger.addHandler(ear)
        try:
            yield
        finally:
            logger.removeHandler(ear)

    def _hear(self, record: logging.LogRecord) -> None:
        if found := OUT_OF_TIME.search(record.getMessage()):
            before = self.stopped.get(self._fitting, 0)
            self.stopped[self._fitting] = max(before, int(found[1]))

    def __getstate__(self) -> dict[str, Any]:
        # AutoGluon saves its callbacks with every model, and no lock of a thread can be saved.
        return {}

    def _before_model_fit(self, trainer: Any, model: Any, **_: Any) -> tuple[bool, bool]:
        self._fitting = model.name
        self._tell(trainer, model.name)
        return False, False

    def _after_model_fit(self, trainer: Any, model_names: list[str], **_: Any) -> bool:
        return False

    def _tell(self, trainer: Any, fitting: str) -> None:
        spent = time.monotonic() - self._start
        names = trainer.get_model_names()
        self._progress.fitting(
            fitting, len(names), best_model(trainer), spent / self._whole, self._whole - spent
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
