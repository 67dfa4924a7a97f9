"""What kind of problem the target poses, and by which metric its models are judged."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from contract.messages import message
from contract.missing import is_missing
from failure import TrainingError
from job_spec import JobSpec
from model_code.column_decisions import DEFAULT, Context
from model_code.number_style import measure_style, number_style, with_bare
from model_code.numbers import numbers_of
from reading.names import composed, key_of, unique_keys
from reading.numbers import PLAIN_NUMBERS, NumberStyle, parse_number, style_from_json
from reading.truth import are_truths, truth

# AutoGluon takes 59 prices in 1,000 rows for 59 classes; people count classes on their fingers.
MOST_INTEGER_CLASSES = 20
MOST_CLASSES = 1000
DEFAULT_METRICS = {
    "binary": "roc_auc",
    "multiclass": "accuracy",
    "regression": "root_mean_squared_error",
    "quantile": "pinball_loss",
}
# How a class is compared as a number: 10% is 0.1.
CLASS_NUMBERS = NumberStyle(points=True)
QUANTILES = [0.1, 0.5, 0.9]
PLUS, MINUS = "+", "-"


@dataclass(frozen=True)
class Problem:
    """Kind, metric and positive class; class labels are texts."""

    type: str
    metric: str
    """The display name of the metric, by AutoGluon's name."""
    fit_metric: str
    """What models are stopped and chosen by."""
    positive_class: str | None = None
    style: NumberStyle = PLAIN_NUMBERS
    """How the target is written, where it is a number."""
    marks: tuple[str, ...] = ("",)
    """What counts as a missing target, in small letters."""
    classes: tuple[str, ...] = ()
    """The labels, as they are written in train; none for numbers."""

    @property
    def has_classes(self) -> bool:
        return self.type in ("binary", "multiclass")

    @property
    def proper_loss(self) -> str:
        """What only the true chances, or the true means, make least."""
        return "log_loss" if self.has_classes else DEFAULT_METRICS[self.type]


def decide_problem(target: "pd.Series[str]", spec: JobSpec, context: Context = DEFAULT) -> Problem:
    """Detect the problem from all target values; raises TrainingError if it is not learnable."""
    marks = marks_of(target, context, spec)
    present = target[~missing(target, marks)]
    style = _style(present, context.decimal)
    labels = class_labels(present, spec.merge_classes)
    distinct = labels.nunique()
    if distinct < 2:
        if not distinct:
            raise TrainingError(message("target.no_value", column=spec.target))
        raise TrainingError(
            message("target.one_class", column=spec.target, value=str(labels.iloc[0]))
        )
    own = style and style.in_file(context.points)
    kind = spec.problem_type or guessed_type(labels, own)
    _require_fitting_type(kind, labels, own, spec)
    metric = spec.eval_metric or DEFAULT_METRICS[kind]
    # Accuracy ties: it stops boosting too soon, and mixes models by what single rows say.
    fit_metric = "log_loss" if kind == "multiclass" and not spec.eval_metric else metric
    positive = _positive_class(labels, spec) if kind == "binary" else None
    classes = tuple(sorted(labels.unique())) if kind in ("binary", "multiclass") else ()
    return Problem(
        kind, metric, fit_metric, positive, style or PLAIN_NUMBERS, marks=marks, classes=classes
    )


def problem_of_model(performance: Mapping[str, Any], target: "pd.Series[str]") -> Problem:
    """The problem that a model was trained for.

    Models of the first release do not tell how their target is written; these rows do.
    """
    reading = performance.get("target_reading")
    if reading:
        style = style_from_json({name: reading[name] for name in reading.keys() - {"marks"}})
        marks = tuple(reading["marks"])
    else:
        marks = DEFAULT.always
        style = _style(target[~missing(target, marks)], ".") or PLAIN_NUMBERS
    return Problem(
        performance["problem_type"],
        performance["metric"],
        performance["metric"],
        performance["positive_class"],
        style,
        marks,
        tuple(performance["classes"] or ()),
    )


def reading_of(problem: Problem) -> dict[str, Any]:
    """What `problem_of_model` needs of how the target is written."""
    return {**asdict(problem.style), "marks": list(problem.marks)}


def typed_target(target: "pd.Series[str]", problem: Problem, points: bool = False) -> pd.Series:
    """Return class labels as train has them, or numbers; shape (n_rows,), missing where empty.

    A class that train never has stays as it is written. `points` tells that `.` marks decimals in
    this file, whatever train writes.
    """
    present = target[~missing(target, problem.marks, problem.style)]
    if not problem.has_classes:
        return numbers_of(present, problem.style.in_file(points)).reindex(target.index)
    labels: pd.Series = matched_labels(present, problem.classes).reindex(target.index)
    return labels


