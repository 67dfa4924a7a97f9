"""What kind of problem the target poses, and by which metric its models are judged."""

from dataclasses import dataclass

import pandas as pd

from failure import TrainingError
from job_spec import JobSpec
from tables import as_numbers, missing

# AutoGluon takes 59 prices in 1,000 rows for 59 classes; people count classes on their fingers.
MOST_INTEGER_CLASSES = 20
MOST_CLASSES = 1000
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

    @property
    def has_classes(self) -> bool:
        return self.type in ("binary", "multiclass")


def decide_problem(target: "pd.Series[str]", spec: JobSpec) -> Problem:
    """From all values of the target in train; raises TrainingError when nothing can be learnt."""
    labels = class_labels(target[~missing(target)])
    distinct = labels.nunique()
    if distinct < 2:
        what = f"is {labels.iloc[0]!r} in every row" if distinct else "has no value in any row"
        raise TrainingError(f"The target {spec.target!r} {what}, so there is nothing to learn.")
    kind = spec.problem_type or guessed_type(labels)
    _require_fitting_type(kind, labels, spec)
    metric = spec.eval_metric or DEFAULT_METRICS[kind]
    # Accuracy on a small validation set ties, and stops boosting after a few rounds.
    fit_metric = "log_loss" if kind == "multiclass" and not spec.eval_metric else metric
    positive = _positive_class(labels, spec) if kind == "binary" else None
    return Problem(kind, metric, fit_metric, positive)


def guessed_type(labels: "pd.Series[str]") -> str:
    """binary, multiclass or regression, from the values that are there."""
    distinct = labels.nunique()
    if distinct == 2:
        return "binary"
    numbers = as_numbers(labels)
    if numbers.isna().any():
        return "multiclass"
    whole = bool((numbers == numbers.round()).all())
    return "multiclass" if whole and distinct <= MOST_INTEGER_CLASSES else "regression"


def class_labels(target: "pd.Series[str]") -> "pd.Series[str]":
    """Texts without outer spaces; `1.0` and `1` are one label where all are whole numbers."""
    stripped = target.str.strip()
    numbers = pd.to_numeric(stripped, errors="coerce")
    if len(numbers) and bool((numbers == numbers.round()).all()) and numbers.abs().max() < 2**53:
        return numbers.astype("int64").astype(str)
    return stripped


def _require_fitting_type(kind: str, labels: "pd.Series[str]", spec: JobSpec) -> None:
    distinct = labels.nunique()
    if kind in ("regression", "quantile") and as_numbers(labels).isna().any():
        text = labels[as_numbers(labels).isna()].iloc[0]
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
