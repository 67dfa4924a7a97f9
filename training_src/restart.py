"""A spare machine was taken away: SageMaker starts the same job again on another one.

What is left of the run before is progress.json: SageMaker restores the folder that it copies live.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from contract.layout import PROGRESS
from model_code.notes import Note, note

# Same factor as in the stack's budget: fitting takes up to so many times its limit.
FIT_OVERRUN = 1.5
# Less would most likely end without a model, and everything before would be lost.
SHARE_AT_LEAST, SECONDS_AT_LEAST = 1 / 3, 5.0


@dataclass(frozen=True)
class EarlierRuns:
    """How often this job was cut off before, and for how long it ran until then."""

    count: int = 0
    seconds: float = 0.0

    def leave(self, training_seconds: float) -> float:
        """How long this run may fit, so that all runs together stay within the budget.

        At least a third; but where an earlier run was cut off after its fit, no more than leaves
        time for the rest before MaxRuntimeInSeconds, which counts all runs.
        """
        if not self.count:
            return training_seconds
        unused = training_seconds - self.seconds
        most = training_seconds - self.seconds / FIT_OVERRUN
        wanted = max(unused, training_seconds * SHARE_AT_LEAST)
        return max(SECONDS_AT_LEAST, min(wanted, most))

    def notes(self, training_seconds: float) -> list[Note]:
        if not self.count:
            return []
        values = {
            "used": self.seconds,
            "left": self.leave(training_seconds),
            "all": training_seconds,
        }
        minutes = {name: f"{seconds / 60:.1f}" for name, seconds in values.items()}
        return [note("started_again", **minutes)]


def earlier_runs(folder: Path) -> EarlierRuns:
    """From the progress.json of the run before; without one that can be read, this is the first."""
    try:
        values = json.loads((folder / PROGRESS).read_text(encoding="utf-8"))
        seconds = float(values["seconds"]) + float(values.get("seconds_before", 0))
        return EarlierRuns(int(values.get("interruptions", 0)) + 1, seconds)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return EarlierRuns()