def matched_labels(target: "pd.Series[str]", classes: Sequence[str]) -> "pd.Series[str]":
    """The class that each text is a spelling of: `1`, `True` and `yes` where train has `Yes`."""
    keys = unique_keys(classes)
    by_truth: dict[bool | None, str] = {}
    if len(classes) == 2 and are_truths(classes):
        by_truth = {truth(label): label for label in classes}
    known = set(classes)
    by_number = _by_number(classes)
    # Adult's test file writes `>50K.` where train has `>50K`.
    unended = unique_keys(label.rstrip(".") for label in classes)
    by_key = {key_of(label.rstrip(".")): label for label in classes}

    def label(text: str) -> str:
        plain = composed(text.strip())
        if plain in known:
            return plain
        key = key_of(plain.rstrip("."))
        return (
            keys.get(key_of(plain))
            or by_truth.get(truth(plain))
            or by_number.get(parse_number(plain, CLASS_NUMBERS))
            or (by_key[key] if key in unended else plain)
        )

    found: pd.Series = target.map({text: label(text) for text in target.unique()})
    return found


def _by_number(classes: Sequence[str]) -> dict[float, str]:
    """Number → class, where all classes are numbers and no two are the same: 01 is 1."""
    numbers = {parse_number(label, CLASS_NUMBERS): label for label in classes}
    return numbers if len(numbers) == len(classes) and not any(map(np.isnan, numbers)) else {}


def marks_of(target: "pd.Series[str]", context: Context, spec: JobSpec) -> tuple[str, ...]:
    """What counts as a missing target: words such as `None` only where the rest are numbers."""
    both = (*context.always, *context.perhaps)
    if spec.problem_type in ("regression", "quantile"):
        return both
    rest = target[~missing(target, both)]
    return both if len(rest) and _style(rest, context.decimal) else context.always


def missing(
    text: "pd.Series[str]",
    marks: tuple[str, ...] = DEFAULT.always,
    style: NumberStyle = PLAIN_NUMBERS,
) -> "pd.Series[bool]":
    """Which cells hold no value; where -999 marks that, so does -999.0."""
    numbers = {number for mark in marks if not np.isnan(number := parse_number(mark, style))}
    return text.isin(
        [
            value
            for value in text.unique()
            if is_missing(value, marks) or (numbers and parse_number(value, style) in numbers)
        ]
    )


def guessed_type(labels: "pd.Series[str]", style: NumberStyle | None = None) -> str:
    """binary, multiclass or regression, from the values that are there."""
    values = pd.Series(labels.unique(), dtype=object)
    distinct = len(values)
    if distinct == 2:
        return "binary"
    if style is None:
        return "multiclass"
    numbers = numbers_of(values, style).dropna()
    whole = bool((numbers == numbers.round()).all())
    return "multiclass" if whole and distinct <= MOST_INTEGER_CLASSES else "regression"


def class_labels(target: "pd.Series[str]", merge: bool = False) -> "pd.Series[str]":
    """Texts as they are written, without outer spaces; `1.0` and `1` are one label.

    `merge` makes one label of labels that differ only in case or spaces. The most frequent
    spelling stands for all.
    """
    # A million rows have few labels.
    counts = target.value_counts()
    plain = {text: composed(text.strip()) for text in counts.index}
    key = key_of if merge else number_key
    totals = counts.groupby(plain).sum().sort_values(ascending=False, kind="stable")
    spoken: dict[str, str] = {}
    for label in totals.index:
        spoken.setdefault(key(label), label)
    labels: pd.Series = target.map({text: spoken[key(label)] for text, label in plain.items()})
    return labels


def number_key(label: str) -> str:
    return re.sub(r"^([+-]?\d+)\.0+$", r"\1", label)


def _style(labels: "pd.Series[str]", decimal: str) -> NumberStyle | None:
    """How they are written as numbers; None when they are none."""
    counts = dict(labels.value_counts().head(3000))
    style = number_style(counts, decimal) or measure_style(counts, decimal)
    return style and with_bare(style, counts)


def _require_fitting_type(
    kind: str, labels: "pd.Series[str]", style: NumberStyle | None, spec: JobSpec
) -> None:
    values = pd.Series(labels.unique(), dtype=object)
    distinct, numbers = len(values), numbers_of(values, style or PLAIN_NUMBERS)
    if kind in ("regression", "quantile") and style is None:
        text = values[numbers.isna()].iloc[0]
        raise TrainingError(
            message("target.not_number", column=spec.target, value=str(text), problem=kind)
        )
    if kind == "binary" and distinct != 2:
        raise TrainingError(message("target.not_binary", column=spec.target, number=distinct))
    if kind == "multiclass" and (distinct > MOST_CLASSES or distinct > len(labels) / 2):
        raise TrainingError(
            message(
                "target.too_many_classes", column=spec.target, number=distinct, rows=len(labels)
            )
        )


def _positive_class(labels: "pd.Series[str]", spec: JobSpec) -> str:
    classes = sorted(labels.unique())
    if spec.positive_class is None:
        # AutoGluon's own choice, but for words and numbers: true, however it is spelled, and +1.
        true = [label for label in classes if truth(label)]
        if len(true) == 1 and are_truths(classes):
            return str(true[0])
        numbers = _by_number(classes)
        if numbers:
            return numbers[max(numbers)]
        return PLUS if set(classes) == {PLUS, MINUS} else str(classes[-1])
    chosen = matched_labels(pd.Series([spec.positive_class]), classes).iloc[0]
    if chosen not in classes:
        raise TrainingError(
            message(
                "target.no_positive_class",
                value=spec.positive_class,
                column=spec.target,
                classes=tuple(map(str, classes)),
            )
        )
    return str(chosen)
