"""Write progress.json: the job's stage, percent and best model so far."""

import json
import threading
import time
from collections.abc import Mapping
from typing import Any

from contract.layout import PROGRESS
from job_spec import Folders
from restart import earlier_runs

BEAT_SECONDS = 10
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
    """Replaces progress.json whenever something has changed, and every few seconds.

    A run that is cut off cannot say so; the next one sees here how long it ran.
    """

    def __init__(self, folders: Folders, stages: Mapping[str, int] = STAGES) -> None:
        self._stages = stages
        self._folders = folders
        self._start = time.monotonic()
        self.earlier = earlier_runs(folders.results)
        self._state: dict[str, Any] = {
            "stage": "reading",
            "percent": 0,
            "seconds": 0.0,
            "seconds_left": None,
            "fitting": None,
            "models": 0,
            "best_model": None,
            "interruptions": self.earlier.count,
            "seconds_before": round(self.earlier.seconds, 1),
        }
        self._lock, self._over = threading.Lock(), threading.Event()
        self._beats = threading.Thread(target=self._beat, daemon=True)
        self._beats.start()

    def enter(self, stage: str) -> None:
        """Begin one of the stages; after the last one nothing is written any more."""
        if stage == "done":
            self._over.set()
            self._beats.join()
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

    def learning(self, share: float, seconds_left: float, what: str) -> None:
        """Report how far a translator has come; `share` of the time is used up, 0 to 1."""
        span = self._stages["exporting"] - self._stages["learning"]
        self._write(
            fitting=what,
            percent=round(self._stages["learning"] + span * min(1.0, share)),
            seconds_left=round(max(0.0, seconds_left), 1),
        )

    def _beat(self) -> None:
        while not self._over.wait(BEAT_SECONDS):
            self._write()

    def _write(self, **changes: Any) -> None:
        with self._lock:
            self._state |= {**changes, "seconds": round(time.monotonic() - self._start, 1)}
            state = json.dumps(self._state, ensure_ascii=False)
            (self._folders.unfinished / PROGRESS).write_text(state, encoding="utf-8")
            self._folders.show(PROGRESS)
