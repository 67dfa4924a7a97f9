"""What a training job has found: the report and the files beside it are made of this."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pandas as pd

from effects import Effect
from fit import Fitted
from job_spec import JobSpec
from learning_curve import LearningCurve
from metrics import Predictions
from model_code.notes import Note
from notable_rows import NotableRow
from prepare import Prepared
from report.tables import Tables
from slices import Slice
from verdict import ClassCounts, Known, Verdict, judge
from what_if.make import WhatIf


@dataclass
class Findings:
    """What the job has found so far; whatever is lacking is left out of the report."""

    spec: JobSpec
    prepared: Prepared
    fitted: Fitted
    performance: dict[str, Any]
    leaderboard: pd.DataFrame
    predictions: Predictions
    own_notes: list[Note] = field(default_factory=list)
    importance: pd.DataFrame | None = None
    strength: float = 0.0
    """What the most important column reaches alone."""
    effects: list[Effect] = field(default_factory=list)
    slices: list[Slice] = field(default_factory=list)
    learning: LearningCurve | None = None
    notable: list[NotableRow] = field(default_factory=list)
    examples: pd.DataFrame | None = None
    """The first rows of the predictions file: prediction and reasons."""
    what_if: WhatIf | None = None
    """The form that answers rows, or why there is none; None where it is not wanted."""
    seconds: Mapping[str, float] = field(default_factory=dict)
    passport: Mapping[str, Any] = field(default_factory=dict)
    classes: tuple[ClassCounts, ...] = ()
    """How often each class is true and is predicted; none for numbers."""

    @cached_property
    def tables(self) -> Tables:
        """What both reports say of the scored rows."""
        return Tables(self.predictions)

    @property
    def verdict(self) -> Verdict:
        """Whether to use the model, from what is known so far."""
        known = Known(
            self.performance, self.classes, self.fitted.training, self.importance, self.strength
        )
        return judge(known, self.notes)

    @property
    def in_order(self) -> list[Note]:
        """What speaks against the model, the gravest first, then all other notes."""
        against = self.verdict.findings
        return [*against, *(one for one in self.notes if one not in against)]

    @property
    def notes(self) -> list[Note]:
        """On the data, then on what was made of it."""
        return [*self.prepared.notes, *self.own_notes]
