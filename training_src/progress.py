"""progress.json: where the job is, for whoever watches."""

import json
import time
from pathlib import Path
from typing import Any

from autogluon.core.callbacks import AbstractCallback

# Stage → percent done when it begins. Fitting gets the lion's share.
STAGES = {
    "reading": 0,
    "fitting": 5,
    "scoring": 70,
    "predicting": 80,
    "explaining": 85,
    "reporting": 93,
    "packing": 96,
    "done": 100,
}


class Progress:
    """Replaces progress.json whenever something has changed."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "progress.json"
        self._start = time.monotonic()
        self._state: dict[str, Any] = {
            "stage": "reading",
            "percent": 0,
            "seconds": 0.0,
            "seconds_left": None,
            "fitting": None,
            "models": 0,
            "best_model": None,
        }

    def enter(self, stage: str) -> None:
        """Begin a stage of STAGES."""
        self._write(stage=stage, percent=STAGES[stage], fitting=None, seconds_left=None)

    def fitting(
        self,
        model: str,
        models: int,
        best: dict[str, Any] | None,
        share: float,
        seconds_left: float,
    ) -> None:
        """Tell the model that is being fitted; `share` of the time limit is used up, 0 to 1."""
        span = STAGES["scoring"] - STAGES["fitting"]
        percent = STAGES["fitting"] + span * min(1.0, share)
        self._write(
            fitting=model,
            models=models,
            best_model=best,
            percent=max(self._state["percent"], round(percent)),
            seconds_left=round(max(0.0, seconds_left), 1),
        )

    def _write(self, **changes: Any) -> None:
        self._state |= {**changes, "seconds": round(time.monotonic() - self._start, 1)}
        written = self._path.with_name(".progress.json.new")
        written.write_text(json.dumps(self._state, ensure_ascii=False), encoding="utf-8")
        written.replace(self._path)


class FitWatcher(AbstractCallback):  # type: ignore[misc]
    """Called by AutoGluon around each model."""

    def __init__(self, progress: Progress, seconds: float) -> None:
        super().__init__()
        self._progress = progress
        self._seconds = seconds
        self._start = time.monotonic()

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
