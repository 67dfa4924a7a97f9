"""Whether to use a model: what the job has found, weighed by the rules below.

A rule is a function of what the job knows, and its finding a note; each code has its severity here,
the notes on the data too. docs/results.md lists the rules.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any, Literal

import pandas as pd

from contract.messages import message_from_json, message_to_json
from metrics import ALIKE, WORSE
from model_code.notes import WARNINGS, Note, note
from model_code.plain_models import PLAIN_NAMES

# Why no more models are tried.
NO_TIME, NO_HELP, ENOUGH = "time", "no_help", "enough"
Color = Literal["red", "yellow", "green"]
Severity = Literal["red", "yellow"]
RED: Severity = "red"
YELLOW: Severity = "yellow"
GREEN: Color = "green"
COLORS: tuple[Severity, ...] = (RED, YELLOW)

# A class is as good as never predicted below this part of its share of the rows ...
ALMOST_NEVER = 0.1
# ... if by its share it has so many rows. Of many classes, so large a share matters most.
FEWEST_OF_A_CLASS, LARGE_SHARE = 20, 0.05
# A model that time stopped after so few rounds has learned next to nothing.
HANDFUL_OF_ROUNDS = 10
# Each kind of model has its share of the time, and after so many rounds has learned nearly all.
ENOUGH_ROUNDS = 200
TOO_GOOD_AUC, TOO_GOOD_R2 = 0.99, 0.98
# Of the importance of all columns, where there are at least so many; and the Matthews correlation,
# or R², that it reaches alone. Of honest columns that work together, one may have the share.
DOMINANT_SHARE, FEWEST_TO_DOMINATE, DOMINANT_ALONE = 0.8, 3, 0.6
FEW_ROWS, FEW_SCORED_ROWS, FEW_SCORED_GROUPS = 200, 50, 20

SEVERITIES: Mapping[str, Severity] = {
    f"{WARNINGS}{code}": severity
    for severity, codes in (
        (
            RED,
            (
                *("leak", "leak_tested", "never_predicted", "never_in_file", "starved"),
                *("worse_than_linear", "no_better_than_guessing"),
            ),
        ),
        (
            YELLOW,
            (
                *("rarely_predicted", "cut_short", "too_good", "dominant_column", "few_rows"),
                *("few_groups", "late_classes", "groups_mixed", "times_mixed"),
                *("no_metric", "drift", "other_missing_share", "challenger_worse"),
            ),
        ),
    )
    for code in codes
}


@dataclass(frozen=True)
class ClassCounts:
    """How often a class is true and is predicted."""

    name: str
    train_rows: int
    rows: int
    """Of the scored rows, how many are of the class."""
    predicted: int
    """Of the scored rows, how many are called so."""
    right: int
    """Of these, how many are."""
    file_rows: int | None = None
    """Of the predictions file, how many are called so; None without such a file."""


@dataclass(frozen=True)
class TrainingTime:
    """Which models were planned, and what became of them."""

    planned: tuple[str, ...] = ()
    finished: tuple[str, ...] = ()
    """Of the planned ones, the ones that time stopped too."""
    stopped: Mapping[str, int] = field(default_factory=dict)
    """Model → the most rounds that it got through before time ran out."""
    tried: int = 0
    """How many more were tried in the minutes left."""
    joined: tuple[str, ...] = ()
    """Of these, the ones that made the model clearly better."""
    ended: str = ""
    """Why no more were tried; empty where none was."""


@dataclass(frozen=True)
class Known:
    """What the rules look at."""

    performance: Mapping[str, Any]
    classes: Sequence[ClassCounts] = ()
    training: TrainingTime = field(default_factory=TrainingTime)
    importance: pd.DataFrame | None = None
    """Columns feature and importance, the most important first."""
    strength: float = 0.0
    """What the most important column reaches alone, by `leaks.strength`."""


@dataclass(frozen=True)
class Verdict:
    """The findings that speak against a model, the gravest first."""

    findings: tuple[Note, ...]

    @property
    def color(self) -> Color:
        return SEVERITIES[self.findings[0].code] if self.findings else GREEN

    def to_json(self) -> dict[str, object]:
        """Color and findings, each with code, values, and severity."""
        return {
            "color": self.color,
            "findings": [
                {**message_to_json(one), "severity": SEVERITIES[one.code]} for one in self.findings
            ],
        }


def judge(known: Known, notes: Sequence[Note]) -> Verdict:
    """Return what the rules find, with those of the notes that have a severity."""
    found = [*notes, *(one for rule in RULES for one in rule(known))]
    grave = [one for one in found if one.code in SEVERITIES]
    return Verdict(tuple(sorted(grave, key=lambda one: COLORS.index(SEVERITIES[one.code]))))


def verdict_from_json(content: Mapping[str, Any] | None) -> Verdict | None:
    """Read what `to_json` wrote; None where there is nothing, or another release wrote it."""
    found = [] if content is None else list(map(message_from_json, content["findings"]))
    if content is None or any(one.code not in SEVERITIES for one in found):
        return None
    return Verdict(tuple(found))


def count_classes(
    train: pd.Series, target: pd.Series, predicted: pd.Series, written: pd.Series | None
) -> tuple[ClassCounts, ...]:
    """Count every class of train; `written` is the prediction column of the predictions file."""
    target, predicted = target.astype(str), predicted.astype(str)
    hits = target[target.to_numpy() == predicted.to_numpy()]
    of_train = train.astype(str).value_counts()
    rows, called, right = (one.value_counts() for one in (target, predicted, hits))
    in_file = None if written is None else written.astype(str).value_counts()
    return tuple(
        ClassCounts(
            name,
            int(of_train[name]),
            int(rows.get(name, 0)),
            int(called.get(name, 0)),
            int(right.get(name, 0)),
            None if in_file is None else int(in_file.get(name, 0)),
        )
        for name in sorted(of_train.index)
    )


def _never_predicted(known: Known) -> Iterator[Note]:
    """Look at the scored rows, then at the file, which may come from another fit of the model."""
    classes = known.classes
    every = sum(one.rows for one in classes)
    missed = [
        one
        for one in classes
        if one.rows >= FEWEST_OF_A_CLASS and one.predicted < ALMOST_NEVER * one.rows
    ]
    for one in missed:
        large = len(classes) == 2 or one.rows >= LARGE_SHARE * every
        yield note(
            "never_predicted" if large else "rarely_predicted",
            name=one.name,
            rows=one.rows,
            all=every,
            predicted=one.predicted,
            right=one.right,
        )
    in_train = sum(one.train_rows for one in classes)
    in_file = sum(one.file_rows or 0 for one in classes)
    for one in classes:
        if one.file_rows is None or one in missed:
            continue
        share = one.train_rows / in_train
        expected = share * in_file
        if expected < FEWEST_OF_A_CLASS or one.file_rows >= ALMOST_NEVER * expected:
            continue
        if len(classes) == 2 or share >= LARGE_SHARE:
            yield note(
                "never_in_file",
                name=one.name,
                rows=in_file,
                predicted=one.file_rows,
                percent=_percent(share),
            )


def _cut_short(known: Known) -> Iterator[Note]:
    training = known.training
    finished, planned, stopped = training.finished, training.planned, training.stopped
    # What has no rounds is always there.
    boosted = [name for name in finished if name not in PLAIN_NAMES]
    if finished and all(stopped.get(name, inf) <= HANDFUL_OF_ROUNDS for name in boosted):
        code = "starved"
    elif min(stopped.values(), default=inf) < ENOUGH_ROUNDS or len(finished) < len(planned):
        code = "cut_short"
    else:
        return
    yield note(
        code,
        trained=len(finished),
        planned=len(planned),
        models=tuple(
            note("stopped_after", model=name, count=stopped[name]) if name in stopped else name
            for name in finished
        ),
    )


def _worse_than_linear(known: Known) -> Iterator[Note]:
    if known.performance.get("against_linear") == WORSE:
        yield note(
            "worse_than_linear",
            metric=known.performance["metric"],
            score=known.performance["score"],
            linear=known.performance["linear_score"],
        )


def _no_better_than_guessing(known: Known) -> Iterator[Note]:
    performance = known.performance
    if performance.get("against_guessing") in (WORSE, ALIKE):
        yield note(
            "no_better_than_guessing",
            metric=performance["metric"],
            score=performance["score"],
            naive=performance["naive_score"],
        )


def _too_good(known: Known) -> Iterator[Note]:
    scores, kind = known.performance["all_metrics"], known.performance["problem_type"]
    limits = {"binary": ("roc_auc", TOO_GOOD_AUC), "regression": ("r2", TOO_GOOD_R2)}
    metric, limit = limits.get(kind, ("", 0.0))
    if scores.get(metric, limit) > limit:
        yield note("too_good", metric=metric, score=scores[metric], limit=limit)


def _dominant_column(known: Known) -> Iterator[Note]:
    table = known.importance
    if table is None or len(table) < FEWEST_TO_DOMINATE:
        return
    helpful = table["importance"].clip(lower=0)
    share = float(helpful.iloc[0] / helpful.sum()) if helpful.sum() > 0 else 0.0
    if share > DOMINANT_SHARE and known.strength > DOMINANT_ALONE:
        yield note("dominant_column", column=str(table["feature"].iloc[0]), percent=_percent(share))


def _few_rows(known: Known) -> Iterator[Note]:
    fit_rows, rows = known.performance["fit_rows"], known.performance["rows"]
    if fit_rows < FEW_ROWS or rows < FEW_SCORED_ROWS:
        yield note("few_rows", fit_rows=fit_rows, rows=rows)


def _few_groups(known: Known) -> Iterator[Note]:
    split = known.performance.get("split") or {}
    if split.get("groups", FEW_SCORED_GROUPS) < FEW_SCORED_GROUPS:
        yield note("few_groups", column=split["group_column"], count=split["groups"])


def _percent(share: float) -> str:
    return f"{100 * share:.3g}"


RULES: tuple[Callable[[Known], Iterator[Note]], ...] = (
    _never_predicted,
    _cut_short,
    _worse_than_linear,
    _no_better_than_guessing,
    _too_good,
    _dominant_column,
    _few_rows,
    _few_groups,
)
