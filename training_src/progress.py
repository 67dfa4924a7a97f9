"""progress.json: where the job is, for whoever watches."""

import json
import shutil
import time
from collections.abc import Mapping
from typing import Any

from job_spec import Folders

# Stage → percent done when it begins. Fitting and learning get the lion's share.
STAGES = {
    "reading": 0,
    "fitting": 5,
    "scoring": 65,
    "refitting": 70,
    "packing": 78,
    "predicting": 80,
    "explaining": 88,
    "reporting": 95,
    "done": 100,
}
TRANSLATOR_STAGES = {
    "reading": 0,
    "finding subwords": 2,
    "learning": 6,
    "exporting": 90,
    "scoring": 92,
    "reporting": 97,
    "packing": 98,
    "done": 100,
}

PREDICTION_STAGES = {"reading": 0, "predicting": 5, "scoring": 80, "done": 100}


class Progress:
    """Replaces progress.json whenever something has changed."""

    def __init__(self, folders: Folders, stages: Mapping[str, int] = STAGES) -> None:
        self._stages = stages
        self._path = folders.results / "progress.json"
        self._unfinished = folders.unfinished / "progress.json"
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
        """Begin one of the stages."""
        self._write(stage=stage, percent=self._stages[stage], fitting=None, seconds_left=None)

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

    def learning(self, share: float, seconds_left: float, told: str) -> None:
        """Tell how far a translator has come; `share` of the time is used up, 0 to 1."""
        span = self._stages["exporting"] - self._stages["learning"]
        self._write(
            fitting=told,
            percent=round(self._stages["learning"] + span * min(1.0, share)),
            seconds_left=round(max(0.0, seconds_left), 1),
        )

    def _write(self, **changes: Any) -> None:
        self._state |= {**changes, "seconds": round(time.monotonic() - self._start, 1)}
        self._unfinished.write_text(json.dumps(self._state, ensure_ascii=False), encoding="utf-8")
        shutil.move(self._unfinished, self._path)
