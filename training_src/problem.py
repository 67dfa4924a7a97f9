"""What kind of problem the target poses, and by which metric its models are judged."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from failure import TrainingError
from job_spec import JobSpec
from model_code.numbers import PLAIN_NUMBERS, NumberStyle, number_style, numbers_of
from model_code.tables import MISSING

# AutoGluon takes 59 prices in 1,000 rows for 59 classes; people count classes on their fingers.
MOST_INTEGER_CLASSES = 20
MOST_CLASSES = 1000
ROWS_WITHOUT_TIES = 2000
DEFAULT_METRICS = {
    "binary": "roc_auc",
    "multiclass": "accuracy",
    "regression": "root_mean_squared_error",
    "quantile": "pinball_loss",
}
QUANTILES = [0.1, 0.5, 0.9]


@dataclass(frozen=True)
class Problem:
    """Kind, metric and positive class; class labels are texts."""

    type: str
    metric: str
    """What people are told, by AutoGluon's name."""
    fit_metric: str
    """What models are stopped and chosen by."""
    positive_class: str | None = None
    style: NumberStyle = PLAIN_NUMBERS
    """How the target is written, where it is a number."""

    @property
    def has_classes(self) -> bool:
        return self.type in ("binary", "multiclass")


def decide_problem(
    target: "pd.Series[str]", spec: JobSpec, decimal_commas: bool = False
) -> Problem:
    """From all values of the target in train; raises TrainingError when nothing can be learnt."""
    present = target[~missing(target)]
    style = _style(present, decimal_commas)
    labels = class_labels(present)
    distinct = labels.nunique()
    if distinct < 2:
        what = f"is {labels.iloc[0]!r} in every row" if distinct else "has no value in any row"
        raise TrainingError(f"The target {spec.target!r} {what}, so there is nothing to learn.")
    kind = spec.problem_type or guessed_type(labels, style)
    _require_fitting_type(kind, labels, style, spec)
    metric = spec.eval_metric or DEFAULT_METRICS[kind]
    # Accuracy on few rows ties, and stops boosting after a few rounds.
    ties = kind == "multiclass" and len(labels) < ROWS_WITHOUT_TIES
    fit_metric = "log_loss" if ties and not spec.eval_metric else metric
    positive = _positive_class(labels, spec) if kind == "binary" else None
    return Problem(kind, metric, fit_metric, positive, style or PLAIN_NUMBERS)


def problem_of_model(performance: Mapping[str, Any], target: "pd.Series[str]") -> Problem:
    """The problem that a model was trained for; how the target is written is seen in these rows."""
    style = _style(target[~missing(target)], decimal_commas=False)
    return Problem(
        performance["problem_type"],
        performance["metric"],
        performance["metric"],
        performance["positive_class"],
        style or PLAIN_NUMBERS,
    )


def typed_target(target: "pd.Series[str]", problem: Problem) -> pd.Series:
    """Class labels as texts, or numbers; missing where there is no value."""
    if not problem.has_classes:
        return numbers_of(target.where(~missing(target), ""), problem.style)
    labels: pd.Series = class_labels(target[~missing(target)]).reindex(target.index)
    return labels


def missing(text: "pd.Series[str]") -> "pd.Series[bool]":
    """Which cells hold no value."""
    return text.isin([value for value in text.unique() if value.strip().lower() in MISSING])


def guessed_type(labels: "pd.Series[str]", style: NumberStyle | None = None) -> str:
    """binary, multiclass or regression, from the values that are there."""
    values = pd.Series(labels.unique(), dtype=object)
    distinct = len(values)
    if distinct == 2:
        return "binary"
    numbers = numbers_of(values, style or PLAIN_NUMBERS)
    if numbers.isna().any():
        return "multiclass"
    whole = bool((numbers == numbers.round()).all())
    return "multiclass" if whole and distinct <= MOST_INTEGER_CLASSES else "regression"


def class_labels(target: "pd.Series[str]") -> "pd.Series[str]":
    """Texts without outer spaces; `1.0` and `1` are one label where all are whole numbers."""
    # A million rows have few labels.
    distinct = pd.Series(target.unique(), dtype=object)
    labels: pd.Series = target.map(dict(zip(distinct, _labels(distinct), strict=True)))
    return labels


def _labels(distinct: "pd.Series[str]") -> "pd.Series[str]":
    stripped = distinct.str.strip()
    numbers = pd.to_numeric(stripped, errors="coerce")
    if len(numbers) and bool((numbers == numbers.round()).all()) and numbers.abs().max() < 2**53:
        return numbers.astype("int64").astype(str)
    return stripped


def _style(labels: "pd.Series[str]", decimal_commas: bool) -> NumberStyle | None:
    """How they are written as numbers; None when they are none."""
    return number_style(dict(labels.value_counts().head(3000)), decimal_commas)


def _require_fitting_type(
    kind: str, labels: "pd.Series[str]", style: NumberStyle | None, spec: JobSpec
) -> None:
    values = pd.Series(labels.unique(), dtype=object)
    distinct, numbers = len(values), numbers_of(values, style or PLAIN_NUMBERS)
    if kind in ("regression", "quantile") and numbers.isna().any():
        text = values[numbers.isna()].iloc[0]
        raise TrainingError(
            f"The target {spec.target!r} holds {text!r}, which is no number, so it cannot be "
            f"learnt as {kind}."
        )
    if kind == "binary" and distinct != 2:
        raise TrainingError(
            f"The target {spec.target!r} has {distinct} different values, so its problem_type "
            "cannot be binary."
        )
    if kind == "multiclass" and (distinct > MOST_CLASSES or distinct > len(labels) / 2):
        raise TrainingError(
            f"The target {spec.target!r} has {distinct} different values in {len(labels)} rows, "
            "too many to learn each; name another target in the settings file."
        )


def _positive_class(labels: "pd.Series[str]", spec: JobSpec) -> str:
    classes = sorted(labels.unique())
    if spec.positive_class is None:
        # AutoGluon's own choice.
        return str(classes[-1])
    if spec.positive_class not in classes:
        raise TrainingError(
            f"The positive_class {spec.positive_class!r} is no value of the target "
            f"{spec.target!r}, which has {' and '.join(map(repr, classes))}."
        )
    return spec.positive_class
